/** An audience over the whole loop: who may be in it, who approved it, and who is out again one turn after a withdrawal. */
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { identify } from "#connectors/google-ads/identifiers.ts";
import { ACCOUNT, seedOf } from "#connectors/google-ads/fixtures.ts";
import { startGoogleAdsTwin } from "#connectors/google-ads/twin/index.ts";
import type { GoogleAdsTwin } from "#connectors/google-ads/twin/index.ts";
import type { CanonicalRecord } from "#connectors/core/records.ts";
import type { ConnectionId } from "#profile/ids.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import { forecastsOf } from "#console/forecasts.ts";
import type { AheadOfTool } from "#console/forecasts.ts";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { consent, order, page, person } from "#tests/support/records.ts";

const CODE = "tributary-audience-best-customers";
const ADS = { channel: "ads", purpose: "ad_audience", explicit: true } as const;
const PEOPLE = 110;
/** Said nothing, said no, said yes for another address. */
const [SILENT, REFUSED, OTHERWISE] = [1, 2, 3];

let loop: TestLoop;
let twin: GoogleAdsTwin;
let source: ConnectionId;
let ads: ConnectionId;
let at: { n: number } | null = null;
let foretold: AheadOfTool["writes"] | undefined;

const addressOf = (n: number) => `buyer${n}@brightleaf.co.uk`;
const hashesOf = (n: number) =>
  identify({ email: addressOf(n), phone: null, firstName: null, lastName: null, country: null, postcode: null }) ?? "";
const calls = () => [...twin.requests.values()].reduce((sum, count) => sum + count, 0);
const inAudience = (n: number) =>
  twin.membersOf(CODE).some((member) => member.includes(JSON.parse(hashesOf(n))[0].emailAddress));

async function save(records: CanonicalRecord[]): Promise<void> {
  const from = at;
  at = { n: (at?.n ?? 0) + 1 };
  const saved = await loop.deps.ingest.savePage(loop.workspaceId, {
    ...{ connectionId: source, stream: "people", from, page: page(records, { next: at }) },
  });
  expect(saved.outcome).toBe("saved");
}
const plans = async (): Promise<PlanSummary[]> =>
  (await loop.deps.plans.list(loop.workspaceId, 50)).filter(({ connectionId }) => connectionId === ads);
const reasonNow = async () => (await loop.deps.connections.get(loop.workspaceId, ads)).statusReason;

beforeAll(async () => {
  loop = await startTestLoop();
  twin = await startGoogleAdsTwin({ now: loop.deps.now, requestsPerSecond: 1_000 });
  twin.load(seedOf({}));
  const connect = async (connector: string, more: object) => {
    const input = { connector, name: "main", writeBack: true, autoApplyShare: null, ...more };
    return (await loop.deps.connections.upsertConnection(loop.workspaceId, input, "test")).connectionId;
  };
  // A stream that nothing is read from: what it holds is the test's to say.
  source = loop.connectionIds.hubspot;
  ads = await connect("google-ads", {
    ...{ baseUrl: twin.url, requestsPerSecond: 1_000 },
    settings: { backfillDays: 1, clickDays: 1, audience: { customerMatchTerms: "accepted", size: 105 } },
  });
  await loop.deps.credentials.put(loop.workspaceId, ads, { key: twin.accessToken, customerId: ACCOUNT });
  const placedAt = new Date(loop.deps.now() - 20 * 86_400_000).toISOString();
  const numbers = Array.from({ length: PEOPLE }, (_, n) => n);
  await save([
    ...numbers.map((n) => person(`p${n}`, { emails: [addressOf(n)], lastName: `Buyer${n}` })),
    // The first are the best.
    ...numbers.map((n) => order(`o${n}`, `p${n}`, { placedAt, amountMinor: 100_000 - n })),
    ...numbers
      .filter((n) => n !== SILENT)
      .map((n) =>
        consent(`c${n}`, `p${n}`, {
          ...ADS,
          address: n === OTHERWISE ? "other@brightleaf.co.uk" : addressOf(n),
          ...(n === REFUSED ? { state: "withdrawn" } : {}),
        }),
      ),
  ]);
});
afterAll(async () => {
  await loop.stop();
  await twin.close();
});

describe("an audience of the best customers", () => {
  it("waits for approval, and nobody is sent before", async () => {
    expect((await loop.refresh()).outcome).toBe("ok");
    const waiting = await plans();
    expect(waiting).toMatchObject([{ status: "waiting", changes: 105 }]);
    foretold = (await forecastsOf(loop.deps, loop.workspaceId, ({ connectionId }) => connectionId === ads))[0]?.writes;
    expect(foretold).toMatchObject([{ planId: waiting[0]?.planId, changes: 105 }]);
    expect(twin.requests.get("POST /v1/audienceMembers::ingest")).toBeUndefined();
    expect(await reasonNow()).toBeNull();
  });

  it("asked again with nothing new, the same plan waits", async () => {
    await loop.refresh();
    expect(await plans()).toMatchObject([{ status: "waiting" }]);
  });

  it("holds the best of those who said yes for that very address, and nobody else", async () => {
    const before = calls();
    await approveAll(loop);
    expect(await plans()).toMatchObject([{ status: "applied", changes: 105 }]);
    const [{ foretold: told } = { foretold: { unknown: "at all" } }] = foretold ?? [];
    if ("unknown" in told) throw new Error(told.unknown);
    expect(calls() - before, "calls").toBeGreaterThanOrEqual(told.calls.least);
    expect(calls() - before, "calls").toBeLessThanOrEqual(told.calls.most);
    expect(told.buckets.map(({ bucket }) => bucket).toSorted()).toEqual([
      "audience_read",
      "audience_write",
      "token",
      "user_lists",
    ]);
    expect(twin.membersOf(CODE)).toHaveLength(105);
    for (const n of [SILENT, REFUSED, OTHERWISE]) expect([n, inAudience(n)]).toEqual([n, false]);
    expect([0, 4, 50, 107].map(inAudience)).toEqual([true, true, true, true]);
    // Two places were left for the last two.
    expect([108, 109].map(inAudience)).toEqual([false, false]);
  });

  it("somebody who withdraws is out after one turn, though every plan of this tool waits for a person", async () => {
    const said = new Date(loop.deps.now()).toISOString();
    await save([consent("c50", "p50", { ...ADS, address: addressOf(50), state: "withdrawn", effectiveAt: said })]);
    await loop.refresh();
    expect(inAudience(50)).toBe(false);
    expect(twin.membersOf(CODE)).toHaveLength(104);
    const [newest] = await plans();
    expect(newest).toMatchObject({ status: "applied", changes: 1, approvedBy: "leaving" });
  });

  it("whose place that was joins with the next plan, by a job that outlives the attempt and is ordered once", async () => {
    await save([person("late", { emails: ["late@brightleaf.co.uk"] })]);
    await loop.refresh();
    expect((await plans())[0]).toMatchObject({ status: "waiting", changes: 1 });
    twin.faults.jobTakesMs = 3_600_000;
    const ordered = twin.requests.get("POST /v1/audienceMembers::ingest") ?? 0;
    const approved = approveAll(loop);
    await vi.waitFor(
      async () => {
        const left = await loop.test.database.inWorkspace(loop.workspaceId, (transaction) =>
          transaction.query("SELECT FROM delivery WHERE workspace_id = $1 AND job IS NOT NULL AND status = 'pending'", [
            loop.workspaceId,
          ]),
        );
        expect(left.length, "left by the attempt with its job").toBe(1);
      },
      { timeout: 200_000, interval: 100 },
    );
    // Before Google has said that they are in, they count as somebody who has to be taken out one day.
    const members = await loop.deps.audiences.members(loop.workspaceId, ads, "tributary_audience_best_customers");
    expect(members.map(({ sent }) => sent)).toContain(hashesOf(108));
    expect(inAudience(108)).toBe(false);
    twin.faults.jobTakesMs = 0;
    loop.advance(3_600_001);
    await approved;
    expect((await plans())[0]).toMatchObject({ status: "applied", changes: 1 });
    expect(inAudience(108)).toBe(true);
    expect(twin.requests.get("POST /v1/audienceMembers::ingest")).toBe(ordered + 1);
  });

  it("consent that is withdrawn between approval and sending keeps a person out", async () => {
    const said = new Date(loop.deps.now()).toISOString();
    await save([consent("c51", "p51", { ...ADS, address: addressOf(51), state: "withdrawn", effectiveAt: said })]);
    await loop.refresh();
    expect(inAudience(51)).toBe(false);
    await save([person("later", { emails: ["later@brightleaf.co.uk"] })]);
    await loop.refresh();
    const [waiting] = await plans();
    expect(waiting).toMatchObject({ status: "waiting", changes: 1 });
    // Nobody looks at it before it is sent but the ledger.
    await save([consent("c109", "p109", { ...ADS, address: addressOf(109), state: "withdrawn", effectiveAt: said })]);
    await approveAll(loop);
    expect(inAudience(109)).toBe(false);
  });

  it("can be undone: everybody a plan has added is out again, and is not proposed without a person", async () => {
    const first = (await plans()).find(({ changes }) => changes === 105);
    if (first === undefined) throw new Error("the first plan");
    await loop.engine.undo({
      workspaceId: loop.workspaceId,
      planId: first.planId,
      connectionId: ads,
      connector: "google-ads",
      actor: "test",
    });
    expect(twin.membersOf(CODE)).toEqual([hashesOf(108)]);
  });

  it("is refused with the reason where too few would be left, and whoever is in it may stay", async () => {
    const said = new Date(loop.deps.now()).toISOString();
    await save(
      Array.from({ length: 20 }, (_, n) =>
        consent(`c${n + 10}`, `p${n + 10}`, {
          ...ADS,
          address: addressOf(n + 10),
          state: "withdrawn",
          effectiveAt: said,
        }),
      ),
    );
    await loop.refresh();
    expect(await reasonNow()).toContain("an audience needs 100, so nobody is added");
    expect(twin.membersOf(CODE)).toEqual([hashesOf(108)]);
  });

  it("everybody leaves where nobody asks for an audience any more", async () => {
    await loop.deps.connections.upsertConnection(
      loop.workspaceId,
      { connector: "google-ads", name: "main", settings: { backfillDays: 1, clickDays: 1 } },
      "test",
    );
    await save([person("last", { emails: ["last@brightleaf.co.uk"] })]);
    await loop.refresh();
    expect(twin.membersOf(CODE)).toEqual([]);
  });
});
