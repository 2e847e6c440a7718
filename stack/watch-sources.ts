/** For `npm run dev`: notices when the source of worker or console changes. */
import { watch } from "node:fs";
import { join } from "node:path";

/** What worker and console are made of. The schema, the stack and the twins take a new start. */
const FOLDERS = ["connectors", "console", "profile", "workflows"];
/** An editor writes a file in several steps, and a checkout many files. */
const QUIET_MS = 300;

/**
 * @param onChange called once the changes have settled, with the name of one changed file
 * @param signal ends the watch
 */
export function watchSources(root: string, onChange: (file: string) => void, signal: AbortSignal): void {
  let timer: NodeJS.Timeout | undefined;
  for (const folder of FOLDERS) {
    const watcher = watch(join(root, folder), { recursive: true, signal }, (_event, file) => {
      if (file === null || !/\.(ts|css|js)$/.test(file) || file.endsWith(".test.ts")) return;
      clearTimeout(timer);
      timer = setTimeout(onChange, QUIET_MS, join(folder, file));
    });
    // A folder that vanishes, as in a checkout of another branch, must not end the stack.
    watcher.on("error", () => undefined);
  }
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
}
