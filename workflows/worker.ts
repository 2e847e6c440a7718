/** The worker process. Start as many as you like, on as many machines; Temporal spreads the work. */
import { keepCompiled } from "#keep-compiled.ts";

keepCompiled();
await import("./run-worker.ts");
