/**
 * Figures by day. What a vendor says of a day takes the place of what it said before: rows that are there no longer go, and
 * other days stay as they are. The table `figure_day` says which days are in hand, and what is to be known of each.
 */
import type { ReplacedDay } from "#connectors/core/contract.ts";
import type { FigureRecord, MetricRecord, SpendRecord } from "#connectors/core/records.ts";
import type { ConnectionId, RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { insertInto, type Column } from "../insert.ts";
import type { Place } from "./save-rows.ts";

/** A figure ready to be stored; the hash in hex. */
export interface Figure<Record = FigureRecord> {
  record: Record;
  recordId: RecordId;
  hash: string;
}

export interface ReplacedFigures {
  inserted: number;
  changed: number;
  unchanged: number;
  /** The vendor says nothing of them any more: removed. */
  vanished: number;
}

type Columns<Record> = Readonly<{ [name: string]: Column<Figure<Record>> }>;

const COMMON: Columns<FigureRecord> = {
  record_id: { type: "uuid", of: ({ recordId }) => recordId },
  account: { type: "text", of: ({ record }) => record.account },
  day: { type: "text", cast: "date", of: ({ record }) => record.day },
  dimensions: { type: "text", cast: "jsonb", of: ({ record }) => JSON.stringify(record.dimensions) },
  flags: { type: "text", cast: "text[]", of: ({ record }) => `{${record.flags.join()}}` },
  hash: { type: "text", cast: "bytea", of: ({ hash }) => `\\x${hash}` },
};

interface FigureTable<Record extends FigureRecord> {
  name: Record["kind"];
  write(transaction: Transaction, rows: Figure<Record>[], place: [ConnectionId, string]): Promise<unknown>;
}

function table<Record extends FigureRecord>(name: Record["kind"], columns: Columns<Record>): FigureTable<Record> {
  return {
    name,
    write: insertInto<Figure<Record>>({
      table: name,
      constants: ["connection_id", "stream"],
      columns: { ...COMMON, ...columns },
      key: ["record_id"],
      onConflict: "update",
    }),
  };
}

const spends = table<SpendRecord>("spend", {
  amount_micros: { type: "int8", of: ({ record }) => record.amountMicros },
  currency: { type: "text", of: ({ record }) => record.currency },
});

const metrics = table<MetricRecord>("metric", {
  name: { type: "text", of: ({ record }) => record.name },
  value: { type: "float8", of: ({ record }) => record.value },
  unit: { type: "text", of: ({ record }) => record.unit },
  currency: { type: "text", of: ({ record }) => record.currency },
});

/** The stream's lock is held, and nobody else removes these days: their rows in `figure_day` are locked here. */
export async function replaceDays(
  transaction: Transaction,
  place: Place,
  days: readonly ReplacedDay[],
  figures: readonly Figure[],
): Promise<ReplacedFigures> {
  const sum: ReplacedFigures = { inserted: 0, changed: 0, unchanged: 0, vanished: 0 };
  if (days.length === 0) return sum;
  await lockDays(transaction, place, days);
  const of = <Kind extends FigureRecord["kind"]>(kind: Kind) =>
    figures.filter((each): each is Figure<Extract<FigureRecord, { kind: Kind }>> => each.record.kind === kind);
  const differing = [
    await replaceIn(transaction, place, spends, days, of("spend"), sum),
    await replaceIn(transaction, place, metrics, days, of("metric"), sum),
  ];
  await noteDays(transaction, place, days, new Set(differing.flat()));
  return sum;
}

const dayKey = ({ account, day }: { account: string; day: string }): string => `${day} ${account}`;

const DAYS = "unnest($4::text[], $5::date[]) AS again (account, day)";

function keysOf(
  { workspaceId }: Transaction,
  { connectionId, stream }: Place,
  days: readonly ReplacedDay[],
): unknown[] {
  return [workspaceId, connectionId, stream, days.map(({ account }) => account), days.map(({ day }) => day)];
}

async function lockDays(transaction: Transaction, place: Place, days: readonly ReplacedDay[]): Promise<void> {
  const keys = keysOf(transaction, place, days);
  await transaction.query(
    `INSERT INTO figure_day (workspace_id, connection_id, stream, account, day)
     SELECT $1, $2, $3, account, day FROM ${DAYS} ORDER BY account, day ON CONFLICT DO NOTHING`,
    keys,
  );
  await transaction.query(
    `SELECT FROM figure_day JOIN ${DAYS} USING (account, day)
     WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 ORDER BY account, day FOR NO KEY UPDATE OF figure_day`,
    keys,
  );
}

interface Held {
  record_id: RecordId;
  hash: string;
  account: string;
  day: string;
}

/** @returns the days of which something changed */
async function replaceIn<Record extends FigureRecord>(
  transaction: Transaction,
  place: Place,
  { name, write }: FigureTable<Record>,
  days: readonly ReplacedDay[],
  figures: Figure<Record>[],
  sum: ReplacedFigures,
): Promise<string[]> {
  const stored = await transaction.query<Held>(
    `SELECT record_id, encode(hash, 'hex') AS hash, account, day::text AS day FROM ${name} JOIN ${DAYS} USING (account, day)
     WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
    keysOf(transaction, place, days),
  );
  const held = new Map(stored.map((row) => [row.record_id, row]));
  const written = figures.filter(({ recordId, hash }) => held.get(recordId)?.hash !== hash);
  const listedNow = new Set(figures.map(({ recordId }) => recordId));
  const partial = new Set(days.filter(({ whole }) => whole === false).map(dayKey));
  const gone = stored.filter((row) => !listedNow.has(row.record_id) && !partial.has(dayKey(row)));
  await write(transaction, written, [place.connectionId, place.stream]);
  if (gone.length > 0)
    await transaction.query(`DELETE FROM ${name} WHERE workspace_id = $1 AND record_id ${among("$2")}`, [
      transaction.workspaceId,
      listed(gone.map(({ record_id }) => record_id)),
    ]);
  const inserted = written.filter(({ recordId }) => !held.has(recordId)).length;
  sum.inserted += inserted;
  sum.changed += written.length - inserted;
  sum.unchanged += figures.length - written.length;
  sum.vanished += gone.length;
  return [...written.map(({ record }) => dayKey(record)), ...gone.map(dayKey)];
}

/** What is to be known of each day; a day of which nothing differs is left as it is. */
async function noteDays(
  transaction: Transaction,
  place: Place,
  days: readonly ReplacedDay[],
  differing: ReadonlySet<string>,
): Promise<void> {
  await transaction.query(
    `UPDATE figure_day AS known SET flags = again.flags::text[], whole = again.whole, settled = again.settled, read_at = coalesce(read_at, now()),
       corrected_at = CASE WHEN again.differs AND read_at IS NOT NULL THEN now() ELSE corrected_at END,
       corrections = corrections + (again.differs AND read_at IS NOT NULL)::int
     FROM unnest($4::text[], $5::date[], $6::text[], $7::bool[], $8::bool[], $9::bool[])
       AS again (account, day, flags, whole, settled, differs)
     WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND known.account = again.account AND known.day = again.day
       AND (read_at IS NULL OR again.differs OR (known.flags, known.whole, known.settled)
         IS DISTINCT FROM (again.flags::text[], again.whole, again.settled))`,
    [
      ...keysOf(transaction, place, days),
      days.map(({ flags }) => `{${flags.toSorted().join()}}`),
      days.map(({ whole }) => whole !== false),
      days.map(({ settled }) => settled),
      days.map((day) => differing.has(dayKey(day))),
    ],
  );
}
