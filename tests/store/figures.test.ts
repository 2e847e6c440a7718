/** Figures by day in the store: a day is replaced as a whole, alone, and with its position. */
import { describe, expect, it } from "vitest";
import type { RecordPage } from "#connectors/core/contract.ts";
import type { CanonicalRecord } from "#connectors/core/records.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createRetentionStore } from "#profile/store/retention/store.ts";
import { createFigureReader } from "#profile/store/views/figures.ts";
import { connectionId, connectionName, ingest, owner, test, useConnection } from "#tests/support/connection.ts";
import { metric, page, person, replaced, spend } from "#tests/support/records.ts";

const DAY = 86_400_000;
const [FIRST, SECOND] = ["2026-11-01", "2026-11-02"];
const stream = "campaigns";
useConnection("csv");

let at: { n: number } | null = null;
async function save(records: CanonicalRecord[], days = replaced([FIRST]), fields: Partial<RecordPage> = {}) {
  const from =
    fields.next === undefined ? (await ingest.streamState(test.workspaceId, connectionId, stream)).cursor : null;
  at = { n: (at?.n ?? 0) + 1 };
  const given = page(records, { days, next: at, ...fields });
  return ingest.savePage(test.workspaceId, { connectionId, stream, from, page: given });
}
const countsOf = async (saved: ReturnType<typeof save>) => {
  const answer = await saved;
  if (answer.outcome !== "saved") throw new Error(answer.outcome);
  const { inserted, changed, unchanged, vanished, rejected } = answer.counts;
  return { inserted, changed, unchanged, vanished, rejected };
};
const NOTHING = { inserted: 0, changed: 0, unchanged: 0, vanished: 0, rejected: 0 };

/** `day id value` of what is held. */
async function held(): Promise<string[]> {
  const { rows } = await owner.query<{ line: string }>(
    `SELECT concat_ws(' ', day, dimensions ->> 'channel', name, value) AS line FROM metric WHERE connection_id = $1
     UNION ALL SELECT concat_ws(' ', day, dimensions ->> 'campaign', 'spend', amount_micros) FROM spend WHERE connection_id = $1
     ORDER BY 1`,
    [connectionId],
  );
  return rows.map(({ line }) => line);
}
const dayRows = async () =>
  (
    await owner.query(
      `SELECT day::text, flags, whole, settled, corrections, corrected_at IS NOT NULL AS corrected, xmin FROM figure_day
       WHERE connection_id = $1 ORDER BY account, day`,
      [connectionId],
    )
  ).rows;

describe("a day that is read again", () => {
  it("takes the place of what was held of it: changed rows, new ones, and those that disappeared", async () => {
    await save([metric("a"), metric("b"), metric("c"), spend("s", { amountMicros: 5 })]);
    const counts = await countsOf(
      save([metric("a"), metric("b", { value: 11 }), metric("d"), spend("s", { amountMicros: 6 })]),
    );
    expect(counts).toEqual({ ...NOTHING, unchanged: 1, changed: 2, inserted: 1, vanished: 1 });
    expect(await held()).toEqual([
      `${FIRST} a sessions 10`,
      `${FIRST} b sessions 11`,
      `${FIRST} d sessions 10`,
      `${FIRST} s spend 6`,
    ]);
  });

  it("leaves other days, accounts, streams and connections as they are, whatever ids their rows have", async () => {
    await save([metric("a"), metric("a", { day: SECOND })], replaced([FIRST, SECOND]));
    expect(await held()).toHaveLength(2);
    await save([metric("a", { account: "properties/2" })], replaced([FIRST], { account: "properties/2" }));
    await save([], replaced([FIRST]));
    expect(await held()).toEqual([`${FIRST} a sessions 10`, `${SECOND} a sessions 10`]);
  });

  it("counts rows of one id and several names or kinds as several", async () => {
    await save([metric("a"), metric("a", { name: "key_events", value: 2 }), spend("a")]);
    expect(await held()).toHaveLength(3);
  });

  it("becomes empty where the tool now says that there was nothing, and is still a day that was read", async () => {
    await save([metric("a"), spend("b")]);
    expect(await countsOf(save([]))).toEqual({ ...NOTHING, vanished: 2 });
    expect(await held()).toEqual([]);
    expect(await dayRows()).toMatchObject([{ day: FIRST, whole: true, corrections: 1 }]);
  });

  it("costs no row where nothing differs", async () => {
    await save([metric("a")]);
    const before = [
      await dayRows(),
      (await owner.query("SELECT xmin FROM metric WHERE connection_id = $1", [connectionId])).rows,
    ];
    expect(await countsOf(save([metric("a")]))).toEqual({ ...NOTHING, unchanged: 1 });
    const after = [
      await dayRows(),
      (await owner.query("SELECT xmin FROM metric WHERE connection_id = $1", [connectionId])).rows,
    ];
    expect(after).toEqual(before);
  });

  it("keeps what seems to be missing while a row of it could not be understood, and says so", async () => {
    await save([metric("a"), metric("b")]);
    const broken = { ...metric("b"), value: "many" } as unknown as CanonicalRecord;
    expect(await countsOf(save([metric("a"), broken]))).toMatchObject({ vanished: 0, rejected: 1 });
    expect(await held()).toHaveLength(2);
    expect(await dayRows()).toMatchObject([{ whole: false }]);
    expect(await countsOf(save([metric("a")]))).toMatchObject({ vanished: 1 });
    expect(await dayRows()).toMatchObject([{ whole: true }]);
  });

  it("is one with the reading position: a page read from a stale one replaces nothing", async () => {
    await save([metric("a")]);
    const late = ingest.savePage(test.workspaceId, {
      ...{ connectionId, stream, from: { n: -1 } },
      page: page([], { days: replaced([FIRST]), next: { n: -2 } }),
    });
    expect(await late).toEqual({ outcome: "superseded" });
    expect(await held()).toHaveLength(1);
  });

  it("keeps rows of days that a full read does not come to", async () => {
    await save([metric("a")], replaced([FIRST]), { next: { n: 100 } });
    await ingest.resetCursor(test.workspaceId, connectionId, stream);
    await save([metric("b", { day: SECOND })], replaced([SECOND]), { next: { n: 101 } });
    expect(await held()).toEqual([`${FIRST} a sessions 10`, `${SECOND} b sessions 10`]);
  });
});

it("a figure of a day that its page does not name is refused", async () => {
  const counts = await countsOf(save([metric("a", { day: SECOND })], replaced([FIRST])));
  expect(counts).toEqual({ ...NOTHING, rejected: 1 });
  expect(await held()).toEqual([]);
});

it("figures touch nobody: no record to resolve, no profile to compute", async () => {
  await save([person("1"), metric("a"), spend("b")]);
  const { rows } = await owner.query(
    "SELECT count(*)::int AS people FROM unresolved u JOIN source_record r USING (workspace_id, record_id) WHERE connection_id = $1",
    [connectionId],
  );
  expect(rows).toEqual([{ people: 1 }]);
  const before = await owner.query("SELECT last_value FROM change_seq");
  await save([metric("a", { value: 12 })]);
  expect((await owner.query("SELECT last_value FROM change_seq")).rows).toEqual(before.rows);
});

it("shows sums by day, told apart as asked, with what is to be known of them", async () => {
  const reader = createFigureReader(test.database);
  await save(
    [
      metric("a", { value: 3, dimensions: { channel: "Email", page: "/1" } }),
      metric("b", { value: 4, dimensions: { channel: "Email", page: "/2" } }),
      metric("c", { value: 5, dimensions: { channel: "(other)" } }),
      metric("a", { name: "rate", unit: "ratio", value: 0.5 }),
      metric("b", { name: "rate", unit: "ratio", value: 0.7 }),
      spend("s", { amountMicros: 1_000_000 }),
      spend("t", { amountMicros: 2_500_000 }),
    ],
    replaced([FIRST], { flags: ["thresholded", "other"], settled: false }),
  );
  const query = { from: FIRST, to: SECOND };
  const lines = (await reader.metrics(test.workspaceId, query)).filter(
    (line) => line.connectionName === connectionName,
  );
  expect(lines.map(({ name, value, rows }) => [name, value, rows])).toEqual([
    ["rate", null, 2],
    ["sessions", 12, 3],
  ]);
  expect(lines[0]).toMatchObject({ flags: ["other", "thresholded"], whole: true, settled: false, day: FIRST });
  const parts = await reader.metrics(test.workspaceId, { ...query, by: "channel", stream });
  const ours = parts.filter((line) => line.connectionName === connectionName && line.name === "sessions");
  expect(ours.map(({ part, value }) => [part, value])).toEqual([
    ["Email", 7],
    ["(other)", 5],
  ]);
  const spent = (await reader.spend(test.workspaceId, query)).filter((line) => line.connectionName === connectionName);
  expect(spent.map(({ value, currency }) => [value, currency])).toEqual([[3_500_000, "GBP"]]);
});

it("says which days are in hand, which were not read, and how many were corrected", async () => {
  await save(
    [metric("a")],
    [...replaced([FIRST]), ...replaced(["2026-11-04"], { flags: ["sampled"], settled: false })],
  );
  await save([metric("a", { value: 12 })]);
  const days = await createFigureReader(test.database).days(test.workspaceId);
  expect(days.find((one) => one.connectionName === connectionName)).toMatchObject({
    ...{ first: FIRST, last: "2026-11-04", days: 2, missing: 2, partial: 0, unsettled: 1, corrected: 1 },
    flagged: { thresholded: 0, sampled: 1, other: 0 },
  });
});

it("figures past their time go, whole days at once, and no others", async () => {
  await owner.query("DELETE FROM figure_day; DELETE FROM metric; DELETE FROM spend");
  await save([metric("a"), metric("b"), spend("s"), metric("a", { day: SECOND })], replaced([FIRST, SECOND]));
  const retention = createRetentionStore(test.database);
  await retention.keep(test.workspaceId, { figures: 100 });
  const when = Date.parse(SECOND) + 100 * DAY;
  expect((await retention.preview(test.workspaceId, when)).figures).toMatchObject({ rows: { days: 1, figures: 3 } });
  expect((await retention.prune(test.workspaceId, when)).pruned.figures).toMatchObject({
    rows: { days: 1, figures: 3 },
  });
  expect(await held()).toEqual([`${SECOND} a sessions 10`]);
  expect((await retention.oldest(test.workspaceId)).figures?.toISOString()).toBe("2026-11-02T00:00:00.000Z");
  await retention.keep(test.workspaceId, { figures: null });
  expect((await retention.prune(test.workspaceId, when + 9_000 * DAY)).pruned.figures.rows).toEqual({});
});

it("figures of one workspace are none of another's", async () => {
  await save([metric("a"), spend("b")]);
  const other = await createConnectionStore(test.database).createWorkspace({
    ...{ slug: "other", name: "Other", defaultCountry: "DE", currency: "EUR", timeZone: "UTC" },
  });
  for (const table of ["metric", "spend", "figure_day"]) {
    const rows = await test.database.inWorkspace(other.workspaceId, ({ query }) => query(`SELECT 1 FROM ${table}`));
    expect([table, rows]).toEqual([table, []]);
  }
});

it("characters that a database cannot hold do not hold up a day", async () => {
  await save([metric("1", { dimensions: { channel: "a\u0000b\ud800" } })]);
  expect(await held()).toEqual([`${FIRST} ab\ufffd sessions 10`]);
});
