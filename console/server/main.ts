/** The console process. */
import { keepCompiled } from "#keep-compiled.ts";

keepCompiled();
await import("./run.ts");
