import { describe, expect, it } from "vitest";
import { connectionIdOf, uuidOf, workspaceIdOf, type PlanId } from "#profile/ids.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import { firstPlansOfTwins, TWIN_CONNECTION } from "./first-plans.ts";
import type { Twins } from "./running-stack.ts";

const workspaceId = workspaceIdOf("demo");
const twins: Twins = {
  hubspot: "http://127.0.0.1:1",
  stripe: "http://127.0.0.1:2",
  control: "http://127.0.0.1:3",
  csvFolder: "/tmp",
  files: [],
  truthFolder: "/tmp",
  hubspotSettings: {},
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
    ...{ connector, connection, kind: "write", undoOf: null, status, throughSeq: 1, digest: "00" },
    ...{ changes: 1, compared: 1, destinationRecords: 1, createdAt: new Date(0) },
    ...{ approvedAt: null, approvedBy: null, finishedAt: null },
  };
}

describe("what npm start approves by itself", () => {
  const hubspot = plan("hubspot", "waiting", "a");
  const stripe = plan("stripe", "waiting", "b");

  it("is the first plan of each twin", () => {
    expect(firstPlansOfTwins([hubspot, stripe], twins)).toEqual([hubspot, stripe]);
  });

  it("is never a real account's plan", () => {
    expect(firstPlansOfTwins([hubspot, stripe], { ...twins, hubspot: null })).toEqual([stripe]);
    expect(firstPlansOfTwins([hubspot, stripe], null)).toEqual([]);
    expect(firstPlansOfTwins([plan("hubspot", "waiting", "d", "main")], twins)).toEqual([]);
  });

  it("is no later plan, which waits because it goes beyond what applies by itself", () => {
    expect(firstPlansOfTwins([hubspot, plan("hubspot", "applied", "c")], twins)).toEqual([]);
  });
});
