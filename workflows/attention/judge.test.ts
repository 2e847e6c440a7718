import { describe, expect, it } from "vitest";
import { connectorOf } from "#connectors/registry.ts";
import type { ConnectionId, PlanId, RunId, WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { AttentionFacts, PlanFacts, StreamFacts } from "#profile/store/views/attention.ts";
import { judge, type Situation } from "./judge.ts";
import type { PendingStep } from "./pending.ts";

const NOW = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
const ago = (minutes: number) => new Date(NOW - minutes * MINUTE);
const connectionId = "c0000000-0000-8000-8000-000000000000" as ConnectionId;
const planId = "abcdef01-0000-8000-8000-000000000000" as PlanId;

const connection: Connection = {
  ...{ workspaceId: "w" as WorkspaceId, connectionId, connector: "hubspot", name: "main", baseUrl: null, settings: {} },
  ...{
    writeBack: true,
    autoApplyShare: null,
    requestsPerSecond: null,
    quotaShare: null,
    sensitiveFacts: [],
    externalAccount: null,
  },
  mode: null,
  ...{ status: "ready", statusReason: null },
};
const stream: StreamFacts = {
  ...{ connectionId, stream: "contacts", cursor: null, lastSuccessAt: ago(10), updatedAt: ago(10), heldAt: null },
  ...{ errorKind: null, errorMessage: null },
};
const plan: PlanFacts = { planId, connectionId, undoOf: null, status: "applying", since: ago(60), failed: 0 };
const openRun = { runId: "r" as RunId, startedAt: ago(90), progressAt: ago(40) };
const step: PendingStep = {
  ...{ workflowId: `sync/${connectionId}/contacts`, activity: "pullPages", attempt: 7, failureKind: "transient" },
  ...{ says: "HubSpot did not answer contacts.search in time.", nextAttemptAt: null },
};

function look(
  facts: Partial<AttentionFacts>,
  { running = [], pending = [], ...rest }: Partial<Situation> & { running?: string[]; pending?: PendingStep[] } = {},
) {
  const ids = {
    refresh: "refresh/w",
    sync: (id: string, name: string) => `sync/${id}/${name}`,
    planning: (id: string) => `planning/${id}`,
    plan: ({ planId: id }: PlanFacts) => [`plan/${id}`],
  };
  const looked = new Set(["refresh/w", `planning/${connectionId}`, `plan/${planId}`]);
  return judge({
    ...{ now: NOW, refreshMinutes: 15, connections: [connection], held: [], connectorOf, ids },
    facts: {
      openRun: null,
      usualSeconds: 120,
      streams: [],
      plans: [],
      connectedAt: {},
      rhythmSince: new Date(0),
      ...facts,
    },
    engine: { looked, running: new Set(running), pending },
    ...rest,
  });
}
const kinds = (conditions: { kind: string }[]) => conditions.map(({ kind }) => kind);

describe("a run", () => {
  it("is stuck when it takes far longer than usual and no step has said a word, and its failing step is named", () => {
    const [found, failing] = look({ openRun }, { running: ["refresh/w"], pending: [step] });
    expect(found).toMatchObject({ kind: "run_stuck", subject: "r" });
    expect(found?.says).toMatch(/under way for 90 minutes and silent for 40 minutes; it usually takes 2 minutes/);
    expect(found?.says).toContain("attempt 7");
    expect(found?.says).toContain("did not answer contacts.search in time");
    expect(failing?.kind).toBe("step_failing");
  });

  it("is not while it gets on, while it is as long as usual, or while Temporal cannot be asked and it is young", () => {
    expect(look({ openRun: { ...openRun, progressAt: ago(2) } }, { running: ["refresh/w"] })).toEqual([]);
    expect(look({ openRun, usualSeconds: 3_600 }, { running: ["refresh/w"] })).toEqual([]);
    expect(look({ openRun: { ...openRun, startedAt: ago(20) } }, { engine: null })).toEqual([]);
  });

  it("is left when nobody works on it", () => {
    expect(look({ openRun: { ...openRun, startedAt: ago(45) } })[0]?.says).toMatch(/nobody is working on it/);
  });

  it("that waits for a daily quota is not stuck: the tool is named, and when it goes on", () => {
    const waiting = { ...step, failureKind: "rate_limited", nextAttemptAt: new Date(NOW + 300 * MINUTE) };
    const found = look({ openRun }, { running: ["refresh/w"], pending: [waiting, { ...waiting, activity: "other" }] });
    expect(kinds(found)).toEqual(["quota_exhausted"]);
    expect(found[0]?.says).toContain('HubSpot "main"');
    expect(found[0]?.says).toContain("2026-11-20 17:00 UTC");
  });
});

describe("a stream", () => {
  it("is late when several of its turns have passed, with the reason where there is one", () => {
    const failed = { ...stream, lastSuccessAt: ago(100), errorKind: "transient", errorMessage: "HubSpot is down." };
    const [found] = look({ streams: [failed] });
    expect(found).toMatchObject({ kind: "stream_late", subject: `${connectionId}/contacts` });
    expect(found?.says).toMatch(
      /up to date last at 2026-11-20 10:20 UTC, though it is due every 15 minutes: HubSpot is down/,
    );
  });

  it("is not late before that, during a long first read, when it is paused, or held", () => {
    expect(look({ streams: [stream] })).toEqual([]);
    const first = { ...stream, lastSuccessAt: null, updatedAt: ago(1) };
    expect(look({ streams: [first], connectedAt: { [connectionId]: ago(500) } })).toEqual([]);
    const old = { ...stream, lastSuccessAt: ago(500), updatedAt: ago(500) };
    expect(look({ streams: [old] }, { connections: [{ ...connection, status: "paused" }] })).toEqual([]);
    expect(look({ streams: [{ ...old, heldAt: ago(400) }] })).toEqual([]);
    expect(kinds(look({ streams: [old] }))).toEqual(["stream_late"]);
  });

  it("is judged by a shorter interval only when that has been in force for as long", () => {
    const streams = [{ ...stream, lastSuccessAt: ago(230), updatedAt: ago(230) }];
    expect(look({ streams, rhythmSince: ago(10) })).toEqual([]);
    expect(kinds(look({ streams, rhythmSince: ago(70) }))).toEqual(["stream_late"]);
  });

  it("is judged by its own schedule", () => {
    expect(
      look({ streams: [{ ...stream, lastSuccessAt: ago(100), updatedAt: ago(100) }] }, { refreshMinutes: 1_440 }),
    ).toEqual([]);
  });
});

describe("a plan", () => {
  it("that nobody carries out is named with the command, and not while somebody does", () => {
    const [found] = look({ plans: [plan] });
    expect(found).toMatchObject({ kind: "plan_stranded", subject: planId });
    expect(found?.says).toContain("plan abcdef01 has been applying");
    expect(found?.todo).toContain("tributary plan retry abcdef01");
    expect(look({ plans: [plan] }, { running: [`plan/${planId}`] })).toEqual([]);
    expect(look({ plans: [{ ...plan, since: ago(2) }] })).toEqual([]);
    expect(look({ plans: [plan] }, { engine: null })).toEqual([]);
  });

  it("that is being made is looked for where plans are made", () => {
    const building = { ...plan, status: "building" };
    expect(look({ plans: [building] }, { running: ["refresh/w"] })).toEqual([]);
    expect(look({ plans: [building] })[0]?.todo).toContain("tributary sync");
  });

  it("with failures is told for a week", () => {
    const failed = { ...plan, status: "applied_with_failures", failed: 3 };
    expect(look({ plans: [failed] })[0]?.says).toContain("3 records of plan abcdef01 could not be written");
    expect(look({ plans: [{ ...failed, since: ago(9 * 24 * 60) }] })).toEqual([]);
  });
});

it("a tool that refuses us is told with the reason and the command", () => {
  const refused: Connection = { ...connection, status: "needs_reconnect", statusReason: "HubSpot rejected the token." };
  const [found] = look({}, { connections: [refused] });
  expect(found).toMatchObject({ kind: "needs_reconnect", says: 'HubSpot "main": HubSpot rejected the token.' });
  expect(found?.todo).toContain("tributary reconnect hubspot");
});
