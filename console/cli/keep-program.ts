/**
 * Puts the command line together, once for each state of its sources; `kept-program.ts` says why. As a program it does so
 * for the project itself. Without rolldown, as in the container image, nothing is kept: commands run from their sources.
 */
import { execFile } from "node:child_process";
import { mkdir, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, sep } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { Plugin } from "rolldown";
import { COMMAND_LINE, keptProgram, recordOf, versionOf, type Kept, type ProgramPlace } from "./kept-program.ts";

const THIS_FILE = fileURLToPath(import.meta.url);
/** Of those that many small files go into; any other is loaded as it is, once for the program and for whom it calls. */
const PACKAGES = ["commander", "csv-parse", "csv-stringify", "libphonenumber-js", "zod"];
/** A command that began before may still have to load some of its files. */
const KEPT_BEFORE = 5;

/** In a process of its own, which nothing waits for: who starts a server should not carry a bundler along. */
export async function keepCommandLine(): Promise<void> {
  if (keptProgram() !== null) return;
  await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", THIS_FILE]).catch(
    // Where nothing can be kept nothing is lost.
    () => undefined,
  );
}

/** @throws Error where the sources cannot be put together, or nothing be written */
export async function keepProgram(place: ProgramPlace): Promise<void> {
  if (keptProgram(place) !== null) return;
  const { rolldown } = await import("rolldown");
  const startedAt = Date.now();
  // Packages are known by the lock file.
  const paths = new Set([join(place.root, "package-lock.json")]);
  const bundle = await rolldown({
    input: join(place.root, place.entry),
    platform: "node",
    external: (id) => isPackage(id) && !PACKAGES.some((name) => id === name || id.startsWith(`${name}/`)),
    plugins: [knowingWhere(paths)],
    logLevel: "silent",
  });
  const name = `${startedAt}-${process.pid}`;
  const unfinished = join(place.folder, `unfinished-${name}`);
  try {
    await bundle.write({
      ...{ dir: unfinished, format: "esm", keepNames: true },
      ...{ entryFileNames: "[name].mjs", chunkFileNames: "[name]-[hash].mjs" },
    });
    const sources = await versionsOf(place.root, paths, startedAt);
    await rename(unfinished, join(place.folder, name));
    const program = `${name}/${basename(place.entry, ".ts")}.mjs`;
    await keep(place, { root: place.root, program, sources });
  } finally {
    await bundle.close();
    await rm(unfinished, { recursive: true, force: true });
  }
  await forgetEarlier(place);
}

/** Neither `./file.ts`, `/file.ts` nor `#room/file.ts`. */
const isPackage = (id: string): boolean => !/^[./#]/.test(id) && !isAbsolute(id);

/**
 * A file finds what stands beside it from where its source is.
 *
 * @param paths gets every source of ours: the result does not name one of which only a value is left
 */
function knowingWhere(paths: Set<string>): Plugin {
  return {
    name: "knowing where",
    transform(code, id) {
      if (!isAbsolute(id) || id.includes(`${sep}node_modules${sep}`)) return null;
      paths.add(id);
      return code.replaceAll("import.meta.url", JSON.stringify(pathToFileURL(id).href));
    },
  };
}

/** A file that was saved meanwhile may not be what was read of it. */
async function versionsOf(root: string, paths: Set<string>, startedAt: number): Promise<Record<string, string>> {
  const saved = await Promise.all([...paths].map(async (path) => (await stat(path)).mtimeMs));
  if (Math.max(...saved) >= startedAt) throw new Error("A source was saved while it was read.");
  return Object.fromEntries([...paths].map((path) => [relative(root, path), versionOf(path) ?? ""]));
}

async function keep(place: ProgramPlace, kept: Kept): Promise<void> {
  const record = recordOf(place);
  await mkdir(dirname(record), { recursive: true });
  const unfinished = `${record}.${process.pid}`;
  await writeFile(unfinished, JSON.stringify(kept), { mode: 0o600 });
  await rename(unfinished, record);
}

async function forgetEarlier({ folder }: ProgramPlace): Promise<void> {
  const kept = (await readdir(folder)).filter((name) => /^\d+-\d+$/.test(name));
  const earlier = kept.toSorted((a, b) => Number.parseInt(b, 10) - Number.parseInt(a, 10)).slice(KEPT_BEFORE + 1);
  for (const name of earlier) await rm(join(folder, name), { recursive: true, force: true });
}

if (process.argv[1] === THIS_FILE) await keepProgram(COMMAND_LINE);
