/** What the consent ledger says of one person: entries of all their records in, one answer per channel and purpose out. */
import type { ConsentChannel, ConsentPurpose, ConsentStateName } from "#connectors/core/records.ts";

/** One statement in the ledger. Times are ISO 8601 in UTC. */
export interface ConsentEntry {
  entryId: string;
  /** The person record it is about. */
  recordId: string;
  /** Null: about the person, whatever the address. */
  address: string | null;
  channel: ConsentChannel;
  purpose: ConsentPurpose;
  state: ConsentStateName;
  /** The person said so themselves through a verified way. */
  explicit: boolean;
  /** Null: the source does not say when it was said. */
  effectiveAt: string | null;
  expiresAt: string | null;
  /** When it reached us. */
  recordedAt: string;
  /** Where and how it was captured. */
  proof: string;
  /** It is a no from somebody who may be the same person: in doubt it counts. */
  inDoubt?: boolean;
  /** It is a no for an address that this person holds, said in a record that is not known to be theirs. */
  byAddress?: boolean;
}

export interface ConsentAnswer {
  channel: ConsentChannel;
  purpose: ConsentPurpose;
  state: ConsentStateName;
  /** The entries that decided. */
  entryIds: string[];
  /** Of a yes, by place in `entryIds`: the address it holds for; null: the whole person. Otherwise empty. */
  addresses: (string | null)[];
  /** For people: "allowed - ..." or "not allowed - ...". */
  reason: string;
  /** Since when; null where no source says. */
  effectiveAt: string | null;
  /** When passing time alone changes the answer; null: never. */
  changesAt: string | null;
}

/** Clocks differ a little; a date further in the future than this is not believed. */
const CLOCK_SKEW_MS = 5 * 60_000;

interface Timed {
  entry: ConsentEntry;
  /** The source gave a date, and it is plausible. */
  dated: boolean;
  /** As late as it may have been said, never later than it reached us. Milliseconds since the epoch. */
  effective: number;
  /** From when on it counts. A no counts a little earlier, by as much as clocks may differ. */
  begins: number;
  recorded: number;
  expires: number | null;
}

/**
 * One answer per (channel, purpose) that any entry names, `any` included, at the instant `at`.
 *
 * A no of any record counts for the whole person until the person says yes anew, explicitly and later; a yes from another
 * system or an import never lifts it. Without a no, one valid yes is needed; an old, a pending or an unknown statement
 * of another record is no information against it, one of the same record suspends the yes. A no with channel or purpose
 * `any` covers every narrower use, a yes covers what it names. The order of the entries is irrelevant.
 *
 * Without a date that can be believed a statement counts from when it reached us, and a yes is older than any no.
 *
 * @param options.timeZone whose days the reasons name
 */
export function effectiveConsent(
  entries: readonly ConsentEntry[],
  at: string,
  { timeZone = "UTC" }: { timeZone?: string } = {},
): ConsentAnswer[] {
  if (entries.length === 0) return [];
  const atMs = Date.parse(at);
  const timed = entries.map(time).toSorted(byTime);
  const begun = timed.filter(({ begins }) => begins <= atMs);
  const pairs = new Map(begun.map(({ entry }) => [`${entry.channel} ${entry.purpose}`, entry]));
  return [...pairs]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { channel, purpose }]) => {
      const { state, decisive, suspended } = decideState(begun, channel, purpose, atMs);
      const newest = decisive.at(-1);
      const known = newest !== undefined && (newest.dated || state !== "granted");
      return {
        channel,
        purpose,
        state,
        entryIds: decisive.map(({ entry }) => entry.entryId),
        addresses: state === "granted" ? decisive.map(({ entry }) => entry.address) : [],
        reason: reasonOf(state, newest, suspended, dayFormatOf(timeZone)),
        effectiveAt: known ? new Date(newest.effective).toISOString() : null,
        changesAt: nextChange(timed, channel, purpose, atMs),
      };
    });
}

/** The earliest instant at which time alone may change one of the answers; also those that do not exist yet. */
export function nextConsentChange(entries: readonly ConsentEntry[], at: string): string | null {
  const atMs = Date.parse(at);
  return earliest(entries.map(time).flatMap((entry) => turns(entry, atMs)));
}

interface Decided {
  state: ConsentStateName;
  decisive: Timed[];
  /** There was a yes once, and its own source no longer stands by it. */
  suspended: boolean;
}

function decideState(begun: readonly Timed[], channel: ConsentChannel, purpose: ConsentPurpose, atMs: number): Decided {
  const bearing = begun.filter(({ entry }) => covers(entry.channel, channel) && covers(entry.purpose, purpose));
  const exact = bearing.filter(({ entry }) => entry.channel === channel && entry.purpose === purpose);
  const last = lastWords(bearing);
  const latest = lastWords(exact).filter((timed) => !last.some((other) => supersedes(other, timed)));
  const valid = latest.filter(({ entry, expires }) => entry.state === "granted" && !isPast(expires, atMs));
  const refusal = bearing.findLast(({ entry }) => isRefusal(entry.state));

  const settled = (state: ConsentStateName, decisive: Timed[]): Decided => ({ state, decisive, suspended: false });
  if (refusal !== undefined) {
    const lifting = valid.filter(
      ({ entry, dated, effective }) => entry.explicit && dated && effective > refusal.effective,
    );
    return lifting.length > 0 ? settled("granted", lifting) : settled(refusal.entry.state, [refusal]);
  }
  if (valid.length > 0) return settled("granted", valid);
  for (const state of ["expired", "pending"] as const) {
    const newest = latest.findLast(({ entry, expires }) => stateAt(entry, expires, atMs) === state);
    if (newest !== undefined) return settled(state, [newest]);
  }
  const suspended = exact.some(({ entry }) => entry.state === "granted");
  return { state: "unknown", decisive: bearing.filter(({ entry }) => entry.state === "unknown").slice(-1), suspended };
}

/**
 * Of each record, address, channel and purpose the last yes, the last other statement, and the one that reached us last:
 * nothing else can stand or supersede. A source that changed its mind a thousand times costs no more than one.
 *
 * @param timed oldest first; so is the result
 */
function lastWords(timed: readonly Timed[]): readonly Timed[] {
  if (timed.length < 2) return timed;
  const last = new Map<string, Timed>();
  for (const one of timed) {
    const { recordId, address, channel, purpose, state } = one.entry;
    const place = JSON.stringify([recordId, address === null ? null : plainAddress(address), channel, purpose]);
    if (state === "granted") last.set(`yes ${place}`, one);
    else {
      last.set(`other ${place}`, one);
      if ((last.get(`recorded ${place}`)?.recorded ?? -Infinity) <= one.recorded) last.set(`recorded ${place}`, one);
    }
  }
  return [...new Set(last.values())].toSorted(byTime);
}

/**
 * What a record says of an address replaces what it said before: a yes only a statement about the very same thing, anything
 * else also what is narrower. A yes without a date is later only than what reached us before it.
 */
function supersedes(later: Timed, earlier: Timed): boolean {
  const [a, b] = [later.entry, earlier.entry];
  if (a === b || a.recordId !== b.recordId) return false;
  const samePlace = a.channel === b.channel && a.purpose === b.purpose && sameAddress(a.address, b.address);
  if (a.state === "granted" || b.state !== "granted") return samePlace && byTime(later, earlier) > 0;
  if (a.address !== null && b.address !== null && !sameAddress(a.address, b.address)) return false;
  return earlier.dated ? later.effective >= earlier.effective : later.recorded >= earlier.recorded;
}

function stateAt(entry: ConsentEntry, expires: number | null, atMs: number): ConsentStateName {
  const lapsed = isPast(expires, atMs) && (entry.state === "granted" || entry.state === "pending");
  return lapsed ? "expired" : entry.state;
}

function time(entry: ConsentEntry): Timed {
  const recorded = Date.parse(entry.recordedAt);
  const claimed = entry.effectiveAt === null ? NaN : Date.parse(entry.effectiveAt);
  const dated = claimed <= recorded + CLOCK_SKEW_MS;
  const effective = dated ? Math.min(claimed, recorded) : recorded;
  return {
    entry,
    dated,
    effective,
    begins: entry.state === "granted" ? effective : effective - CLOCK_SKEW_MS,
    recorded,
    expires: entry.expiresAt === null ? null : Date.parse(entry.expiresAt),
  };
}

/** Of statements at one instant the most restrictive comes last, so that a tie is a no. */
function byTime(a: Timed, b: Timed): number {
  return (
    a.effective - b.effective ||
    severity(a.entry.state) - severity(b.entry.state) ||
    a.recorded - b.recorded ||
    (a.entry.entryId < b.entry.entryId ? -1 : 1)
  );
}

const severity = (state: ConsentStateName): number => (isRefusal(state) ? 2 : state === "granted" ? 0 : 1);

function nextChange(
  timed: readonly Timed[],
  channel: ConsentChannel,
  purpose: ConsentPurpose,
  atMs: number,
): string | null {
  const relevant = timed.filter(({ entry }) => covers(entry.channel, channel) && covers(entry.purpose, purpose));
  return earliest(relevant.flatMap((entry) => turns(entry, atMs)));
}

const turns = ({ begins, expires }: Timed, atMs: number): number[] =>
  [begins, expires ?? 0].filter((instant) => instant > atMs);

const earliest = (instants: number[]): string | null =>
  instants.length === 0 ? null : new Date(Math.min(...instants)).toISOString();

/** The states in which somebody said no. */
export const REFUSALS: readonly ConsentStateName[] = ["denied", "withdrawn"];

export const isRefusal = (state: ConsentStateName): boolean => REFUSALS.includes(state);

const isPast = (expires: number | null, atMs: number): boolean => expires !== null && expires <= atMs;

const covers = (named: string, asked: string): boolean => named === asked || named === "any";

/** E-mail addresses without regard to case, numbers without regard to how they are grouped. */
export function sameAddress(a: string | null, b: string | null): boolean {
  if (a === null || b === null) return a === b;
  return a === b || plainAddress(a) === plainAddress(b);
}

function plainAddress(address: string): string {
  const trimmed = address.trim().toLowerCase();
  return trimmed.includes("@") ? trimmed : trimmed.replace(/^00/, "+").replaceAll(/[^\d+]/g, "");
}

const dayFormats = new Map<string, Intl.DateTimeFormat>();

function dayFormatOf(timeZone: string): Intl.DateTimeFormat {
  const known = dayFormats.get(timeZone);
  if (known !== undefined) return known;
  const made = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone });
  dayFormats.set(timeZone, made);
  return made;
}

function reasonOf(
  state: ConsentStateName,
  decisive: Timed | undefined,
  suspended: boolean,
  days: Intl.DateTimeFormat,
): string {
  if (decisive === undefined) return "not allowed - no consent recorded";
  const { entry, dated, effective, expires } = decisive;
  const day = days.format(effective);
  const when = dated ? ` on ${day}` : `, ${undated(entry, days)}, counted from ${day}`;
  const told = [
    entry.proof,
    entry.inDoubt === true ? "by what may be the same person" : entry.byAddress === true ? "in another record" : "",
  ];
  const of = entry.byAddress === true ? " for this address" : "";
  const proof = told.every((part) => part === "") ? "" : ` (${told.filter((part) => part !== "").join("; ")})`;
  switch (state) {
    case "granted":
      return `allowed - ${entry.explicit && dated ? "confirmed" : "recorded"}${when}${proof}`;
    case "denied":
      return `not allowed - refused${of}${when}${proof}`;
    case "withdrawn":
      return `not allowed - withdrawn${of}${when}${proof}`;
    case "pending":
      return `not allowed - asked${when}, not confirmed yet${proof}`;
    case "expired":
      return `not allowed - expired${expires === null ? "" : ` on ${days.format(expires)}`}${proof}`;
    case "unknown":
      return suspended
        ? `not allowed - the source no longer confirms an earlier yes, since ${day}${proof}`
        : `not allowed - no consent recorded${proof}`;
  }
}

const undated = ({ effectiveAt }: ConsentEntry, days: Intl.DateTimeFormat): string =>
  effectiveAt === null
    ? "date not given by the source"
    : `dated ${days.format(Date.parse(effectiveAt))} by the source, which was in the future then`;
