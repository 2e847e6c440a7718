/** Permission is asked of the ledger for each batch, as it is sent: what is withdrawn while others are written, is not. */
import { afterEach, beforeEach, expect, it } from "vitest";
import { createVendorCall, type RateLimiter, unlimited } from "#connectors/core/call.ts";
import type { OpenConnection, RecordWrite, WriteResult } from "#connectors/core/contract.ts";
import type { PlanId, ProfileId } from "#profile/ids.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import { OWN_NAMES, usesOf } from "#profile/plan/fields.ts";
import type { ChangeResult, ClaimedChange } from "#profile/store/plan/apply.ts";
import { createPlanStore } from "#profile/store/plan/store.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";
import { raceWithdrawals } from "./race.ts";
import { consent, person } from "#tests/support/records.ts";
import { type ApplyInput, sendPortion } from "#workflows/write-back/apply.ts";
import { readPermissions } from "#workflows/write-back/ask.ts";
import { verified } from "#workflows/write-back/read-back.ts";

const VALUES: FieldValues = {
  tributary_lifecycle_stage: "customer_at_risk",
  tributary_next_best_action: "winback_email",
};
const EMPTY: FieldValues = { tributary_lifecycle_stage: null, tributary_next_best_action: null };

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.drop());

/** People with a recorded yes, each with a change that names a message. */
async function changesFor(...ids: string[]): Promise<ClaimedChange[]> {
  await shop.save(
    ids.flatMap((id) => [
      person(id, { firstName: `Anna${id}`, lastName: "Hill", emails: [`anna${id}@brightleaf.co.uk`] }),
      consent(`yes${id}`, id),
    ]),
  );
  await shop.resolveAll();
  return Promise.all(
    ids.map(async (id): Promise<ClaimedChange> => ({
      ...{ vendorId: id, recordId: shop.idOf(id), profileId: await shop.profileOf(id), createdAt: null },
      ...{ before: EMPTY, after: VALUES },
      ...{ uses: usesOf(VALUES), status: "pending", attempts: 0, idempotencyKey: id, job: null },
    })),
  );
}

const withdraw = (id: string) =>
  shop.save([consent(`no${id}`, id, { state: "withdrawn", effectiveAt: new Date().toISOString() })]);

interface Vendor {
  batches: string[][];
  /** Before the first batch, before the second. */
  before: (() => Promise<void>)[];
  /** A call waits this long for the account's quota. */
  waitMs: number;
  /** A call for each record, and a refused one is no reason to stop. */
  oneByOne?: boolean;
}

const vendorOf = (before: Vendor["before"], waitMs = 0): Vendor => ({ batches: [], before, waitMs });

const planId = "00000000-0000-8000-8000-000000000000" as PlanId; // as the store makes them

/** As a worker carries a portion out, with a vendor kept in a list; `now` is moved by waiting. */
async function carryOut(changes: ClaimedChange[], vendor: Vendor, kind: ApplyInput["kind"] = "write") {
  let waited = 0;
  let check: (() => Promise<void>) | null = null;
  const limiter: RateLimiter = {
    ...unlimited,
    async acquire() {
      await vendor.before[vendor.batches.length]?.();
      waited += vendor.waitMs;
    },
  };
  const now = () => Date.now() + waited;
  const limits = { all: { calls: 1, windowMs: 1_000, source: "test", readOn: "2026-11-28" } };
  const call = createVendorCall({
    ...{ connector: { title: "Vendor", limits, classify: () => undefined }, limiter, now },
    beforeSending: async () => check?.(),
  });
  const written = new Map<string, FieldValues>();
  const send = (writes: RecordWrite[]): Promise<WriteResult[]> =>
    call("all", "write", async () => {
      vendor.batches.push(writes.map(({ id }) => id));
      for (const { id, values } of writes) written.set(id, values);
      return writes.map(({ id }) => ({ id, outcome: "written" }));
    });
  const connection: Pick<OpenConnection, "write" | "readLive"> = {
    async write(writes: RecordWrite[]): Promise<WriteResult[]> {
      if (vendor.oneByOne !== true) return send(writes);
      const results: WriteResult[] = [];
      for (const write of writes)
        results.push(...(await send([write]).catch(() => [{ id: write.id, outcome: "retry" } as const])));
      return results;
    },
    readLive: async (records) => records.map(({ id }) => ({ id, state: "live", values: written.get(id) ?? {} })),
  };
  const plans = createPlanStore(shop.database);
  await shop.database.inWorkspace(shop.workspaceId, (transaction) =>
    transaction.query(
      `INSERT INTO plan (workspace_id, plan_id, connection_id, kind, status, through_seq)
       VALUES ($1, $2, $3, $4, 'applying', 0) ON CONFLICT DO NOTHING`,
      [shop.workspaceId, planId, shop.connectionId, kind],
    ),
  );
  const asking = {
    ...{ consent: shop.consent, plans, workspaceId: shop.workspaceId, planId, kind, now },
    mapping: OWN_NAMES,
  };
  const recordIds = changes.map(({ recordId }) => recordId);
  const {
    results: unsent,
    sent,
    failure,
  } = await sendPortion(changes, {
    ...asking,
    permissions: await readPermissions(recordIds, asking),
    plans,
    connection: connection as OpenConnection, // the parts that are used
    ...{ batchSize: 2, fresh: true, without: [] },
    beforeSending: (next) => {
      check = next;
    },
  });
  const results = [...unsent, ...(await verified(sent, connection, OWN_NAMES))];
  return { outcomes: Object.fromEntries(results.map((one) => [one.vendorId, outcomeOf(one)])), failure };
}

const outcomeOf = (result: ChangeResult) =>
  result.outcome === "skipped" ? `${result.cause}: ${result.reason}` : result.outcome;

it("honours a withdrawal stored after the batch before was sent", async () => {
  const changes = await changesFor("1", "2", "3", "4");
  const vendor = vendorOf([() => withdraw("3")]);
  const { outcomes } = await carryOut(changes, vendor);
  expect(vendor.batches).toEqual([["1", "2"], ["4"]]);
  expect(outcomes).toMatchObject({ 1: "applied", 2: "applied", 4: "applied" });
  expect(outcomes["3"]).toMatch(/^consent: E-mail marketing: not allowed - withdrawn on /);
});

it("honours a withdrawal stored while the call waits for the account's quota", async () => {
  const changes = await changesFor("1", "2", "3", "4");
  const vendor = vendorOf([async () => undefined, () => withdraw("4")], 600);
  const first = await carryOut(changes, vendor);
  // Nothing of the batch left; what was written before is kept, the rest is taken up again.
  expect(vendor.batches).toEqual([["1", "2"]]);
  expect(first.outcomes).toEqual({ 1: "applied", 2: "applied" });
  expect(first.failure).toMatchObject({ kind: "transient" });
  const again = vendorOf([]);
  const second = await carryOut(changes.slice(2), again);
  expect(again.batches).toEqual([["3"]]);
  expect(second.outcomes["4"]).toContain("withdrawn");
});

it("honours a withdrawal stored in the very moment before a call leaves, asked about short ago or not", async () => {
  const changes = await changesFor("1", "2", "3", "4");
  const vendor = vendorOf([async () => undefined, () => withdraw("4")]);
  const first = await carryOut(changes, vendor);
  expect(vendor.batches).toEqual([["1", "2"]]);
  expect(first.failure).toMatchObject({ kind: "transient" });
});

it("while strangers withdraw and a plan is carried out, nobody is written to once their withdrawal was stored", async () => {
  const { written, withdrawn, after } = await raceWithdrawals(shop, { people: 200, batchSize: 5, together: 2 });
  expect(after).toBe(0);
  expect(written).toBeGreaterThan(0);
  expect(withdrawn).toBeGreaterThan(0);
  expect(written).toBeLessThan(200);
});

it("sends nothing more of a batch once a withdrawal was seen while one of its calls waited", async () => {
  const changes = await changesFor("1", "2");
  const vendor: Vendor = { ...vendorOf([], 600), oneByOne: true };
  // The first call waits, and so long that it is asked about again; the second leaves at once.
  const second = async () => void (vendor.waitMs = 0);
  vendor.before = [
    async () => {
      vendor.before = [second];
      await withdraw("2");
    },
  ];
  expect((await carryOut(changes, vendor)).outcomes).toEqual({ 1: "retry", 2: "retry" });
  expect(vendor.batches).toEqual([]);
  const again = vendorOf([]);
  expect((await carryOut(changes, again)).outcomes["2"]).toContain("withdrawn");
  expect(again.batches).toEqual([["1"]]);
});

it("asks about whoever the record belongs to now, and leaves one that moved to the next plan", async () => {
  const [change] = await changesFor("1");
  if (change === undefined) throw new Error("a change");
  const moved = { ...change, profileId: "00000000-0000-8000-8000-000000000001" as ProfileId };
  const vendor = vendorOf([]);
  expect((await carryOut([moved], vendor)).outcomes["1"]).toContain("belongs to another customer now");
  expect(vendor.batches).toEqual([]);
  expect((await carryOut([moved], vendor, "undo")).outcomes["1"]).toBe("applied");
});

it("clears a field whatever was withdrawn", async () => {
  const [change] = await changesFor("1");
  if (change === undefined) throw new Error("a change");
  await withdraw("1");
  const clearing = { ...change, before: VALUES, after: EMPTY, uses: usesOf(EMPTY) };
  expect((await carryOut([clearing], vendorOf([]))).outcomes).toEqual({ 1: "applied" });
});
