/** What the consent ledger says of one person: entries of all their records in, one answer per channel and purpose out. */
import type {
  ConsentCause,
  ConsentChannel,
  ConsentPurpose,
  ConsentRecord,
  ConsentStateName,
} from "#connectors/core/records.ts";
import { type Law, STRICTEST_LAW } from "./law.ts";
import { dayFormatOf, reasonOf, type Shortfall } from "./reasons.ts";
import { byTime, isPast, isRefusal, timed, type Timed } from "./timed.ts";

export { isRefusal, REFUSALS } from "./timed.ts";

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
  /** Of a yes that is known by its day only: the end of that day. */
  countsFrom?: string | null;
  expiresAt: string | null;
  basis?: ConsentRecord["basis"];
  cause?: ConsentCause | null;
  /** Under whose law its source says that it was given: ISO 3166-1 alpha-2, with a state or without. */
  jurisdiction?: string | null;
  /** Names the address as identity compares it; null: it cannot be read. */
  addressId?: string | null;
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
  /** `not_required`: the person's law asks for no yes, and nobody objected. */
  state: ConsentStateName | "not_required";
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

/**
 * One answer per (channel, purpose) that any entry names, `any` included, at the instant `at`.
 *
 * A no of any record counts for the whole person until the person says yes anew, explicitly and later; a yes from another
 * system or an import never lifts it. Without a no, one valid yes is needed; an old, a pending or an unknown statement
 * of another record is no information against it, one of the same record suspends the yes. A no with channel or purpose
 * `any` covers every narrower use, a yes covers what it names. The order of the entries is irrelevant.
 *
 * Without a date a statement counts from when it reached us, and a yes is older than any no. With a date in the future a yes
 * permits nothing at all. A yes that was implied ends by itself. Being under age, or an address that is suppressed, no yes
 * lifts: the one for the person, the other for that address and for what was said of the person without one.
 *
 * @param options.timeZone whose days the reasons name
 * @param options.law what the law of the person asks of a yes; unless given, what the strictest asks
 */
export function effectiveConsent(
  entries: readonly ConsentEntry[],
  at: string,
  { timeZone = "UTC", law = STRICTEST_LAW }: { timeZone?: string; law?: Law } = {},
): ConsentAnswer[] {
  const optOut = law.optOut ?? [];
  if (entries.length === 0 && optOut.length === 0) return [];
  const atMs = Date.parse(at);
  const all = entries.map(timed).toSorted(byTime);
  const begun = all.filter(({ begins }) => begins <= atMs);
  const pairs = new Map(begun.map(({ entry }) => [pairOf(entry), entry]));
  const asked = new Map<string, Asked>([...optOut.map((use) => [pairOf(use), use] as const), ...pairs]);
  return [...asked]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([pair, { channel, purpose }]): ConsentAnswer => {
      const { state, decisive, shortfall } = decideState(begun, { channel, purpose }, { atMs, law });
      if (isUnopposed(state) && optOut.some((use) => pairOf(use) === pair) && !isDoubted(begun, { channel, purpose }))
        return unopposed({ channel, purpose }, law, nextChange(all, channel, purpose, atMs));
      const newest = decisive.at(-1);
      const known = newest !== undefined && (newest.dated || state !== "granted");
      return {
        channel,
        purpose,
        state,
        entryIds: decisive.map(({ entry }) => entry.entryId),
        addresses: state === "granted" ? decisive.map(({ entry }) => entry.address) : [],
        reason: reasonOf(state, newest, shortfall, dayFormatOf(timeZone)),
        effectiveAt: known ? new Date(newest.effective).toISOString() : null,
        changesAt: nextChange(all, channel, purpose, atMs),
      };
    });
}

const pairOf = ({ channel, purpose }: Asked): string => `${channel} ${purpose}`;

/** No yes, and no objection. */
const isUnopposed = (state: ConsentStateName): boolean => state !== "granted" && !isRefusal(state);

/** A word that nobody understood may be a no. */
const isDoubted = (begun: readonly Timed[], { channel, purpose }: Asked): boolean =>
  begun.some(({ entry }) => entry.state === "unknown" && bears(entry, channel, purpose));

const unopposed = (asked: Asked, { regimes = [] }: Law, changesAt: string | null): ConsentAnswer => ({
  ...asked,
  state: "not_required",
  entryIds: [],
  addresses: [],
  reason: `allowed - nobody objected, and the law of where the person lives asks for no more (${regimes.join(", ")})`,
  effectiveAt: null,
  changesAt,
});

/** The earliest instant at which time alone may change one of the answers; also those that do not exist yet. */
export function nextConsentChange(entries: readonly ConsentEntry[], at: string): string | null {
  const atMs = Date.parse(at);
  return earliest(entries.map(timed).flatMap((entry) => turns(entry, atMs)));
}

interface Decided {
  state: ConsentStateName;
  decisive: Timed[];
  /** There was a yes once, and why it does not stand. */
  shortfall: Shortfall | null;
}

function decideState(
  begun: readonly Timed[],
  { channel, purpose }: Asked,
  { atMs, law }: { atMs: number; law: Law },
): Decided {
  const bearing = begun.filter(({ entry }) => bears(entry, channel, purpose));
  const minority = bearing.filter(({ entry }) => entry.cause === "minor");
  const suppressed = suppressionsIn(bearing);
  const said = bearing.filter(({ entry }) => entry.cause !== "minor" && !isOfTheList(entry));
  const settled = (state: ConsentStateName, decisive: Timed[]): Decided => ({ state, decisive, shortfall: null });
  const underAge = minority.findLast(({ expires }) => !isPast(expires, atMs));
  if (underAge !== undefined) return settled("denied", [underAge]);

  const exact = said.filter(({ entry }) => entry.channel === channel && entry.purpose === purpose);
  const believed = exact.filter(({ entry, impossible }) => entry.state !== "granted" || !impossible);
  const last = lastWords(said.filter(({ entry, impossible }) => entry.state !== "granted" || !impossible));
  const latest = lastWords(believed).filter((one) => !last.some((other) => supersedes(other, one)));
  const unexpired = latest.filter(({ entry, expires }) => entry.state === "granted" && !isPast(expires, atMs));
  const lawful = unexpired.filter(({ entry, dated }) => shortOf(law, entry, dated) === null);
  const valid = lawful.filter((one) => isOfAge(one, minority) && !suppressed.some((other) => meets(other, one)));
  const refusal = said.findLast(({ entry }) => isRefusal(entry.state));

  if (refusal !== undefined) {
    const lifting = valid.filter(
      ({ entry, dated, effective }) => entry.explicit && dated && effective > refusal.effective && permits(entry),
    );
    return lifting.length > 0 ? settled("granted", lifting) : settled(refusal.entry.state, [refusal]);
  }
  if (valid.length > 0) return settled("granted", valid);
  if (suppressed.length > 0) return settled("denied", suppressed.slice(-1));
  for (const state of ["expired", "pending"] as const) {
    const newest = latest.findLast(({ entry, expires }) => stateAt(entry, expires, atMs) === state);
    if (newest !== undefined) return settled(state, [newest]);
  }
  return { state: "unknown", ...unknownOf({ said, exact, unexpired }, law) };
}

function unknownOf(
  { said, exact, unexpired }: { said: readonly Timed[]; exact: readonly Timed[]; unexpired: readonly Timed[] },
  law: Law,
): Pick<Decided, "decisive" | "shortfall"> {
  const unknown = said.filter(({ entry }) => entry.state === "unknown").slice(-1);
  const short = unexpired.at(-1);
  if (short !== undefined) return { decisive: [short], shortfall: shortOf(law, short.entry, short.dated) };
  const impossible = exact.findLast((one) => one.impossible && one.entry.state === "granted");
  if (unknown.length === 0 && impossible !== undefined) return { decisive: [impossible], shortfall: "impossible" };
  return {
    decisive: unknown,
    shortfall: exact.some(({ entry }) => entry.state === "granted") ? "suspended" : null,
  };
}

/** What the law asks of a yes beyond its being one. */
function shortOf({ acceptsImplied, asksForProof }: Law, entry: ConsentEntry, dated: boolean): Shortfall | null {
  if (!acceptsImplied && entry.basis === "implied") return "implied";
  return asksForProof && entry.channel === "email" && entry.purpose === "marketing" && !(entry.explicit && dated)
    ? "unproved"
    : null;
}

/** What a child said, or somebody for them, is no yes of the adult. */
const isOfAge = ({ effective }: Timed, minority: readonly Timed[]): boolean =>
  minority.every(({ expires }) => expires === null || effective >= expires);

/** The list of addresses that nothing may be sent to is kept in the ledger; what stands there is nobody's statement. */
export const isOfTheList = ({ cause }: ConsentEntry): boolean => isSuppression(cause) || cause === "released";

export const isSuppression = (cause: ConsentEntry["cause"]): boolean =>
  cause === "hard_bounce" || cause === "complaint" || cause === "suppressed";

/** Those that nobody has released since, whatever dates they give. */
const suppressionsIn = (bearing: readonly Timed[]): Timed[] =>
  bearing.filter(
    (one) =>
      isSuppression(one.entry.cause) &&
      !bearing.some(
        (other) => other.entry.cause === "released" && other.recorded > one.recorded && isSamePlace(other, one),
      ),
  );

const isSamePlace = ({ entry: a }: Timed, { entry: b }: Timed): boolean =>
  a.channel === b.channel &&
  (a.addressId != null && b.addressId != null ? a.addressId === b.addressId : sameAddress(a.address, b.address));

/**
 * A yes is one to what it names, and "any" names nothing: it takes no no away from what it does not name. Profiling is asked
 * about for the person, whatever the channel.
 */
const permits = ({ channel, purpose }: ConsentEntry): boolean =>
  purpose !== "any" && (channel !== "any" || purpose === "personalisation");

/** A suppressed address takes its own yes with it, and one that was said of no address: it might be meant. */
function meets({ entry: suppressed }: Timed, { entry }: Timed): boolean {
  if (entry.address === null) return true;
  if (entry.addressId == null || suppressed.addressId == null) return sameAddress(entry.address, suppressed.address);
  return entry.addressId === suppressed.addressId;
}

interface Asked {
  channel: ConsentChannel;
  purpose: ConsentPurpose;
}

/** Whether an entry has a say in a question. A no to the sale of data is one to its use in advertising. */
function bears(entry: ConsentEntry, channel: ConsentChannel, purpose: ConsentPurpose): boolean {
  if (!covers(entry.channel, channel)) return false;
  if (entry.cause === "minor" && purpose === "service") return false;
  if (covers(entry.purpose, purpose)) return true;
  return entry.purpose === "sale_or_share" && purpose === "ad_audience" && isRefusal(entry.state);
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

function nextChange(
  timed: readonly Timed[],
  channel: ConsentChannel,
  purpose: ConsentPurpose,
  atMs: number,
): string | null {
  const relevant = timed.filter(({ entry }) => bears(entry, channel, purpose));
  return earliest(relevant.flatMap((entry) => turns(entry, atMs)));
}

const turns = ({ begins, expires }: Timed, atMs: number): number[] =>
  [begins, expires ?? 0].filter((instant) => instant > atMs);

const earliest = (instants: number[]): string | null =>
  instants.length === 0 ? null : new Date(Math.min(...instants)).toISOString();

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
