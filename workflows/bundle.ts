/**
 * Bundles the workflow code for the sandbox. As a program (`node workflows/bundle.ts FILE`) it writes the bundle to a
 * file: a worker lets a child process do that, because bundling needs more memory than all of its later work.
 */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { bundleWorkflowCode } from "@temporalio/worker";
import { FAILURE_CONVERTER_PATH } from "./data-converter.ts";

export interface WorkflowBundle {
  code: string;
}

const THIS_FILE = fileURLToPath(import.meta.url);

/** About two seconds. */
export async function bundleWorkflows(): Promise<WorkflowBundle> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-bundle-"));
  try {
    const file = join(folder, "workflows.js");
    await promisify(execFile)(process.execPath, ["--disable-warning=ExperimentalWarning", THIS_FILE, file]);
    return { code: await readFile(file, "utf8") };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const [, program, target] = process.argv;
if (program === THIS_FILE && target !== undefined) {
  const { code } = await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL("./index.ts", import.meta.url)),
    failureConverterPath: FAILURE_CONVERTER_PATH,
  });
  await writeFile(target, code, { mode: 0o600 });
}
