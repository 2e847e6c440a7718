/** The command line: `tributary --help`. */
import { keepCompiled } from "#keep-compiled.ts";
import { keptProgram } from "./kept-program.ts";

keepCompiled();
const kept = keptProgram();
await (kept === null ? import("./program.ts") : import(kept));
