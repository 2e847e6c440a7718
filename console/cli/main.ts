/** The command line: `tributary --help`. */
import { keepCompiled } from "#keep-compiled.ts";

keepCompiled();
await import("./program.ts");
