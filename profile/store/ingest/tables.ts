/** How each kind of record lies in its table: columns, types and whom it is about. */
import type {
  ConsentRecord,
  DealRecord,
  FigureRecord,
  OrderRecord,
  OrganisationRecord,
  SubscriptionRecord,
  TouchpointRecord,
} from "#connectors/core/records.ts";
import type { ConnectionId, RecordId } from "#profile/ids.ts";
import type { Transaction } from "../database.ts";
import type { KeptPerson, KeptRecord } from "./sensitive.ts";
import { markChanged } from "../identity/marks.ts";
import { insertInto, type Column, type Insertion } from "../insert.ts";

/** A record ready to be stored. */
export interface Prepared<Record> {
  record: Record;
  recordId: RecordId;
  /** The record without `updatedAt`, as JSON that Postgres takes. */
  text: string;
  /** Its SHA-256, in hex. */
  hash: string;
  /** The person records it is about; for a person itself none. */
  people: RecordId[];
}

/** What has a row of its own in a table of its kind. Consent is a ledger, and figures belong to a day. */
export type StoredRecord = Exclude<KeptRecord, ConsentRecord | FigureRecord>;

/** A statement of consent, and the person record it is about. */
export interface Stated {
  record: ConsentRecord;
  personId: RecordId;
}

interface Shape<Record extends StoredRecord> {
  name: string;
  /** Besides those that every table has. */
  columns: Readonly<{ [name: string]: Column<Prepared<Record>> }>;
  /** SQL: the stored row's people, as uuid[]. */
  storedPeople: string;
  /** SQL: the record that identity has to look at when this row vanished, as uuid; null: none. */
  storedPerson: string;
  /** SQL assignments when the content changes. */
  onChange: string;
  /** SQL assignments when a full read no longer lists the row. */
  onVanish: string;
}

type Write<Record> = (
  transaction: Transaction,
  rows: Prepared<Record>[],
  /** Connection and stream. */
  constants: [ConnectionId, string],
) => Promise<void>;

export interface Table<Record extends StoredRecord> extends Shape<Record> {
  /** Inserts rows that the table does not hold, and writes what belongs to them. */
  insert: Write<Record>;
  /** The same for rows that it may hold: looking for each once more costs a fifth of writing it. */
  upsert: Write<Record>;
  /** Notes versions that others took the place of, where versions are kept. */
  supersede?(transaction: Transaction, versions: readonly Said[]): Promise<void>;
}

/** A version of what a vendor said of a record; the hash in hex. */
export interface Said {
  recordId: RecordId;
  hash: string;
}

/** What else is written for rows that are new or changed. */
interface Alongside<Record> {
  inserted(transaction: Transaction, rows: readonly Prepared<Record>[]): Promise<void>;
  upserted(transaction: Transaction, rows: readonly Prepared<Record>[]): Promise<void>;
  supersede(transaction: Transaction, versions: readonly Said[]): Promise<void>;
}

function table<Record extends StoredRecord>(shape: Shape<Record>, alongside?: Alongside<Record>): Table<Record> {
  const into = {
    table: shape.name,
    constants: ["connection_id", "stream"],
    columns: {
      record_id: { type: "uuid", of: ({ recordId }) => recordId },
      vendor_id: { type: "text", of: ({ record }) => record.id },
      hash: { type: "text", cast: "bytea", of: ({ hash }) => `\\x${hash}` },
      source_updated_at: { type: "timestamptz", of: ({ record }) => record.updatedAt },
      deleted: { type: "bool", of: ({ record }) => record.deleted },
      ...shape.columns,
    },
    key: ["record_id"],
  } satisfies Omit<Insertion<Prepared<Record>>, "onConflict">;
  const insert = insertInto<Prepared<Record>>({ ...into, onConflict: "fail" });
  const upsert = insertInto<Prepared<Record>>({
    ...into,
    onConflict: "update",
    also: shape.onChange,
    when: `stored.source_updated_at IS NULL OR excluded.source_updated_at IS NULL
      OR date_trunc('milliseconds', excluded.source_updated_at) >= date_trunc('milliseconds', stored.source_updated_at)`,
  });
  return {
    ...shape,
    async insert(transaction, rows, constants) {
      await Promise.all([insert(transaction, rows, constants), alongside?.inserted(transaction, rows)]);
    },
    async upsert(transaction, rows, constants) {
      await Promise.all([upsert(transaction, rows, constants), alongside?.upserted(transaction, rows)]);
    },
    ...(alongside === undefined ? {} : { supersede: alongside.supersede }),
  };
}

export type SourceRecord = KeptPerson | OrganisationRecord | DealRecord;

const FACT = {
  storedPeople: "array_remove(ARRAY[person_record_id], NULL)",
  storedPerson: "NULL::uuid",
  onChange: "listed_at = now()",
  onVanish: "deleted = true",
};

const person_record_id: Column<Prepared<StoredRecord>> = { type: "uuid", of: ({ people }) => people[0] };

const personText = (of: (record: KeptPerson) => string | null): Column<Prepared<SourceRecord>> => ({
  type: "text",
  of: ({ record }) => (record.kind === "person" ? of(record) : null),
});

function wholeOf({ record, text }: Prepared<SourceRecord>): string {
  return `{"updatedAt":${JSON.stringify(record.updatedAt)},${text.slice(1)}`;
}

const contents: Omit<Insertion<Prepared<SourceRecord>>, "onConflict"> = {
  table: "source_content",
  columns: {
    record_id: { type: "uuid", of: (row) => row.recordId },
    hash: { type: "text", cast: "bytea", of: (row) => `\\x${row.hash}` },
    data: { type: "text", cast: "json", of: wholeOf },
  },
  key: ["record_id", "hash"],
};
const insertContents = insertInto({ ...contents, onConflict: "fail" });
/** A record may say again what it said before. */
const addContents = insertInto({ ...contents, onConflict: "ignore" });

/** Said again and superseded again: it counts from then. */
const noteSuperseded = insertInto<Said>({
  table: "superseded_content",
  columns: {
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
    hash: { type: "text", cast: "bytea", of: ({ hash }) => `\\x${hash}` },
  },
  key: ["record_id", "hash"],
  onConflict: "update",
  also: "since = excluded.since",
});

const markPeople = (transaction: Transaction, rows: readonly Prepared<SourceRecord>[]): Promise<void> =>
  markChanged(
    transaction,
    rows.filter(({ record }) => record.kind === "person").map(({ recordId }) => recordId),
  );

export const sourceRecords = table<SourceRecord>(
  {
    name: "source_record",
    columns: {
      kind: { type: "text", of: ({ record }) => record.kind },
      source_created_at: {
        type: "timestamptz",
        of: ({ record }) => (record.kind === "organisation" ? null : record.createdAt),
      },
      first_name: personText((record) => record.firstName),
      last_name: personText((record) => record.lastName),
      postcode: personText((record) => record.postcode),
      email: personText(({ emails }) => emails[0] ?? null),
      phone: personText(({ phones }) => phones[0] ?? null),
      person_record_ids: {
        type: "text",
        cast: "uuid[]",
        of: ({ record, people }) => (record.kind === "person" ? null : `{${people.join()}}`),
      },
      deal_status: { type: "text", of: ({ record }) => (record.kind === "deal" ? record.status : null) },
    },
    storedPeople: "coalesce(person_record_ids, '{}')",
    storedPerson: "CASE WHEN kind = 'person' THEN record_id END",
    onChange: "listed_at = now(), changed_at = now()",
    onVanish: "deleted = true, changed_at = now()",
  },
  {
    async inserted(transaction, rows) {
      await Promise.all([insertContents(transaction, rows), markPeople(transaction, rows)]);
    },
    async upserted(transaction, rows) {
      await Promise.all([addContents(transaction, rows), markPeople(transaction, rows)]);
    },
    async supersede(transaction, versions) {
      await noteSuperseded(transaction, versions);
    },
  },
);

export const orders = table<OrderRecord>({
  ...FACT,
  name: "customer_order",
  columns: {
    person_record_id,
    placed_at: { type: "timestamptz", of: ({ record }) => record.placedAt },
    amount_minor: { type: "int8", of: ({ record }) => record.amountMinor },
    refunded_minor: { type: "int8", of: ({ record }) => record.refundedMinor },
    currency: { type: "text", of: ({ record }) => record.currency },
    status: { type: "text", of: ({ record }) => record.status },
    channel: { type: "text", of: ({ record }) => record.channel },
  },
});

export const subscriptions = table<SubscriptionRecord>({
  ...FACT,
  name: "subscription",
  columns: {
    person_record_id,
    status: { type: "text", of: ({ record }) => record.status },
    started_at: { type: "timestamptz", of: ({ record }) => record.startedAt },
    current_period_end: { type: "timestamptz", of: ({ record }) => record.currentPeriodEnd },
    ended_at: { type: "timestamptz", of: ({ record }) => record.endedAt },
    amount_minor: { type: "int8", of: ({ record }) => record.amountMinor },
    currency: { type: "text", of: ({ record }) => record.currency },
    interval: { type: "text", of: ({ record }) => record.interval },
  },
});

export const touchpoints = table<TouchpointRecord>({
  ...FACT,
  name: "touchpoint",
  columns: {
    person_record_id,
    type: { type: "text", of: ({ record }) => record.type },
    at: { type: "timestamptz", of: ({ record }) => record.at },
    channel: { type: "text", of: ({ record }) => record.channel },
    campaign: { type: "text", of: ({ record }) => record.campaign },
    amount_minor: { type: "int8", of: ({ record }) => record.amountMinor },
    currency: { type: "text", of: ({ record }) => record.currency },
  },
});

/** The record a vendor's id names, in this stream or another of the connection. */
export type IdOf = (vendorId: string, stream?: string) => RecordId;

/** The person records a record is about: several for a deal, at most one for a fact, none for a person. */
export function peopleOf(record: StoredRecord, idOf: IdOf): RecordId[] {
  switch (record.kind) {
    case "person":
      return [];
    case "organisation":
    case "deal":
      return record.people.map(({ id, stream }) => idOf(id, stream));
    default:
      return record.person === null ? [] : [idOf(record.person.id, record.person.stream)];
  }
}
