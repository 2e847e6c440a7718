import type { QueryResultRow } from "pg";
import { describe, expect, it } from "vitest";
import type { RecordPage } from "#connectors/core/contract.ts";
import { profileIdOf, recordIdOf } from "#profile/ids.ts";
import type { PageCounts } from "#profile/store/ingest/store.ts";
import type { StoredReject } from "#profile/store/ingest/rejects.ts";
import { connectionId, ingest, owner, test, useConnection } from "#tests/support/connection.ts";
import { consent, deal, order, page, person, subscription, touchpoint } from "#tests/support/records.ts";

const stream = "people";
const NAME = "SELECT first_name AS name FROM source_record WHERE connection_id = $1";

useConnection("csv");

async function save(from: unknown, given: RecordPage): Promise<PageCounts> {
  const saved = await ingest.savePage(test.workspaceId, { connectionId, stream, from, page: given });
  if (saved.outcome !== "saved") throw new Error(saved.outcome);
  return saved.counts;
}

async function rows<Row extends QueryResultRow>(sql: string): Promise<Row[]> {
  return (await owner.query<Row>(sql, [connectionId])).rows;
}

const recordOf = (id: string) => recordIdOf(connectionId, stream, id);

/** A profile with these persons as members, clean for every step. */
async function profileOf(...ids: string[]): Promise<string> {
  const anchor = recordOf(ids[0] ?? "");
  const profileId = profileIdOf(anchor);
  await owner.query(
    `INSERT INTO profile (workspace_id, profile_id, anchor_record_id, touched_seq, scored_seq, consented_seq)
     VALUES ($1, $2, $3, 0, 0, 0)`,
    [test.workspaceId, profileId, anchor],
  );
  for (const id of ids) {
    await owner.query("INSERT INTO membership (workspace_id, record_id, profile_id) VALUES ($1, $2, $3)", [
      test.workspaceId,
      recordOf(id),
      profileId,
    ]);
  }
  return profileId;
}

async function isTouched(profileId: string): Promise<boolean> {
  const { rows: found } = await owner.query(
    "SELECT touched_seq > scored_seq AS touched FROM profile WHERE profile_id = $1",
    [profileId],
  );
  await owner.query("UPDATE profile SET scored_seq = touched_seq WHERE profile_id = $1", [profileId]);
  return found[0].touched;
}

describe("a page", () => {
  it("stores every kind of record and moves the cursor with them", async () => {
    const counts = await save(
      null,
      page(
        [
          person("1"),
          order("o", "1"),
          subscription("s", "1"),
          touchpoint("t", "1"),
          consent("c", "1"),
          deal("d", ["1"]),
        ],
        { next: { after: "x" }, atEnd: false },
      ),
    );
    expect(counts).toEqual({
      read: 6,
      records: 6,
      inserted: 6,
      changed: 0,
      unchanged: 0,
      stale: 0,
      rejected: 0,
      remarks: 0,
      vanished: 0,
    });
    const state = await ingest.streamState(test.workspaceId, connectionId, stream);
    expect(state).toMatchObject({ cursor: { after: "x" }, complete: false, recordsRead: 6, lastSuccessAt: null });
    expect(state.fullReadStartedAt).toBeInstanceOf(Date);
    expect(
      await rows("SELECT amount_minor, currency, person_record_id FROM customer_order WHERE connection_id = $1"),
    ).toEqual([{ amount_minor: 2500, currency: "GBP", person_record_id: recordOf("1") }]);
    expect(
      await rows("SELECT person_record_ids FROM source_record WHERE connection_id = $1 AND kind = 'deal'"),
    ).toEqual([{ person_record_ids: [recordOf("1")] }]);
    const [stored] = await rows<{ data: unknown }>(
      `SELECT data FROM source_content JOIN source_record USING (workspace_id, record_id, hash)
       WHERE connection_id = $1 AND kind = 'person'`,
    );
    expect(stored?.data).toEqual(person("1"));
  });

  it("read by two workers is stored once and the cursor never moves back", async () => {
    const first = page([person("1")], { next: { after: "1" }, atEnd: false });
    await save(null, first);
    await save({ after: "1" }, page([person("2")], { next: { after: "2" }, atEnd: false }));
    const late = await ingest.savePage(test.workspaceId, { connectionId, stream, from: null, page: first });
    expect(late).toEqual({ outcome: "superseded" });
    expect(await ingest.streamState(test.workspaceId, connectionId, stream)).toMatchObject({ cursor: { after: "2" } });
  });

  it("saved by two workers at the same instant counts once", async () => {
    const same = { connectionId, stream, from: null, page: page([person("1")], { atEnd: false }) };
    const outcomes = await Promise.all([
      ingest.savePage(test.workspaceId, same),
      ingest.savePage(test.workspaceId, same),
    ]);
    expect(outcomes.map(({ outcome }) => outcome).toSorted()).toEqual(["saved", "superseded"]);
    expect(await rows("SELECT records_read FROM stream_state WHERE connection_id = $1")).toEqual([{ records_read: 1 }]);
  });

  it("recognises the cursor whatever the order of its keys", async () => {
    await save(null, page([], { next: { since: "2026-01-01T00:00:00Z", a: { z: 1, b: [2] } }, atEnd: false }));
    const saved = await ingest.savePage(test.workspaceId, {
      connectionId,
      stream,
      from: { a: { b: [2], z: 1 }, since: "2026-01-01T00:00:00Z" },
      page: page([]),
    });
    expect(saved.outcome).toBe("saved");
  });

  it("keeps the newest of a record named twice", async () => {
    const newer = person("1", { updatedAt: "2026-06-01T00:00:00Z", firstName: "New" });
    const counts = await save(null, page([newer, person("1", { firstName: "Old" })]));
    expect(counts).toMatchObject({ records: 2, inserted: 1, stale: 1 });
    expect(await rows(NAME)).toEqual([{ name: "New" }]);
  });

  it("takes text that Postgres cannot hold without losing the row", async () => {
    await save(
      null,
      page([person("1", { firstName: "A\u0000da \ud800 \\u0000" }), touchpoint("t", "1", { campaign: "a\u0000b" })]),
    );
    expect(await rows(NAME)).toEqual([{ name: "Ada \ufffd \\u0000" }]);
    expect(await rows("SELECT campaign FROM touchpoint WHERE connection_id = $1")).toEqual([{ campaign: "ab" }]);
  });
});

describe("the same record again", () => {
  const touchedSeq = async () =>
    (
      await rows<{ seq: number }>(
        "SELECT touched_seq AS seq FROM unresolved JOIN source_record USING (workspace_id, record_id) WHERE connection_id = $1",
      )
    )[0]?.seq;

  it("changes nothing when equal, whatever the order of its keys, and when merely touched", async () => {
    await save(null, page([person("1")]));
    const before = await touchedSeq();
    const { id, ...rest } = person("1", { updatedAt: "2026-07-01T00:00:00Z" });
    expect(await save({ after: "1" }, page([{ ...rest, id }]))).toMatchObject({ unchanged: 1, changed: 0 });
    expect(await touchedSeq()).toBe(before);
  });

  it("is marked for identity when its content changed", async () => {
    await save(null, page([person("1")]));
    const before = await touchedSeq();
    const changed = person("1", { firstName: "Adele", updatedAt: "2026-07-01T00:00:00Z" });
    expect(await save({ after: "1" }, page([changed]))).toMatchObject({ unchanged: 0, changed: 1 });
    expect(await touchedSeq()).toBeGreaterThan(before ?? Infinity);
  });

  it("is ignored when older than what is stored, also when that was only touched since", async () => {
    await save(null, page([person("1")]));
    await save({ after: "1" }, page([person("1", { updatedAt: "2026-07-01T00:00:00Z" })]));
    const late = person("1", { firstName: "Late", updatedAt: "2026-06-01T00:00:00Z" });
    expect(await save({ after: "1" }, page([late]))).toMatchObject({ stale: 1, changed: 0 });
    expect(await rows(NAME)).toEqual([{ name: "Ada" }]);
  });

  it("is taken in order of arrival where the vendor gives no time", async () => {
    await save(null, page([person("1", { updatedAt: null })]));
    expect(await save({ after: "1" }, page([person("1", { updatedAt: null, city: "Leeds" })]))).toMatchObject({
      changed: 1,
    });
  });
});

describe("a fact", () => {
  it("marks the profile of its person when new or changed, and not when unchanged", async () => {
    await save(null, page([person("1")]));
    const profileId = await profileOf("1");
    for (const fact of [
      order("o", "1"),
      subscription("s", "1"),
      touchpoint("t", "1"),
      consent("c", "1"),
      deal("d", ["1"]),
    ]) {
      await save({ after: "1" }, page([fact]));
      expect([fact.kind, await isTouched(profileId)]).toEqual([fact.kind, true]);
      await save({ after: "1" }, page([fact]));
      expect([fact.kind, await isTouched(profileId)]).toEqual([fact.kind, false]);
    }
  });

  it("marks both profiles when it moves from one person to another", async () => {
    await save(null, page([person("1"), person("2"), order("o", "1")]));
    const profiles = [await profileOf("1"), await profileOf("2")];
    await save({ after: "1" }, page([order("o", "2")]));
    expect(await Promise.all(profiles.map(isTouched))).toEqual([true, true]);
  });

  it("may arrive before its person", async () => {
    await save(null, page([order("o", "9")]));
    expect(await rows("SELECT person_record_id AS id FROM customer_order WHERE connection_id = $1")).toEqual([
      { id: recordOf("9") },
    ]);
  });
});

describe("the consent ledger", () => {
  it("holds a statement once, keeps the earlier one when a new one comes, and never forgets one", async () => {
    await save(null, page([consent("a", "1")]));
    const withdrawal = consent("a", "1", { state: "withdrawn", effectiveAt: "2026-04-01T00:00:00Z" });
    const counts = await save(
      { after: "1" },
      page([consent("other id", "1"), withdrawal, { ...withdrawal, deleted: true, id: "z" }]),
    );
    expect(counts).toMatchObject({ inserted: 1, unchanged: 2 });
    expect(await rows("SELECT state FROM consent_entry WHERE connection_id = $1 ORDER BY effective_at")).toEqual([
      { state: "granted" },
      { state: "withdrawn" },
    ]);
  });
});

describe("a full read", () => {
  const fullScan = { atEnd: true, fullScan: true };

  it("marks what it no longer lists as deleted and what it lists as live, over several pages", async () => {
    await save(null, page([person("1"), person("2"), person("3"), order("o", "3"), order("p", "1")], fullScan));
    await owner.query("DELETE FROM unresolved");
    const gone = await profileOf("3");
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    expect(
      await save(null, page([person("1"), order("p", "1")], { atEnd: false, next: { after: "2" } })),
    ).toMatchObject({
      unchanged: 2,
      vanished: 0,
    });
    const changed = person("2", { firstName: "Bea" });
    expect(await save({ after: "2" }, page([changed, person("4")], fullScan))).toMatchObject({
      changed: 1,
      inserted: 1,
      vanished: 2,
    });
    expect(
      await rows(
        `SELECT vendor_id, touched_seq IS NOT NULL AS marked
         FROM source_record LEFT JOIN unresolved USING (workspace_id, record_id) WHERE connection_id = $1 AND deleted`,
      ),
    ).toEqual([{ vendor_id: "3", marked: true }]);
    expect(await rows("SELECT vendor_id FROM customer_order WHERE connection_id = $1 AND deleted")).toEqual([
      { vendor_id: "o" },
    ]);
    expect(await isTouched(gone)).toBe(true);
    expect(await rows("SELECT 1 FROM full_read_seen WHERE connection_id = $1")).toEqual([]);
    expect(await ingest.streamState(test.workspaceId, connectionId, stream)).toMatchObject({
      complete: true,
      fullReadStartedAt: null,
      errorKind: null,
    });
  });

  it("brings back what it lists again", async () => {
    await save(null, page([person("1"), person("2")], fullScan));
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    await save(null, page([person("1")], fullScan));
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    expect(await save(null, page([person("1"), person("2")], fullScan))).toMatchObject({
      changed: 1,
      unchanged: 1,
      vanished: 0,
    });
    expect(await rows("SELECT vendor_id FROM source_record WHERE connection_id = $1 AND deleted")).toEqual([]);
  });

  it("deletes nothing when its end does not claim to have seen everything, nor does an incremental page", async () => {
    await save(null, page([person("1"), person("2")]));
    expect(await save({ after: "1" }, page([person("1")], fullScan))).toMatchObject({ vanished: 0 });
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    expect(await save(null, page([person("1")]))).toMatchObject({ vanished: 0 });
  });

  it("compares with the vendor's count", async () => {
    await save(null, page([person("1"), person("2"), person("3", { deleted: true }), deal("d", [])]));
    expect(await ingest.reconcile(test.workspaceId, connectionId, stream, "person", 3)).toEqual({
      vendorCount: 3,
      storedCount: 2,
      difference: 1,
    });
    expect(await ingest.streamState(test.workspaceId, connectionId, stream)).toMatchObject({
      vendorCount: 3,
      storedCount: 2,
    });
  });
});

describe("a row that cannot be stored", () => {
  const listed = async () => {
    const found: StoredReject[] = [];
    for await (const reject of ingest.rejects(test.workspaceId, connectionId, stream)) found.push(reject);
    return found;
  };

  it("waits as a dead letter and leaves when it passes", async () => {
    const bad = { ref: "7", reason: "no e-mail", raw: { name: "A\u0000" } };
    expect(await save(null, page([person("1")], { rejects: [bad, { ...bad, ref: "8" }], rawCount: 3 }))).toMatchObject({
      rejected: 2,
    });
    await save({ after: "1" }, page([person("7")]));
    expect((await listed()).map(({ ref }) => ref)).toEqual(["8"]);
  });

  it("is forgotten when a full read begins", async () => {
    await save(null, page([], { rejects: [{ ref: "line 3", reason: "no e-mail", raw: null }] }));
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    await save(null, page([]));
    expect(await listed()).toEqual([]);
  });

  it("does not hold up the page when a connector made it malformed, and no value of it is in the reason", async () => {
    const broken = { ...order("o", "1"), amountMinor: 12.5, currency: "secret" };
    expect(await save(null, page([person("1"), broken]))).toMatchObject({ inserted: 1, rejected: 1 });
    const [reject] = await listed();
    expect(reject?.reason).toContain("amountMinor");
    expect(reject?.reason).not.toContain("secret");
  });
});

it("says what went wrong with a stream until a page goes well again", async () => {
  await save(null, page([person("1")]));
  await ingest.recordFailure(test.workspaceId, connectionId, stream, "auth", "Reconnect the account.");
  expect(await ingest.streamState(test.workspaceId, connectionId, stream)).toMatchObject({
    complete: false,
    errorKind: "auth",
    errorMessage: "Reconnect the account.",
  });
  await save({ after: "1" }, page([]));
  expect(await ingest.streamState(test.workspaceId, connectionId, stream)).toMatchObject({
    complete: true,
    errorKind: null,
  });
});

it("leaves nothing behind when a page fails after its rows were written", async () => {
  const unwritable = page([person("1"), order("o", "1")], { next: { after: 1n } });
  await expect(save(null, unwritable)).rejects.toThrow("BigInt");
  expect(await rows("SELECT 1 FROM source_record WHERE connection_id = $1")).toEqual([]);
  expect(await ingest.streamState(test.workspaceId, connectionId, stream)).toMatchObject({
    cursor: null,
    recordsRead: 0,
  });
});
