import { readFileSync, readdirSync } from "node:fs";
import { Worker } from "@temporalio/worker";
import { DeterminismViolationError } from "@temporalio/workflow";
import { beforeAll, describe, expect, it } from "vitest";
import { readMasterKeys } from "#config.ts";
import { createLogger } from "#logger.ts";
import { bundleWorkflows, type WorkflowBundle } from "#workflows/bundle.ts";
import { dataConverter } from "#workflows/data-converter.ts";
import { quieten } from "#tests/support/loop.ts";
import { REPLAY_KEY } from "./key.ts";

const FOLDER = new URL("./histories/", import.meta.url);
const files = readdirSync(FOLDER);
/** As a worker runs them, without and with what makes spans. */
let bundles: Record<"plain" | "traced", WorkflowBundle>;

beforeAll(async () => {
  quieten(createLogger({ name: "replay", level: "fatal" }));
  bundles = { plain: await bundleWorkflows(), traced: await bundleWorkflows({ traced: true }) };
});

/** A workflow that was begun by the code of the recording has to be ended by the code of today. */
describe("a recorded history", () => {
  it("is there for every workflow that people wait for", () => {
    const types = new Set(files.map((file) => file.replace(/-\d+\.json$/, "")));
    expect(types).toEqual(new Set(["refreshWorkspace", "syncStream", "applyPlan", "undoPlan"]));
  });

  it.each(files)("%s is replayed by today's workflows step by step, traced or not", async (file) => {
    await replay(JSON.parse(read(file)), bundles.plain);
    await replay(JSON.parse(read(file)), bundles.traced);
  });

  it("is refused when a workflow would now do something else", async () => {
    const other = read("refreshWorkspace-1.json").replaceAll('"resolveIdentities"', '"refreshConsents"');
    for (const bundle of Object.values(bundles))
      await expect(replay(JSON.parse(other), bundle)).rejects.toThrow(DeterminismViolationError);
  });
});

const read = (file: string) => readFileSync(new URL(file, FOLDER), "utf8");

async function replay(history: unknown, workflowBundle: WorkflowBundle): Promise<void> {
  const keys = readMasterKeys({ TRIBUTARY_KEY: REPLAY_KEY }, "");
  await Worker.runReplayHistory({ workflowBundle, dataConverter: dataConverter(keys) }, history);
}
