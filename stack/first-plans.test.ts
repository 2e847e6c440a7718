import { describe, expect, it } from "vitest";
import { connectionIdOf, uuidOf, workspaceIdOf, type PlanId } from "#profile/ids.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import { firstPlansOfTwins, TWIN_CONNECTION } from "./first-plans.ts";
import type { Twins } from "./running-stack.ts";

const workspaceId = workspaceIdOf("demo");
const twins: Twins = {
  tools: Object.fromEntries(
    ["acme", "bolt"].map((connector, at) => [
      connector,
      { url: `http://127.0.0.1:${at + 1}`, page: `http://127.0.0.1:${at + 1}`, given: {}, settings: {} },
    ]),
  ),
  control: "http://127.0.0.1:3",
  csvFolder: "/tmp",
  files: [],
  truthFolder: "/tmp",
};

function plan(
  connector: string,
  status: PlanSummary["status"],
  name: string,
  connection = TWIN_CONNECTION,
): PlanSummary {
  return {
    planId: uuidOf("plan", name) as PlanId, // as the store makes them
    connectionId: connectionIdOf(workspaceId, connector, connection),
    ...{ connector, connection, kind: "write", undoOf: null, status, throughSeq: 1, fieldsRevision: 0, digest: "00" },
    ...{ changes: 1, compared: 1, destinationRecords: 1, createdAt: new Date(0) },
    ...{ approvedAt: null, approvedBy: null, finishedAt: null, prunedAt: null },
  };
}

describe("what npm start approves by itself", () => {
  const acme = plan("acme", "waiting", "a");
  const bolt = plan("bolt", "waiting", "b");

  it("is the first plan of each twin", () => {
    expect(firstPlansOfTwins([acme, bolt], twins)).toEqual([acme, bolt]);
  });

  it("is never a real account's plan", () => {
    const { bolt: twin } = twins.tools;
    expect(firstPlansOfTwins([acme, bolt], { ...twins, tools: twin === undefined ? {} : { bolt: twin } })).toEqual([
      bolt,
    ]);
    expect(firstPlansOfTwins([acme, bolt], null)).toEqual([]);
    expect(firstPlansOfTwins([plan("acme", "waiting", "d", "main")], twins)).toEqual([]);
  });

  it("is no later plan, which waits because it goes beyond what applies by itself", () => {
    expect(firstPlansOfTwins([acme, plan("acme", "applied", "c")], twins)).toEqual([]);
  });
});
