/** The command line: `tributary --help`. */
import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Half of a short command's time goes into compiling what it loads; the second call is spared that. Where the folder
// cannot be written nothing is kept, and nothing is lost.
enableCompileCache(fileURLToPath(new URL("../../node_modules/.cache/tributary", import.meta.url)));
await import("./program.ts");
