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
import { folderOf, recordedVersions, refuseReleased, releasedVersions, SEALS, sealOf } from "./releases.ts";

const files = recordedVersions().flatMap((version) =>
  readdirSync(folderOf(version)).map((file) => ({ version, file, path: `${folderOf(version)}${file}` })),
);
/** As a worker runs them, without and with what makes spans. */
let bundles: Record<"plain" | "traced", WorkflowBundle>;

beforeAll(async () => {
  quieten(createLogger({ name: "replay", level: "fatal" }));
  bundles = { plain: await bundleWorkflows(), traced: await bundleWorkflows({ traced: true }) };
});

/** A workflow that was begun by the code of a release has to be ended by the code of today. */
describe("a recorded history", () => {
  it.each(releasedVersions())("is there for every workflow of release %s that people wait for", (release) => {
    const ofRelease = files.filter(({ version }) => version === release);
    const types = new Set(ofRelease.map(({ file }) => file.replace(/-\d+\.json$/, "")));
    expect(types).toEqual(new Set(["refreshWorkspace", "syncStream", "applyPlan", "undoPlan"]));
  });

  it.each(releasedVersions())("of release %s is what that release recorded", (release) => {
    expect(sealOf(release)).toBe(SEALS[release]);
  });

  it.each(files)("$version/$file is replayed by today's workflows step by step, traced or not", async ({ path }) => {
    const recorded = readFileSync(path, "utf8");
    for (const bundle of Object.values(bundles)) await replay(JSON.parse(recorded), bundle);
  });

  it("is refused when a workflow would now do something else", async () => {
    const recorded = readFileSync(`${folderOf("0.1.0")}refreshWorkspace-1.json`, "utf8");
    const other = recorded.replaceAll('"resolveIdentities"', '"refreshConsents"');
    for (const bundle of Object.values(bundles))
      await expect(replay(JSON.parse(other), bundle)).rejects.toThrow(DeterminismViolationError);
  });
});

describe("recording", () => {
  it("refuses a release that is out, and a version that is none", () => {
    for (const version of releasedVersions()) expect(() => refuseReleased(version)).toThrow("is released");
    for (const version of ["", "next", "../0.1.0"]) expect(() => refuseReleased(version)).toThrow("Which release");
    expect(() => refuseReleased("99.0.0")).not.toThrow();
  });
});

async function replay(history: unknown, workflowBundle: WorkflowBundle): Promise<void> {
  const keys = readMasterKeys({ TRIBUTARY_KEY: REPLAY_KEY }, "");
  await Worker.runReplayHistory({ workflowBundle, dataConverter: dataConverter(keys) }, history);
}
