/**
 * The command line in a dozen files instead of seven hundred: Node takes a quarter of a millisecond for each, half of the
 * time in which a short command is done. `keep-program.ts` puts them together, and here is looked whether what it kept is
 * still what the sources say. Imports nothing but Node's own: whatever is loaded here is loaded by every command.
 */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Where a program is and what is kept of it. */
export interface ProgramPlace {
  /** The project's folder. */
  root: string;
  /** Its first file, relative to that. */
  entry: string;
  /** Beneath `node_modules`, so that packages are found from there. */
  folder: string;
}

const root = fileURLToPath(new URL("../../", import.meta.url));
export const COMMAND_LINE: ProgramPlace = {
  root,
  entry: "console/cli/program.ts",
  folder: join(root, "node_modules", ".cache", "tributary", "command-line"),
};

export interface Kept {
  /** Of the project: what was kept for another folder names files that are not there. */
  root: string;
  /** The file to begin with, relative to `folder`. */
  program: string;
  /** Each file that went into it, relative to `root`, as `versionOf` had it. */
  sources: Record<string, string>;
}

export const recordOf = ({ folder }: ProgramPlace): string => join(folder, "kept.json");

/** The kept program's address; null where there is none, or where a source is no longer the one that went into it. */
export function keptProgram(place: ProgramPlace = COMMAND_LINE): string | null {
  try {
    const kept = JSON.parse(readFileSync(recordOf(place), "utf8")) as Kept;
    const sources = Object.entries(kept.sources);
    if (kept.root !== place.root || kept.sources[place.entry] === undefined) return null;
    if (!sources.every(([path, version]) => versionOf(join(place.root, path)) === version)) return null;
    const program = join(place.folder, kept.program);
    return versionOf(program) !== null ? pathToFileURL(program).href : null;
  } catch {
    return null; // None yet, or not one of ours.
  }
}

/** Changes with every write. The time of the inode as well: a copy can bring an older time of its own. */
export function versionOf(file: string): string | null {
  const { mtimeMs, ctimeMs, size } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return size === undefined ? null : `${mtimeMs} ${ctimeMs} ${size}`;
}
