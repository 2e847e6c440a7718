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
  effectiveAt: string;
  expiresAt: string | null;
  recordedAt: string;
  /** Where and how it was captured. */
  proof: string;
  /** It is a no of somebody who may be the same person: in doubt it counts. */
  inDoubt?: boolean;
}

export interface ConsentAnswer {
  channel: ConsentChannel;
  purpose: ConsentPurpose;
  state: ConsentStateName;
  /** The address a grant holds for; null: the whole person. */
  address: string | null;
  /** The entries that decided. */
  entryIds: string[];
  /** For people: "allowed - ..." or "not allowed - ...". */
  reason: string;
  effectiveAt: string | null;
  /** When passing time alone changes the answer; null: never. */
  changesAt: string | null;
}

/** Clocks differ a little; a statement from further in the future is dated to when it reached us. */
const CLOCK_SKEW_MS = 5 * 60_000;

interface Timed {
  entry: ConsentEntry;
  /** Milliseconds since the epoch. */
  effective: number;
  recorded: number;
  expires: number | null;
}

/**
 * One answer per (channel, purpose) that any entry names, `any` included, at the instant `at`.
 *
 * A no of any record counts for the whole person until the person says yes anew, explicitly and later; a yes from another
 * system or an import never lifts it. Without a no, one valid yes is needed; an old, a pending or an unknown statement
 * elsewhere is no information against it. A no with channel or purpose `any` covers every narrower use, a yes covers what
 * it names. The order of the entries is irrelevant.
 */
export function effectiveConsent(entries: readonly ConsentEntry[], at: string): ConsentAnswer[] {
  const atMs = Date.parse(at);
  const timed = entries.map(time).toSorted(byTime);
  const begun = timed.filter(({ effective }) => effective <= atMs);
  const pairs = new Map(begun.map(({ entry }) => [`${entry.channel} ${entry.purpose}`, entry]));
  return [...pairs]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { channel, purpose }]) => {
      const { state, decisive } = decideState(begun, channel, purpose, atMs);
      const newest = decisive.at(-1);
      return {
        channel,
        purpose,
        state,
        address: state === "granted" ? (newest?.entry.address ?? null) : null,
        entryIds: decisive.map(({ entry }) => entry.entryId),
        reason: reasonOf(state, newest),
        effectiveAt: newest === undefined ? null : new Date(newest.effective).toISOString(),
        changesAt: nextChange(timed, channel, purpose, atMs),
      };
    });
}

/** The earliest instant at which time alone may change one of the answers; also those that do not exist yet. */
export function nextConsentChange(entries: readonly ConsentEntry[], at: string): string | null {
  const atMs = Date.parse(at);
  return earliest(entries.map(time).flatMap((entry) => turns(entry, atMs)));
}

function decideState(
  begun: readonly Timed[],
  channel: ConsentChannel,
  purpose: ConsentPurpose,
  atMs: number,
): { state: ConsentStateName; decisive: Timed[] } {
  const exact = begun.filter(({ entry }) => entry.channel === channel && entry.purpose === purpose);
  const latest = latestPerRecordAndAddress(exact);
  const valid = latest.filter(({ entry, expires }) => entry.state === "granted" && !isPast(expires, atMs));
  const refusal = begun.findLast(
    ({ entry }) => isNo(entry) && covers(entry.channel, channel) && covers(entry.purpose, purpose),
  );

  if (refusal !== undefined) {
    const lifting = valid.findLast(({ entry, effective }) => entry.explicit && effective > refusal.effective);
    if (lifting !== undefined) return { state: "granted", decisive: [lifting] };
    return { state: refusal.entry.state, decisive: [refusal] };
  }
  const grant = valid.at(-1);
  if (grant !== undefined) return { state: "granted", decisive: [grant] };
  for (const state of ["expired", "pending"] as const) {
    const last = latest.findLast(({ entry, expires }) => stateAt(entry, expires, atMs) === state);
    if (last !== undefined) return { state, decisive: [last] };
  }
  return { state: "unknown", decisive: latest.slice(-1) };
}

/** What each record last said, oldest first; statements about different addresses stand beside one another. */
function latestPerRecordAndAddress(entries: readonly Timed[]): Timed[] {
  const latest = new Map<string, Timed>();
  for (const timed of entries) latest.set(`${timed.entry.recordId} ${timed.entry.address ?? ""}`, timed);
  return [...latest.values()].toSorted(byTime);
}

function stateAt(entry: ConsentEntry, expires: number | null, atMs: number): ConsentStateName {
  const lapsed = isPast(expires, atMs) && (entry.state === "granted" || entry.state === "pending");
  return lapsed ? "expired" : entry.state;
}

function time(entry: ConsentEntry): Timed {
  const recorded = Date.parse(entry.recordedAt);
  const claimed = Date.parse(entry.effectiveAt);
  return {
    entry,
    effective: claimed > recorded + CLOCK_SKEW_MS ? recorded : claimed,
    recorded,
    expires: entry.expiresAt === null ? null : Date.parse(entry.expiresAt),
  };
}

/** At one instant a no comes last, so that a tie is a no. */
function byTime(a: Timed, b: Timed): number {
  return (
    a.effective - b.effective ||
    Number(isNo(a.entry)) - Number(isNo(b.entry)) ||
    a.recorded - b.recorded ||
    (a.entry.entryId < b.entry.entryId ? -1 : 1)
  );
}

function nextChange(
  timed: readonly Timed[],
  channel: ConsentChannel,
  purpose: ConsentPurpose,
  atMs: number,
): string | null {
  const relevant = timed.filter(({ entry }) => covers(entry.channel, channel) && covers(entry.purpose, purpose));
  return earliest(relevant.flatMap((entry) => turns(entry, atMs)));
}

const turns = ({ effective, expires }: Timed, atMs: number): number[] =>
  [effective, expires ?? 0].filter((instant) => instant > atMs);

const earliest = (instants: number[]): string | null =>
  instants.length === 0 ? null : new Date(Math.min(...instants)).toISOString();

const isNo = (entry: ConsentEntry): boolean => entry.state === "denied" || entry.state === "withdrawn";

const isPast = (expires: number | null, atMs: number): boolean => expires !== null && expires <= atMs;

const covers = (named: string, asked: string): boolean => named === asked || named === "any";

const dayFormat = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

function reasonOf(state: ConsentStateName, decisive: Timed | undefined): string {
  if (decisive === undefined) return "not allowed - no consent recorded";
  const { entry, effective, expires } = decisive;
  const day = dayFormat.format(effective);
  const told = entry.inDoubt === true ? [entry.proof, "by what may be the same person"] : [entry.proof];
  const proof = told.every((part) => part === "") ? "" : ` (${told.filter((part) => part !== "").join("; ")})`;
  switch (state) {
    case "granted":
      return `allowed - ${entry.explicit ? "confirmed" : "recorded"} on ${day}${proof}`;
    case "denied":
      return `not allowed - refused on ${day}${proof}`;
    case "withdrawn":
      return `not allowed - withdrawn on ${day}${proof}`;
    case "pending":
      return `not allowed - asked on ${day}, not confirmed yet${proof}`;
    case "expired":
      return `not allowed - expired${expires === null ? "" : ` on ${dayFormat.format(expires)}`}${proof}`;
    case "unknown":
      return `not allowed - no consent recorded${proof}`;
  }
}
