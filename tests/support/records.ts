/** Canonical records for tests, with a plausible default for every field. */
import type {
  ConsentRecord,
  DealRecord,
  MetricRecord,
  OrderRecord,
  PersonRecord,
  SpendRecord,
  SubscriptionRecord,
  TouchpointRecord,
} from "#connectors/core/records.ts";
import type { RecordPage, ReplacedDay } from "#connectors/core/contract.ts";

const base = { updatedAt: "2026-05-01T00:00:00Z", deleted: false };

export function person(id: string, fields: Partial<PersonRecord> = {}): PersonRecord {
  return {
    ...base,
    kind: "person",
    id,
    createdAt: "2026-01-01T00:00:00Z",
    emails: [`person${id}@brightleaf.co.uk`],
    phones: [],
    firstName: "Ada",
    lastName: `Marsh ${id}`,
    company: null,
    country: "GB",
    postcode: null,
    city: null,
    externalIds: [],
    mergedInto: null,
    ...fields,
  };
}

export function order(id: string, personId: string | null, fields: Partial<OrderRecord> = {}): OrderRecord {
  return {
    ...base,
    kind: "order",
    id,
    person: personId === null ? null : { stream: "people", id: personId },
    placedAt: "2026-04-01T10:00:00Z",
    amountMinor: 2_500,
    refundedMinor: 0,
    currency: "GBP",
    status: "paid",
    channel: "online",
    ...fields,
  };
}

export function subscription(
  id: string,
  personId: string,
  fields: Partial<SubscriptionRecord> = {},
): SubscriptionRecord {
  return {
    ...base,
    kind: "subscription",
    id,
    person: { stream: "people", id: personId },
    status: "active",
    startedAt: "2026-02-01T00:00:00Z",
    currentPeriodEnd: null,
    endedAt: null,
    amountMinor: 900,
    currency: "GBP",
    interval: "month",
    ...fields,
  };
}

export function touchpoint(id: string, personId: string, fields: Partial<TouchpointRecord> = {}): TouchpointRecord {
  return {
    ...base,
    kind: "touchpoint",
    id,
    person: { stream: "people", id: personId },
    type: "visit",
    at: "2026-04-02T00:00:00Z",
    channel: null,
    campaign: null,
    amountMinor: null,
    currency: null,
    ...fields,
  };
}

export function consent(id: string, personId: string, fields: Partial<ConsentRecord> = {}): ConsentRecord {
  return {
    ...base,
    kind: "consent",
    id,
    person: { stream: "people", id: personId },
    address: null,
    channel: "email",
    purpose: "marketing",
    state: "granted",
    basis: "opt_in",
    explicit: true,
    effectiveAt: "2026-03-01T00:00:00Z",
    expiresAt: null,
    proof: "Newsletter form",
    ...fields,
  };
}

export function deal(id: string, personIds: string[], fields: Partial<DealRecord> = {}): DealRecord {
  return {
    ...base,
    kind: "deal",
    id,
    people: personIds.map((personId) => ({ stream: "people", id: personId })),
    stage: "offer",
    status: "open",
    amountMinor: 10_000,
    currency: "GBP",
    createdAt: "2026-03-01T00:00:00Z",
    closedAt: null,
    ...fields,
  };
}

const figure = { updatedAt: null, deleted: false, account: "properties/1", day: "2026-11-01" } as const;

export function metric(id: string, fields: Partial<MetricRecord> = {}): MetricRecord {
  return {
    ...figure,
    flags: [],
    kind: "metric",
    id,
    dimensions: { channel: id },
    name: "sessions",
    value: 10,
    unit: "count",
    currency: null,
    ...fields,
  };
}

export function spend(id: string, fields: Partial<SpendRecord> = {}): SpendRecord {
  return {
    ...figure,
    flags: [],
    kind: "spend",
    id,
    dimensions: { campaign: id },
    amountMicros: 1_500_000,
    currency: "GBP",
    ...fields,
  };
}

/** Days that a page replaces. */
export function replaced(days: string[], fields: Partial<ReplacedDay> = {}): ReplacedDay[] {
  return days.map((day) => ({ account: "properties/1", day, settled: true, flags: [], ...fields }));
}

/** A page that ends an incremental read; say `next` and `atEnd` otherwise. */
export function page(records: RecordPage["records"], fields: Partial<RecordPage> = {}): RecordPage {
  return {
    records,
    rejects: [],
    rawCount: records.length,
    next: { after: "1" },
    atEnd: true,
    fullScan: false,
    ...fields,
  };
}
