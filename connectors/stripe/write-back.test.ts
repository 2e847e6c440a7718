import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openForContract } from "#connectors/core/contract-suite/index.ts";
import type { OpenConnection, RecordWrite } from "#connectors/core/contract.ts";
import { issueGrant } from "#connectors/core/grant.ts";
import { stripe } from "./index.ts";
import { PARALLEL_CALLS } from "./limits.ts";
import { customerSeed, customers, seedOf } from "./fixtures.ts";
import { startStripeTwin } from "./twin/index.ts";
import type { StripeTwin } from "./twin/index.ts";

const grant = issueGrant({
  profileId: "00000000-0000-8000-8000-000000000000",
  uses: [{ purpose: "personalisation", channel: "any" }],
  entryIds: [],
  rulesVersion: "test",
  decidedAt: "2026-01-01T00:00:00.000Z",
});

let twin: StripeTwin;
let connection: OpenConnection;

beforeEach(async () => {
  twin = await startStripeTwin({ requestsPerSecond: 100_000 });
  twin.load(seedOf({ customers: customers(200) }));
  connection = openForContract(stripe, {
    settings: {},
    credentials: { apiKey: twin.apiKey },
    baseUrl: twin.url,
    now: () => twin.now(),
  });
});
afterEach(() => twin.close());

const idOf = (index: number) => customerSeed(index).id;

function write(
  index: number,
  values: Record<string, string | null> = { tributary_stage: "loyal" },
  key = `key-${index}`,
): RecordWrite {
  return { id: idOf(index), values, idempotencyKey: key, grant };
}

function stage(index: number): string | undefined {
  return twin.customer(idOf(index))?.metadata.tributary_stage;
}

function updates(): number {
  return twin.requests.get("POST /v1/customers/:id") ?? 0;
}

describe("fields", () => {
  it("need no making, and a name Stripe cannot hold is named", async () => {
    const field = (name: string) => ({ name, label: "x", description: "x", type: "text" as const });
    const reports = await connection.ensureFields([
      field("tributary_stage"),
      field("tributary_[x]"),
      field("t".repeat(41)),
    ]);
    expect(reports.map((report) => report.outcome)).toEqual(["exists", "conflict", "conflict"]);
  });
});

describe("writing", () => {
  it("leaves the merchant's own metadata alone and clears only what it is told to", async () => {
    twin.changeCustomer(idOf(0), { metadata: { shoe_size: "9", tributary_risk: "0.4" } });
    await connection.write([write(0, { tributary_stage: "loyal", tributary_risk: null })]);
    expect(twin.customer(idOf(0))?.metadata).toEqual({ shoe_size: "9", tributary_stage: "loyal" });
  });

  it("costs one call per customer", async () => {
    await connection.write(Array.from({ length: 20 }, (_, index) => write(index)));
    expect([...twin.requests]).toEqual([["POST /v1/customers/:id", 20]]);
  });

  it("tells who is full, of how many keys, and writes the others", async () => {
    const full = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`note_${n}`, "x"]));
    twin.changeCustomer(idOf(1), { metadata: full });
    const results = await connection.write([write(0), write(1), write(2)]);
    expect(results.map((result) => result.outcome)).toEqual(["written", "rejected", "written"]);
    expect(results[1]?.reason).toContain("holds 50 of 50 possible metadata keys");
  });

  it("refuses what Stripe would refuse without asking it", async () => {
    const results = await connection.write([
      write(0, { tributary_stage: "x".repeat(501) }),
      write(1, { "tributary_[stage]": "loyal" }),
      write(2, { ["t".repeat(41)]: "loyal" }),
    ]);
    expect(results.map((result) => result.outcome)).toEqual(["rejected", "rejected", "rejected"]);
    expect(JSON.stringify(results)).not.toContain("xxx");
    expect(updates()).toBe(0);
  });

  it("gets through when Stripe failed after writing and keeps replaying that failure", async () => {
    twin.faults.failAfterWriteNext = 1;
    expect(await connection.write([write(0)])).toMatchObject([{ outcome: "written" }]);
    expect(await connection.write([write(0)])).toMatchObject([{ outcome: "written" }]);
    expect(stage(0)).toBe("loyal");
  });

  it("gets through on the next try when two failures in a row were kept under its keys", async () => {
    twin.faults.failAndKeepNext = 2;
    expect(await connection.write([write(0)])).toMatchObject([{ outcome: "retry" }]);
    expect(stage(0)).toBeUndefined();
    expect(await connection.write([write(0)])).toMatchObject([{ outcome: "written" }]);
    expect(stage(0)).toBe("loyal");
  });

  it("has one effect when the connection breaks in the middle of the reply", async () => {
    twin.faults.dropReply = 1;
    const [first] = await connection.write([write(0)]);
    const [second] = await connection.write([write(0)]);
    expect([first?.outcome, second?.outcome]).toEqual(["retry", "written"]);
    expect(stage(0)).toBe("loyal");
  });

  it("asks for another try when the key was used for something else", async () => {
    await connection.write([write(0, { tributary_stage: "loyal" }, "same")]);
    const [result] = await connection.write([write(0, { tributary_stage: "lapsed" }, "same")]);
    expect(result).toMatchObject({ outcome: "retry", reason: expect.stringContaining("idempotency key") });
    expect(stage(0)).toBe("loyal");
  });

  it("puts off a locked customer and writes the others", async () => {
    twin.faults.lockTimeoutNext = 1;
    const results = await connection.write([write(0), write(1), write(2)]);
    expect(results.map((result) => result.outcome).toSorted()).toEqual(["retry", "written", "written"]);
  });

  it("notices a 200 that stored nothing", async () => {
    twin.faults.silentNoOp.add(idOf(0));
    expect(await connection.write([write(0)])).toMatchObject([{ outcome: "retry" }]);
  });

  it("stops sending at the limit, and throws when nothing was written", async () => {
    const writes = Array.from({ length: 100 }, (_, index) => write(index));
    twin.faults.throttle = { count: 1000 };
    await expect(connection.write(writes)).rejects.toMatchObject({ kind: "rate_limited" });
    expect(updates()).toBeLessThan(20);
  });

  it("keeps what was written before the limit", async () => {
    await twin.close();
    twin = await startStripeTwin({});
    twin.load(seedOf({ customers: customers(200) }));
    connection = openForContract(stripe, {
      settings: {},
      credentials: { apiKey: twin.apiKey },
      baseUrl: twin.url,
    });
    const results = await connection.write(Array.from({ length: 120 }, (_, index) => write(index)));
    const written = results.filter((result) => result.outcome === "written").map((result) => result.id);
    expect(written.length).toBeGreaterThanOrEqual(25);
    expect(results.filter((result) => result.outcome === "retry").length).toBe(120 - written.length);
    expect(
      customers(200)
        .filter(({ id }) => twin.customer(id)?.metadata.tributary_stage === "loyal")
        .map(({ id }) => id),
    ).toEqual(written);
  });

  it("throws when the key is refused, so that the connection is shown as broken", async () => {
    twin.faults.revoked = true;
    await expect(connection.write([write(0)])).rejects.toMatchObject({ kind: "auth" });
  });

  it("gives up the batch when Stripe itself is down", async () => {
    twin.faults.breakServer = { count: 1000 };
    await expect(connection.write(Array.from({ length: 60 }, (_, index) => write(index)))).rejects.toMatchObject({
      kind: "transient",
    });
    // Each of those under way was tried once more.
    expect(updates()).toBeLessThanOrEqual(2 * (PARALLEL_CALLS + 3));
  });
});
