/** How each kind of record lies in its table: columns, types and whom it is about. */
import type {
  CanonicalRecord,
  DealRecord,
  OrderRecord,
  OrganisationRecord,
  PersonRecord,
  PersonRef,
  SubscriptionRecord,
  TouchpointRecord,
} from "#connectors/core/records.ts";
import { recordIdOf, type ConnectionId, type RecordId } from "#profile/ids.ts";

/** A record ready to be stored. */
export interface Prepared<Record> {
  record: Record;
  recordId: RecordId;
  /** Hex SHA-256 of the content without `updatedAt`. */
  hash: string;
  /** The whole record as JSON that Postgres takes. */
  json: string;
  /** The person records it is about; for a person itself none. */
  people: RecordId[];
}

interface Column<Record> {
  name: string;
  /** Element type of the array parameter. */
  type: string;
  /** Turns the parameter into the column's type, where an array cannot carry it. */
  cast?: string;
  of(row: Prepared<Record>): unknown;
}

export interface Table<Record extends CanonicalRecord> {
  name: string;
  columns: Column<Record>[];
  /** SQL: the stored row's people, as uuid[]. */
  storedPeople: string;
  /** SQL assignments when the content changes. */
  onChange: string;
  /** SQL assignments when a full read no longer lists the row. */
  onVanish: string;
}

export type SourceRecord = PersonRecord | OrganisationRecord | DealRecord;

const FACT = {
  storedPeople: "array_remove(ARRAY[person_record_id], NULL)",
  onChange: "listed_at = now()",
  onVanish: "deleted = true",
};

const person = <Record>(): Column<Record> => ({
  name: "person_record_id",
  type: "uuid",
  of: (row) => row.people[0] ?? null,
});

export const sourceRecords: Table<SourceRecord> = {
  name: "source_record",
  columns: [
    { name: "kind", type: "text", of: ({ record }) => record.kind },
    { name: "data", type: "text", cast: "jsonb", of: ({ json }) => json },
    {
      name: "source_created_at",
      type: "timestamptz",
      of: ({ record }) => (record.kind === "organisation" ? null : record.createdAt),
    },
    {
      name: "person_record_ids",
      type: "text",
      cast: "uuid[]",
      of: ({ record, people }) => (record.kind === "person" ? null : `{${people.join()}}`),
    },
  ],
  storedPeople: "coalesce(person_record_ids, '{}')",
  onChange: "listed_at = now(), changed_at = now(), touched_seq = nextval('change_seq')",
  onVanish: `deleted = true, data = jsonb_set(data, '{deleted}', 'true'), changed_at = now(),
    touched_seq = nextval('change_seq')`,
};

export const orders: Table<OrderRecord> = {
  ...FACT,
  name: "customer_order",
  columns: [
    person(),
    { name: "placed_at", type: "timestamptz", of: ({ record }) => record.placedAt },
    { name: "amount_minor", type: "int8", of: ({ record }) => record.amountMinor },
    { name: "refunded_minor", type: "int8", of: ({ record }) => record.refundedMinor },
    { name: "currency", type: "text", of: ({ record }) => record.currency },
    { name: "status", type: "text", of: ({ record }) => record.status },
    { name: "channel", type: "text", of: ({ record }) => record.channel },
  ],
};

export const subscriptions: Table<SubscriptionRecord> = {
  ...FACT,
  name: "subscription",
  columns: [
    person(),
    { name: "status", type: "text", of: ({ record }) => record.status },
    { name: "started_at", type: "timestamptz", of: ({ record }) => record.startedAt },
    { name: "current_period_end", type: "timestamptz", of: ({ record }) => record.currentPeriodEnd },
    { name: "ended_at", type: "timestamptz", of: ({ record }) => record.endedAt },
    { name: "amount_minor", type: "int8", of: ({ record }) => record.amountMinor },
    { name: "currency", type: "text", of: ({ record }) => record.currency },
    { name: "interval", type: "text", of: ({ record }) => record.interval },
  ],
};

export const touchpoints: Table<TouchpointRecord> = {
  ...FACT,
  name: "touchpoint",
  columns: [
    person(),
    { name: "type", type: "text", of: ({ record }) => record.type },
    { name: "at", type: "timestamptz", of: ({ record }) => record.at },
    { name: "channel", type: "text", of: ({ record }) => record.channel },
    { name: "campaign", type: "text", of: ({ record }) => record.campaign },
    { name: "amount_minor", type: "int8", of: ({ record }) => record.amountMinor },
    { name: "currency", type: "text", of: ({ record }) => record.currency },
  ],
};

/** The person records a record is about: several for a deal, at most one for a fact, none for a person. */
export function peopleOf(record: CanonicalRecord, connectionId: ConnectionId): RecordId[] {
  const idOf = (ref: PersonRef) => recordIdOf(connectionId, ref.stream, ref.id);
  switch (record.kind) {
    case "person":
      return [];
    case "organisation":
    case "deal":
      return record.people.map(idOf);
    default:
      return record.person === null ? [] : [idOf(record.person)];
  }
}
