/** What a vendor says about a person's subscriptions, as statements for the consent ledger. Pure. */
import type { ConsentRecord } from "./records.ts";

export type Use = Pick<ConsentRecord, "channel" | "purpose">;

/** Whom the statements are about. */
export interface Subject {
  stream: string;
  id: string;
  /** Null: the person, whatever the address. */
  address: string | null;
}

/** One subscription as the vendor lists it. */
export interface Subscription extends Pick<ConsentRecord, "basis" | "explicit" | "proof"> {
  /** The vendor's id of the list or type. */
  ref: string;
  use: Use;
  /** `unspecified`: the vendor says that nobody ever said. `strange`: a word we do not know, or one that is not enough. */
  state: "granted" | "withdrawn" | "unspecified" | "strange";
  /** What is wrong with a strange one, as a sentence without its full stop; unless given, that we do not know the word. */
  why?: string;
  /** When it was said; null: undated. */
  at: string | null;
}

/** `unknown` says why the vendor could not be asked about this person. */
export type Subscriptions = { known: Subscription[] } | { unknown: string };

export interface Statements {
  records: ConsentRecord[];
  /** What had to be taken for unknown, to be shown; `ref` names a statement. */
  doubts: { ref: string; reason: string }[];
}

/**
 * Every yes and every no as it stands; and for a use of which there is neither, or which a strange word concerns, one
 * "unknown" from now on: an earlier yes to it no longer counts. What a vendor says nobody said is nothing to report, unless
 * it has a date: then it was set back.
 *
 * @param uses those that subscriptions at this vendor can permit, the usual one first
 */
export function statementsOf(subject: Subject, subscriptions: Subscriptions, uses: readonly Use[]): Statements {
  const records: ConsentRecord[] = [];
  const doubts: Statements["doubts"] = [];
  const doubt = (use: Use, why: string, ref: string | null) => {
    records.push({ ...statement(subject, use, `${use.channel}:${use.purpose}`), state: "unknown", proof: `${why}.` });
    if (ref === null) return;
    const reason = `${why}; consent to ${use.channel} ${use.purpose} counts as unknown from now on.`;
    doubts.push({ ref: `${subject.id}:${ref}`, reason });
  };
  if ("unknown" in subscriptions) {
    for (const use of distinct(uses)) doubt(use, subscriptions.unknown, `${use.channel}:${use.purpose}`);
    return { records, doubts };
  }
  const { known } = subscriptions;
  for (const [n, { ref, use, state, at, basis, explicit, proof }] of known.entries()) {
    if (state !== "granted" && state !== "withdrawn") continue;
    // One list can stand there several times, as for business units: each is a statement of its own.
    const before = known.slice(0, n).filter((other) => other.ref === ref).length;
    const base = statement(subject, use, before === 0 ? ref : `${ref}:${before}`);
    records.push({ ...base, updatedAt: at, effectiveAt: at, state, basis, explicit, proof });
  }
  for (const use of distinct(known.length === 0 ? uses.slice(0, 1) : known.map((one) => one.use))) {
    const ofUse = known.filter((one) => sameUse(one.use, use));
    const strange = ofUse.find(({ state }) => state === "strange");
    const setBack = ofUse.find(({ at }) => at !== null);
    // A strange word may be a no; beside a yes to another list, "unspecified" is none.
    if (strange !== undefined)
      doubt(use, strange.why ?? `Subscription ${strange.ref} has a status we do not know`, strange.ref);
    else if (ofUse.some(({ state }) => state !== "unspecified")) continue;
    else if (setBack === undefined) doubt(use, "No subscription has a status", null);
    else doubt(use, `Subscription ${setBack.ref} was set back to "not specified"`, setBack.ref);
  }
  return { records, doubts };
}

/** What every statement shares; without a date it counts from when it reaches us. */
export function statement(subject: Subject, use: Use, suffix: string): Omit<ConsentRecord, "state" | "proof"> {
  return {
    kind: "consent",
    id: `${subject.id}:${suffix}`,
    updatedAt: null,
    deleted: false,
    person: { stream: subject.stream, id: subject.id },
    address: subject.address,
    ...use,
    basis: "none",
    explicit: false,
    effectiveAt: null,
    expiresAt: null,
  };
}

export function sameUse(a: Use, b: Use): boolean {
  return a.channel === b.channel && a.purpose === b.purpose;
}

function distinct(uses: readonly Use[]): Use[] {
  return uses.filter((use, n) => uses.findIndex((other) => sameUse(other, use)) === n);
}

/** Sources are free words, the list of them is not documented: only what clearly names an act of the person counts. */
export function saidByThePerson(source: string): boolean {
  const words = source.toLowerCase().replaceAll("_", " ");
  if (/import|api|integration|workflow|migrat|sync|manual|\buser\b|list/.test(words)) return false;
  return /\bforms?\b|form submission|preference|unsubscribe|subscription page|double opt|email link|link in|reply|consent page/.test(
    words,
  );
}
