/** A page of records made ready for the database: checked, deduplicated, hashed, sorted into tables. Pure. */
import { hash } from "node:crypto";
import type { z } from "zod";
import type { RecordPage, Reject, ReplacedDay } from "#connectors/core/contract.ts";
import {
  canonicalRecord,
  type CanonicalRecord,
  type ConsentRecord,
  type FigureRecord,
  type OrderRecord,
  type SubscriptionRecord,
  type TouchpointRecord,
} from "#connectors/core/records.ts";
import { minorityOf } from "#profile/consent/age.ts";
import { recordIdOf, uuidOf, type RecordId } from "#profile/ids.ts";
import type { Place } from "./save-rows.ts";
import { storable } from "./content.ts";
import { keptOf, type KeptRecord, NOTHING_PERMITTED, type Permitted, withoutSensitive } from "./sensitive.ts";
import type { Figure } from "./days.ts";
import { type IdOf, peopleOf, type Prepared, type SourceRecord, type Stated, type StoredRecord } from "./tables.ts";

export interface PreparedPage {
  /** Valid records, repeats within the page included. */
  records: number;
  /** Repeats within the page; the newest was kept. */
  duplicates: number;
  /** Of the records that passed. */
  vendorIds: string[];
  /** One per reference. */
  rejects: Reject[];
  /** The records they would have become. */
  rejectedIds: RecordId[];
  /** A row could not be identified. */
  gap: boolean;
  sources: Prepared<SourceRecord>[];
  orders: Prepared<OrderRecord>[];
  subscriptions: Prepared<SubscriptionRecord>[];
  touchpoints: Prepared<TouchpointRecord>[];
  consents: Stated[];
  figures: Figure[];
  /** As the page names them, less what could not be taken. */
  days: ReplacedDay[];
}

/** A record, and its JSON without `updatedAt`. */
interface Checked {
  record: KeptRecord;
  text: string;
}

export function preparePage(place: Place, page: RecordPage, permitted: Permitted = NOTHING_PERMITTED): PreparedPage {
  // Keyed by what is stored: two references may differ only in what Postgres cannot hold.
  const rejects = new Map<string, Reject>();
  const refuse = (given: Reject) => {
    const reject = storableReject(given);
    rejects.set(reject.ref, reject);
  };
  for (const reject of page.rejects) refuse(reject);
  const newest = new Map<string, Checked>();
  const children = new Map<string, ConsentRecord>();
  let records = 0;
  let gap = page.gap === true;
  const days = new Map((page.days ?? []).map((day) => [dayKey(day), day]));
  /** A figure of it was refused; without a day it may be of any. */
  const notWhole = (day: unknown) => {
    for (const [key, known] of days) if (day === null || known.day === day) days.set(key, { ...known, whole: false });
  };
  for (const candidate of page.records) {
    const parsed = canonicalRecord.safeParse(candidate);
    if (!parsed.success) {
      // A connector's mistake in one row; the row waits as a dead letter and the stream goes on.
      const id = idIn(candidate);
      gap ||= id === null;
      const named = id === null ? { ref: "(no id)" } : { ref: id, id };
      refuse({ ...named, reason: reasonOf(parsed.error), raw: withoutSensitive(candidate) });
      notWhole("day" in candidate ? candidate.day : null);
      continue;
    }
    if (isFigure(parsed.data) && !days.has(dayKey(parsed.data))) {
      refuse({ ref: parsed.data.id, id: parsed.data.id, reason: NO_DAY, raw: candidate });
      continue;
    }
    records += 1;
    // Before the date of birth is left out: whether it may be kept, and whether the person is a child, are two questions.
    const minority = parsed.data.kind === "person" ? minorityOf(parsed.data, place.stream) : null;
    if (minority !== null) children.set(parsed.data.id, minority);
    const record = keptOf(parsed.data, permitted);
    const checked = { record, text: JSON.stringify({ ...record, updatedAt: undefined }) };
    const key = keyOf(checked);
    const rival = newest.get(key);
    if (rival === undefined || !isOlder(checked.record, rival.record)) newest.set(key, checked);
  }
  const idOf = recordIdsOf(place);
  const prepared: PreparedPage = {
    records,
    duplicates: records - newest.size,
    vendorIds: [...newest.values()].map(({ record }) => record.id),
    rejects: [...rejects.values()],
    rejectedIds: [...rejects.values()].flatMap(({ id }) => (id === undefined ? [] : [idOf(id)])),
    gap,
    sources: [],
    orders: [],
    subscriptions: [],
    touchpoints: [],
    consents: [],
    figures: [],
    days: [...days.values()],
  };
  for (const [id, record] of children) prepared.consents.push({ record, personId: idOf(id) });
  for (const checked of newest.values()) shelve(prepared, storableOf(checked), place, idOf);
  return prepared;
}

/** A page names one person many times: as a record, and with each statement and order. */
function recordIdsOf({ connectionId, stream: own }: Place): IdOf {
  const known = new Map<string, Map<string, RecordId>>();
  return (vendorId, stream = own) => {
    let ids = known.get(stream);
    if (ids === undefined) known.set(stream, (ids = new Map()));
    let id = ids.get(vendorId);
    if (id === undefined) ids.set(vendorId, (id = recordIdOf(connectionId, stream, vendorId)));
    return id;
  };
}

function shelve(page: PreparedPage, { record, text }: Checked, place: Place, idOf: IdOf): void {
  switch (record.kind) {
    case "person":
    case "organisation":
    case "deal":
      page.sources.push(prepare(record, text, idOf));
      break;
    case "order":
      page.orders.push(prepare(record, text, idOf));
      break;
    case "subscription":
      page.subscriptions.push(prepare(record, text, idOf));
      break;
    case "touchpoint":
      page.touchpoints.push(prepare(record, text, idOf));
      break;
    case "consent":
      page.consents.push({ record, personId: idOf(record.person.id, record.person.stream) });
      break;
    case "spend":
    case "metric":
      page.figures.push({ record, recordId: figureIdOf(place, record), hash: hash("sha256", text, "hex") });
      break;
  }
}

/** Without the characters that Postgres refuses; of the same form, for they are only ever inside strings. */
function storableOf(checked: Checked): Checked {
  const text = storable(checked.text);
  if (text === checked.text) return checked;
  return { record: { ...JSON.parse(text), updatedAt: checked.record.updatedAt } as KeptRecord, text };
}

/**
 * The hash leaves `updatedAt` out: a record that was merely touched, or that comes back after our own write, says nothing new.
 * Parsing has put the keys into the schema's order, whatever order they came in, so plain JSON is canonical here; moving
 * fields in the schema costs one round of needless changes.
 */
function prepare<Row extends StoredRecord>(record: Row, text: string, idOf: IdOf): Prepared<Row> {
  return {
    record,
    recordId: idOf(record.id),
    hash: hash("sha256", text, "hex"),
    text,
    people: peopleOf(record, idOf),
  };
}

/**
 * Repeats within a page have the same key. Statements of consent are entries of a ledger: two of one id that differ are two,
 * and neither takes the other's place.
 */
function keyOf({ record, text }: Checked): string {
  if (record.kind === "consent") return text;
  return isFigure(record) ? figureKey(record) : `${shelfOf(record)} ${record.id}`;
}

const NO_DAY = "The figure belongs to a day that the page does not name.";

const isFigure = (record: CanonicalRecord | KeptRecord): record is FigureRecord =>
  record.kind === "spend" || record.kind === "metric";

const dayKey = ({ account, day }: { account: string; day: string }): string => `${day} ${account}`;

/** No id of one day, whatever a connector makes it of, is ever that of another. */
function figureKey(record: FigureRecord): string {
  const name = record.kind === "metric" ? record.name : "";
  return [record.kind, record.account, record.day, name, record.id].join("\u0000");
}

const figureIdOf = ({ connectionId, stream }: Place, record: FigureRecord) =>
  uuidOf("figure", connectionId, stream, figureKey(record)) as RecordId;

/** Kinds that share a table share its ids. */
function shelfOf({ kind }: KeptRecord): string {
  return kind === "organisation" || kind === "deal" ? "person" : kind;
}

function isOlder(record: KeptRecord, rival: KeptRecord): boolean {
  return (
    record.updatedAt !== null && rival.updatedAt !== null && Date.parse(record.updatedAt) < Date.parse(rival.updatedAt)
  );
}

/** The record is malformed, so its id may be too. */
function idIn({ id }: { id: unknown }): string | null {
  return typeof id === "string" && id !== "" ? id : null;
}

/** Names the fields, never their values. */
function reasonOf(error: z.ZodError): string {
  const fields = error.issues.slice(0, 3).map((issue) => `${issue.path.join(".") || "record"}: ${issue.message}`);
  return `The record does not have the canonical form (${fields.join("; ")}).`;
}

/** Bounds of a dead letter. The reference is part of a key, and an index holds no entry of more than 2,700 bytes. */
const LONGEST_REF = 200;
const LONGEST_REASON = 1_000;
const LONGEST_RAW = 100_000;

function storableReject({ ref, reason, raw, ...rest }: Reject): Reject {
  const clean = (text: string) => text.replaceAll("\u0000", "").toWellFormed();
  const shortRef = ref.length <= LONGEST_REF ? ref : `${ref.slice(0, 60)}… ${hash("sha256", ref, "hex")}`;
  return { ...rest, ref: clean(shortRef), reason: clean(reason.slice(0, LONGEST_REASON)), raw: storableRaw(raw) };
}

/** As it came where JSON can express it; shortened where it is too long to keep. */
function storableRaw(raw: unknown): unknown {
  try {
    const text = JSON.stringify(raw, (_, value: unknown) => (typeof value === "bigint" ? String(value) : value));
    if (text === undefined) return null;
    return text.length <= LONGEST_RAW ? JSON.parse(text) : { cut: text.slice(0, LONGEST_RAW), characters: text.length };
  } catch {
    return null; // A row that contains itself: the reason and the reference are what is left of it.
  }
}
