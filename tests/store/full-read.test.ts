/** Deletion by absence: what a full read does not list is gone, unless that is too much to believe. */
import { Client, type QueryResultRow } from "pg";
import { beforeAll, describe, expect, it } from "vitest";
import type { RecordPage, Reject } from "#connectors/core/contract.ts";
import { recordIdOf } from "#profile/ids.ts";
import { isPlausible, USUAL_BRAKE } from "#profile/store/ingest/full-read.ts";
import { createHeldDeletions, type HeldDeletions } from "#profile/store/ingest/held.ts";
import { createIngestStore, type SavedPage } from "#profile/store/ingest/store.ts";
import { connectionId, connectionName, ingest, owner, test, useConnection } from "#tests/support/connection.ts";
import { order, page, person } from "#tests/support/records.ts";

let held: HeldDeletions;
const stream = "people";

useConnection("csv");
beforeAll(() => {
  held = createHeldDeletions(test.database);
});

const place = () => ({ connectionId, stream });

function save(from: unknown, given: RecordPage): Promise<SavedPage> {
  return ingest.savePage(test.workspaceId, { ...place(), from, page: given });
}

const people = (count: number, from = 0) => Array.from({ length: count }, (_, index) => person(String(from + index)));

/** A full read of one page that claims to have seen everything. */
async function readAll(records: RecordPage["records"], rejects: Reject[] = []): Promise<SavedPage> {
  await ingest.resetCursor(test.workspaceId, connectionId, stream);
  return save(null, page(records, { rejects, rawCount: records.length + rejects.length, fullScan: true }));
}

async function rows<Row extends QueryResultRow>(sql: string): Promise<Row[]> {
  return (await owner.query<Row>(sql, [connectionId])).rows;
}

async function deletedIds(table = "source_record"): Promise<string[]> {
  const found = await rows<{ vendor_id: string }>(
    `SELECT vendor_id FROM ${table} WHERE connection_id = $1 AND deleted ORDER BY vendor_id`,
  );
  return found.map((row) => row.vendor_id);
}

const state = () => ingest.streamState(test.workspaceId, connectionId, stream);
const waiting = async () =>
  (await held.list(test.workspaceId)).filter((candidate) => candidate.connectionId === connectionId);
const unreadable = (id: string): Reject => ({ ref: id, id, reason: "odd", raw: {} });

describe("a row that could not be read", () => {
  it("counts as listed: its known record stays", async () => {
    await readAll(people(3));
    expect(await readAll(people(1), [unreadable("1"), unreadable("2")])).toMatchObject({ outcome: "saved" });
    expect(await deletedIds()).toEqual([]);
  });

  it("counts as listed on an early page too, and when our own check refused it", async () => {
    await readAll(people(3));
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    const broken = { ...person("1"), country: "United Kingdom" };
    await save(null, page([person("0"), broken], { atEnd: false, next: { after: "x" } }));
    await save({ after: "x" }, page([], { fullScan: true }));
    expect(await deletedIds()).toEqual(["2"]);
  });

  it("and does not say which record it is keeps them all, until a full read without one", async () => {
    await readAll(people(3));
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    await save(null, page(people(2), { atEnd: false, next: { after: "x" }, gap: true }));
    await save({ after: "x" }, page([], { fullScan: true }));
    expect(await deletedIds()).toEqual([]);
    await readAll(people(2));
    expect(await deletedIds()).toEqual(["2"]);
  });
});

describe("too many at once", () => {
  it("are not believed: 150 of 250 missing deletes nothing, says so, and stops the stream", async () => {
    await readAll(people(250));
    const saved = await readAll(people(100));
    expect(saved).toMatchObject({ outcome: "held", counts: { unchanged: 100, vanished: 0 } });
    expect(await deletedIds()).toEqual([]);
    expect(await waiting()).toMatchObject([{ vanishing: 150, known: 250, connectionName }]);
    const { errorMessage, ...rest } = await state();
    expect(rest).toMatchObject({ complete: false, errorKind: "held", heldAt: expect.any(Date) });
    for (const part of ["150 of 250", "wrong key", "tributary sync --accept-deletions", "nothing was deleted"])
      expect(errorMessage).toContain(part);
    // Nobody reads on from here.
    expect(await save({ after: "1" }, page(people(1)))).toEqual({ outcome: "superseded" });
  });

  it("may be accepted, which deletes exactly those, once, and leaves who did it", async () => {
    await readAll(people(250));
    await readAll(people(100));
    expect(await held.accept(test.workspaceId, place(), "Kim")).toBe(150);
    expect(await deletedIds()).toHaveLength(150);
    expect(await deletedIds()).toContain("249");
    expect(await held.accept(test.workspaceId, place(), "Kim")).toBeNull();
    expect(await state()).toMatchObject({ complete: true, errorKind: null, heldAt: null, cursor: { after: "1" } });
    expect(await rows("SELECT 1 FROM full_read_seen WHERE connection_id = $1")).toEqual([]);
    const logged = await owner.query(
      "SELECT actor, details FROM audit_log WHERE action = 'deletions.accepted' AND subject = $1",
      [connectionId],
    );
    expect(logged.rows).toEqual([{ actor: "Kim", details: { stream, vanishing: 150, known: 250, vanished: 150 } }]);
    // What was accepted once is no licence for the next time.
    await readAll(people(10));
    expect(await deletedIds()).toHaveLength(150);
  });

  it("are back when the list is read again whole", async () => {
    await readAll(people(250));
    await readAll(people(100));
    await held.readAgain(test.workspaceId, place());
    expect(await state()).toMatchObject({ cursor: null, heldAt: null, errorKind: null });
    expect(await readAll(people(250))).toMatchObject({ outcome: "saved", counts: { unchanged: 250 } });
    expect(await deletedIds()).toEqual([]);
    expect(await state()).toMatchObject({ complete: true });
  });

  it("are asked about anew when the list misses them again", async () => {
    await readAll(people(250));
    await readAll(people(100));
    await readAll(people(90));
    expect(await waiting()).toMatchObject([{ vanishing: 160, known: 250 }]);
  });

  it("are read again by themselves only with a new key or after a day", async () => {
    await readAll(people(250));
    await readAll(people(100));
    expect(await held.readAgainWhenDue(test.workspaceId, place())).toBe(false);
    await owner.query("UPDATE stream_state SET held_at = now() - interval '25 hours' WHERE connection_id = $1", [
      connectionId,
    ]);
    expect(await held.readAgainWhenDue(test.workspaceId, place())).toBe(true);
    await readAll(people(100));
    await owner.query(
      `INSERT INTO credential (workspace_id, connection_id, key_id, nonce, ciphertext, updated_at)
       VALUES ($1, $2, 'k', '\\x00', '\\x00', now() + interval '1 second')`,
      [test.workspaceId, connectionId],
    );
    expect(await held.readAgainWhenDue(test.workspaceId, place())).toBe(true);
  });

  it("are not outweighed by another account's records, nor by those that changed meanwhile", async () => {
    await readAll(people(250));
    expect(await readAll(people(5_000, 10_000))).toMatchObject({ outcome: "held" });
    expect(await waiting()).toMatchObject([{ vanishing: 250, known: 250 }]);
    const renamed = people(230).map((one) => ({ ...one, firstName: "Bea" }));
    // 5,020 of 5,250 would be too many; the 5,000 strangers are known by now.
    await owner.query("DELETE FROM source_record WHERE connection_id = $1 AND vendor_id::int >= 10000", [connectionId]);
    expect(await readAll(renamed)).toMatchObject({ outcome: "saved", counts: { changed: 230, vanished: 20 } });
  });

  it("of one kind are not outweighed by another kind", async () => {
    const orders = Array.from({ length: 1_000 }, (_, index) => order(`o${index}`, "1"));
    await readAll([...people(30), ...orders]);
    expect(await readAll([...people(2), ...orders])).toMatchObject({ outcome: "held" });
    expect(await deletedIds()).toEqual([]);
    expect(await deletedIds("customer_order")).toEqual([]);
  });

  it.each([
    { known: 4, vanishing: 4, plausible: true },
    { known: 5, vanishing: 5, plausible: false },
    { known: 20, vanishing: 19, plausible: true },
    { known: 250, vanishing: 20, plausible: true },
    { known: 250, vanishing: 21, plausible: false },
    { known: 10_000, vanishing: 500, plausible: true },
    { known: 10_000, vanishing: 501, plausible: false },
    { known: 0, vanishing: 0, plausible: true },
  ])("begin where $vanishing of $known is plausible: $plausible", ({ plausible, ...counts }) => {
    expect(isPlausible(counts, USUAL_BRAKE)).toBe(plausible);
  });

  it("begin where the store is told", async () => {
    const strict = createIngestStore(test.database, { records: 0, share: 0.1 });
    await readAll(people(20));
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    const saved = await strict.savePage(test.workspaceId, {
      ...place(),
      from: null,
      page: page(people(17), { fullScan: true }),
    });
    expect(saved.outcome).toBe("held");
  });
});

describe("a crash in between", () => {
  it("of the page that ends the read leaves the position before it, and the next attempt asks", async () => {
    await readAll(people(250));
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    await save(null, page(people(60), { atEnd: false, next: { after: "60" } }));
    const last = page(people(40, 60), { fullScan: true });
    await expect(save({ after: "60" }, { ...last, next: { after: 1n } })).rejects.toThrow("BigInt");
    expect(await state()).toMatchObject({ cursor: { after: "60" }, heldAt: null });
    expect(await save({ after: "60" }, last)).toMatchObject({ outcome: "held" });
    expect(await waiting()).toMatchObject([{ vanishing: 150, known: 250 }]);
  });

  it("of the acceptance deletes nothing and leaves the question open", async () => {
    await readAll(people(250));
    await readAll(people(100));
    const blocker = new Client({ connectionString: test.ownerUrl });
    await blocker.connect();
    await blocker.query("BEGIN");
    await blocker.query("SELECT 1 FROM source_record WHERE record_id = $1 FOR UPDATE", [
      recordIdOf(connectionId, stream, "249"),
    ]);
    const accepting = held.accept(test.workspaceId, place(), "Kim").then(
      () => "accepted",
      () => "broke off",
    );
    await expect
      .poll(async () => {
        const blocked = await owner.query<{ pid: number }>(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE source_record%'`,
        );
        return blocked.rowCount;
      })
      .toBe(1);
    expect(await accepting).toBe("broke off");
    await blocker.end();
    expect(await deletedIds()).toEqual([]);
    expect(await held.accept(test.workspaceId, place(), "Kim")).toBe(150);
  });
});
