/**
 * Bundles the workflow code for the sandbox, once for each state of its sources. As a program (`node workflows/bundle.ts
 * FILE`) it writes the bundle to a file: a worker lets a child process do that, because bundling needs more memory than
 * all of its later work.
 */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundleWorkflowCode } from "@temporalio/worker";
import { z } from "zod";
import { FAILURE_CONVERTER_PATH } from "./data-converter.ts";

export interface WorkflowBundle {
  code: string;
}

/** With each file that it was made from and the hash of that: it is of use as long as these are as they were. */
const keptBundle = z.object({ code: z.string(), sources: z.record(z.string(), z.string()) });
type KeptBundle = z.infer<typeof keptBundle>;

const pathOf = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const THIS_FILE = pathOf("./bundle.ts");
const WORKFLOWS = pathOf("./index.ts");
const LOG_FIELDS = pathOf("./telemetry/workflow-log-fields.ts");
/** How it is bundled, and which packages go into it. */
const BUNDLER = [THIS_FILE, pathOf("../package-lock.json")];
const TRACING = fileURLToPath(import.meta.resolve("@temporalio/interceptors-opentelemetry/lib/workflow-interceptors"));
const keptFileOf = (traced: boolean) =>
  pathOf(`../node_modules/.cache/tributary/workflows${traced ? "-traced" : ""}.json`);

export interface BundleOptions {
  /** With what makes spans of workflows: a megabyte that only somebody who looks at spans should load. */
  traced?: boolean;
  keptFile?: string;
}

/** About two seconds, or some milliseconds while no source has changed since the last time. */
export async function bundleWorkflows({
  traced = false,
  keptFile = keptFileOf(traced),
}: BundleOptions = {}): Promise<WorkflowBundle> {
  const kept = await readKept(keptFile);
  if (kept !== null && (await isCurrent(kept))) return { code: kept.code };
  const folder = await mkdtemp(join(tmpdir(), "tributary-bundle-"));
  try {
    const file = join(folder, "workflows.json");
    await promisify(execFile)(process.execPath, [
      "--disable-warning=ExperimentalWarning",
      THIS_FILE,
      file,
      ...(traced ? ["traced"] : []),
    ]);
    const text = await readFile(file, "utf8");
    await keep(text, keptFile);
    return { code: keptBundle.parse(JSON.parse(text)).code };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function readKept(file: string): Promise<KeptBundle | null> {
  try {
    return keptBundle.parse(JSON.parse(await readFile(file, "utf8")));
  } catch {
    return null; // None yet, or not one of ours: it is made anew.
  }
}

/** A folder copied from elsewhere brings a bundle of other files: the entry has to be ours. */
async function isCurrent({ sources }: KeptBundle): Promise<boolean> {
  if (sources[WORKFLOWS] === undefined) return false;
  const same = Object.entries(sources).map(async ([path, hash]) => (await hashOf(path).catch(() => null)) === hash);
  return (await Promise.all(same)).every(Boolean);
}

async function keep(text: string, keptFile: string): Promise<void> {
  try {
    await mkdir(dirname(keptFile), { recursive: true });
    const unfinished = `${keptFile}.${process.pid}`;
    await writeFile(unfinished, text, { mode: 0o600 });
    await rename(unfinished, keptFile);
  } catch {
    // Where the folder cannot be written nothing is kept, and nothing is lost.
  }
}

async function hashOf(path: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(path))
    .digest("hex");
}

async function makeBundle(traced: boolean): Promise<KeptBundle> {
  const startedAt = Date.now();
  const paths = new Set(BUNDLER);
  const { code } = await bundleWorkflowCode({
    workflowsPath: WORKFLOWS,
    failureConverterPath: FAILURE_CONVERTER_PATH,
    workflowInterceptorModules: traced ? [TRACING, LOG_FIELDS] : [LOG_FIELDS],
    webpackConfigHook: (config) => ({
      ...config,
      plugins: [
        ...(config.plugins ?? []),
        (compiler) =>
          compiler.hooks.done.tap("sources", ({ compilation }) => {
            for (const path of compilation.fileDependencies) if (isSource(path)) paths.add(path);
          }),
      ],
    }),
  });
  const sources = [...paths].map(async (path) => [path, await hashOf(path)] as const);
  const hashes = Object.fromEntries(await Promise.all(sources));
  const saved = await Promise.all([...paths].map(async (path) => (await stat(path)).mtimeMs));
  // A file that was saved meanwhile may not be what was bundled: such a bundle is of use this once.
  return { code, sources: Math.max(...saved) < startedAt ? hashes : {} };
}

/** Packages are known by the lock file. */
const isSource = (path: string) => path.endsWith(".ts") && !path.includes(`${sep}node_modules${sep}`);

const [, program, target, traced] = process.argv;
if (program === THIS_FILE && target !== undefined) {
  await writeFile(target, JSON.stringify(await makeBundle(traced === "traced")), { mode: 0o600 });
}
