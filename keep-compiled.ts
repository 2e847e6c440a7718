import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

/**
 * Half of the time in which a process begins goes into compiling what it loads; the second start is spared that. Called
 * before anything else is loaded. Where the folder cannot be written nothing is kept, and nothing is lost.
 */
export function keepCompiled(): void {
  enableCompileCache(fileURLToPath(new URL("node_modules/.cache/tributary", import.meta.url)));
}
