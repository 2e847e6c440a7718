/**
 * The canonical records: what every connector turns its vendor's replies into, and the only shapes the rest of the
 * product knows. Money is integer minor units plus ISO 4217 currency; time is an instant in UTC (ISO 8601, `Z`).
 */
import { z } from "zod";
import { isCurrency } from "./currency.ts";

/** Postgres knows no year 0. */
const instant = z.iso.datetime().refine((text) => text >= "0001", "before the year 1");
const currency = z.string().refine(isCurrency, "not a currency of ISO 4217");
const minor = z.number().int();
/**
 * Longest texts a record may carry, in characters. What is longer is no name or address but damage, and everything after
 * this border (patterns, indexes, pages) relies on the bounds; such a row is rejected with its reason and kept.
 */
const LINE = 1_000;
const NAME = 300;
const line = z.string().max(LINE);
const address = z.string().max(500);
const name = z.string().max(NAME);
/** What rows are found by. NUL and halves of surrogate pairs cannot be stored: without them two ids might become one. */
const key = z
  .string()
  .min(1)
  .max(255)
  .refine((text) => text.isWellFormed() && !text.includes("\u0000"), "holds characters that no id has");
/** More than a merged record of a real person ever holds. */
const SEVERAL = 200;

/** Points at a person record of the same connection. It may arrive before the person it names. */
export const personRef = z.strictObject({ stream: z.string().min(1).max(100), id: key });
export type PersonRef = z.infer<typeof personRef>;

const base = {
  /** The vendor's id, unique within connection and stream. Never personal data. */
  id: key,
  /** When the vendor last changed the record; older versions never overwrite newer ones. Null: the vendor does not say. */
  updatedAt: instant.nullable(),
  /** The vendor no longer has it. */
  deleted: z.boolean(),
};

/** Identifiers a vendor hands out besides e-mail and phone. Scoped to the connection unless `scope` is `workspace`. */
export const externalId = z.strictObject({
  kind: z.enum(["account_id", "loyalty_id", "card_fingerprint", "click_id", "client_id"]),
  value: key,
  scope: z.enum(["connection", "workspace"]),
});
export type ExternalId = z.infer<typeof externalId>;

/** A number a state or its insurance gave to one person. */
export const nationalId = z.strictObject({
  kind: z.enum(["national_id", "social_security", "tax_id", "passport"]),
  /** As given; the store keeps a keyed hash of it and never the value. */
  value: key,
});
export type NationalId = z.infer<typeof nationalId>;

/**
 * What many sources do not know of a person: left out where it is not known, so that a record which has none of it says, and
 * hashes to, what it always did. `furtherFacts` makes these from values that may be null.
 */
const further = {
  middleName: name.optional(),
  /** Other full or family names: at birth, before a marriage. */
  previousNames: z.array(name).max(20).optional(),
  /** House number and street in one line, as written. */
  street: line.optional(),
  /** What else the address says: a flat, a building, a locality. */
  addressLine2: line.optional(),
  /** State or province. */
  region: name.optional(),
  occupation: name.optional(),
  birthDate: z.iso
    .date()
    .refine((text) => text >= "0001", "before the year 1")
    .optional(),
  birthPlace: name.optional(),
  /** As the source writes it. */
  gender: name.optional(),
  nationalIds: z.array(nationalId).max(20).optional(),
};

/** A person as one source knows them. Raw spellings: normalising is the identity module's work. */
export const personRecord = z.strictObject({
  ...base,
  kind: z.literal("person"),
  createdAt: instant.nullable(),
  /** Primary address first. */
  emails: z.array(address).max(SEVERAL),
  phones: z.array(address).max(SEVERAL),
  firstName: name.nullable(),
  lastName: name.nullable(),
  company: name.nullable(),
  /** ISO 3166-1 alpha-2; decides how a national phone number is read. */
  country: z.string().length(2).nullable(),
  postcode: name.nullable(),
  city: name.nullable(),
  externalIds: z.array(externalId).max(SEVERAL),
  /** The vendor merged this record into another one of the same stream. */
  mergedInto: key.nullable(),
  ...further,
});

export type FurtherFacts = Pick<z.infer<typeof personRecord>, keyof typeof further>;

/** Leaves out what is null, blank, empty, or longer than any such value: a note in the wrong field is no reason to refuse the person. */
export function furtherFacts(given: { [Fact in keyof FurtherFacts]: FurtherFacts[Fact] | null }): FurtherFacts {
  const known = Object.entries(given).filter(([fact, value]) => {
    if (value === null || value === undefined || value.length === 0) return false;
    return typeof value !== "string" || (value.trim() !== "" && value.length <= (LINES.has(fact) ? LINE : NAME));
  });
  return Object.fromEntries(known);
}

const LINES: ReadonlySet<string> = new Set<keyof FurtherFacts>(["street", "addressLine2"]);

export const orderRecord = z.strictObject({
  ...base,
  kind: z.literal("order"),
  person: personRef.nullable(),
  placedAt: instant,
  amountMinor: minor,
  refundedMinor: minor,
  currency,
  status: z.enum(["paid", "pending", "failed", "cancelled", "refunded"]),
  channel: z.enum(["online", "store", "unknown"]),
});

export const subscriptionRecord = z.strictObject({
  ...base,
  kind: z.literal("subscription"),
  person: personRef.nullable(),
  status: z.enum(["trialing", "active", "past_due", "paused", "cancelled", "incomplete"]),
  startedAt: instant,
  currentPeriodEnd: instant.nullable(),
  endedAt: instant.nullable(),
  /** Per `interval`; null: metered or tiered, so not known beforehand. */
  amountMinor: minor.nullable(),
  currency,
  interval: z.enum(["day", "week", "month", "year"]),
});

export const touchpointRecord = z.strictObject({
  ...base,
  kind: z.literal("touchpoint"),
  person: personRef.nullable(),
  /** What happened, in our words. `ad_clicked` has the click's id as its own, by which it finds its person. Others: visit, email_sent, email_opened, email_clicked, refund, form, call ... */
  type: z
    .string()
    .max(100)
    .regex(/^[a-z][a-z_]*$/),
  at: instant,
  channel: name.nullable(),
  campaign: line.nullable(),
  amountMinor: minor.nullable(),
  currency: currency.nullable(),
});

export const consentPurpose = z.enum([
  "service",
  "marketing",
  "analytics",
  "personalisation",
  "ad_audience",
  /** Selling data, or sharing it for advertising: what browsers' opt-out signals are about. */
  "sale_or_share",
  /** Keeping who opened which message, and when. */
  "open_tracking",
  "research",
  "any",
]);
export const consentChannel = z.enum(["email", "sms", "call", "post", "push", "ads", "onsite", "any"]);
export const consentStateName = z.enum(["granted", "denied", "withdrawn", "pending", "expired", "unknown"]);
/** What a statement rests on or came by, where the ledger treats it differently. */
export const consentCause = z.enum([
  /** Implied by a purchase or an inquiry: it ends by itself. */
  "purchase",
  "inquiry",
  /** The person is under age until `expiresAt`. */
  "minor",
  /** A message with a stop word. */
  "stop",
  /** Global Privacy Control and its like. */
  "browser_signal",
  /** A confirmed double opt-in. */
  "double_opt_in",
  /** A list of opt-outs that somebody imported. */
  "opt_out_list",
  /** Nothing was heard of the person for too long. */
  "inactivity",
  /** No statement of a person: nothing may be sent to the address, whoever says yes. It bounced, its owner complained, we say so. */
  "hard_bounce",
  "complaint",
  "suppressed",
  /** What suppressed the address is over: somebody at the business said so. */
  "released",
]);
export type ConsentCause = z.infer<typeof consentCause>;
export type ConsentPurpose = z.infer<typeof consentPurpose>;
export type ConsentChannel = z.infer<typeof consentChannel>;
export type ConsentStateName = z.infer<typeof consentStateName>;

/** One statement about permission as a source reports it. It is appended to the ledger, never edited. */
export const consentRecord = z.strictObject({
  ...base,
  kind: z.literal("consent"),
  person: personRef,
  /** The e-mail address or phone the statement is about; null when it is about the person. */
  address: address.nullable(),
  channel: consentChannel,
  purpose: consentPurpose,
  state: consentStateName,
  basis: z.enum(["opt_in", "soft_opt_in", "implied", "legitimate_interest", "contract", "none"]),
  /** The person said so themselves through a verified way (form, double opt-in, reply), as opposed to an import. */
  explicit: z.boolean(),
  /**
   * When the person said it. A no that is known by its day only: the end of that day; such a yes: its beginning (it is no
   * newer than that), with `countsFrom`. Null: the source does not say; the ledger then counts a no from when it reached us,
   * and a yes as older than any no.
   */
  effectiveAt: instant.nullable(),
  /** Of a yes that is known by its day only: the end of that day, before which it permits nothing. */
  countsFrom: instant.nullable().optional(),
  expiresAt: instant.nullable(),
  cause: consentCause.nullable().optional(),
  /** ISO 3166-1 alpha-2, with `-` and a state where that matters: under whose law the source says that it was given. */
  jurisdiction: z
    .string()
    .regex(/^[A-Z]{2}(-[A-Z0-9]{1,3})?$/)
    .nullable()
    .optional(),
  /** Where and how it was captured, in words an auditor understands; no personal data. */
  proof: line,
});

export const organisationRecord = z.strictObject({
  ...base,
  kind: z.literal("organisation"),
  name: line.nullable(),
  domain: line.nullable(),
  people: z.array(personRef).max(100_000),
});

export const dealRecord = z.strictObject({
  ...base,
  kind: z.literal("deal"),
  people: z.array(personRef).max(100_000),
  stage: line.nullable(),
  status: z.enum(["open", "won", "lost"]),
  amountMinor: minor.nullable(),
  currency: currency.nullable(),
  createdAt: instant.nullable(),
  closedAt: instant.nullable(),
});

/** What a vendor says of a day's figures besides the figures. Each makes them no more than a part of the truth. */
export const figureFlag = z.enum([
  /** Rows of few people were withheld. */
  "thresholded",
  /** Worked out from a part of the data. */
  "sampled",
  /** Rows beyond a limit were folded into one, "(other)": what is missing here may stand there. */
  "other",
  /** Rows beyond some limit were left out altogether. */
  "truncated",
  /** We may not see some of the figures, such as revenue; those are missing. */
  "restricted",
  /** The tool names a reason for giving none: that is not zero. */
  "withheld",
]);
export type FigureFlag = z.infer<typeof figureFlag>;

/** More than any vendor lets one ask for. */
const DIMENSIONS = 20;
const wordName = z
  .string()
  .max(100)
  .regex(/^[a-z][a-z0-9_]*$/);

/**
 * Figures of a day, by dimensions: they are about nobody, and never reach identity, consent or a profile. A day that is read
 * again takes the place of what was held of it (`ReplacedDay` in `contract.ts`).
 */
const figure = {
  /** Unique within the day, the account and the name of the figure: `figureId` makes one of the dimensions. */
  id: key,
  updatedAt: z.null(),
  deleted: z.literal(false),
  /** The property or ad account that the figure is of, as the vendor names it. */
  account: key,
  /** In the account's own time zone. */
  day: z.iso.date(),
  /** In our words where we have some: channel, source, medium, campaign, landing_page, event. No personal data. */
  dimensions: z
    .record(wordName, line)
    .refine((dimensions) => Object.keys(dimensions).length <= DIMENSIONS, `more than ${DIMENSIONS} dimensions`),
  flags: z.array(figureFlag).max(6),
};

/** Money spent on advertising. */
export const spendRecord = z.strictObject({
  ...figure,
  kind: z.literal("spend"),
  /** Millionths of the currency's unit, as ad platforms count: 1.50 EUR is 1,500,000. */
  amountMicros: minor,
  /** The account's. */
  currency,
});

/** Any other figure: sessions, clicks, conversions, revenue as the tool counts it. */
export const metricRecord = z.strictObject({
  ...figure,
  kind: z.literal("metric"),
  name: wordName,
  value: z.number(),
  /** `people`: each counted once, so that sums over rows or days count some twice. `ratio`: never to be summed. */
  unit: z.enum(["count", "people", "ratio", "seconds", "micros"]),
  /** Of `micros` (see `amountMicros`); null with every other unit. */
  currency: currency.nullable(),
});

export const canonicalRecord = z.discriminatedUnion("kind", [
  personRecord,
  orderRecord,
  subscriptionRecord,
  touchpointRecord,
  consentRecord,
  organisationRecord,
  dealRecord,
  spendRecord,
  metricRecord,
]);

export type PersonRecord = z.infer<typeof personRecord>;
export type OrderRecord = z.infer<typeof orderRecord>;
export type SubscriptionRecord = z.infer<typeof subscriptionRecord>;
export type TouchpointRecord = z.infer<typeof touchpointRecord>;
export type ConsentRecord = z.infer<typeof consentRecord>;
export type OrganisationRecord = z.infer<typeof organisationRecord>;
export type DealRecord = z.infer<typeof dealRecord>;
export type SpendRecord = z.infer<typeof spendRecord>;
export type MetricRecord = z.infer<typeof metricRecord>;
export type FigureRecord = SpendRecord | MetricRecord;
export type CanonicalRecord = z.infer<typeof canonicalRecord>;
export type RecordKind = CanonicalRecord["kind"];
