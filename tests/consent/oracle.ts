/**
 * May this be done? Answered the slow way: from the rules as they are written down, statement by statement, without the
 * engine's code or its shape. What this denies, nothing may allow.
 */

/** A statement as the ledger holds it; times ISO 8601. */
export interface Said {
  entryId: string;
  recordId: string;
  address: string | null;
  channel: string;
  purpose: string;
  state: string;
  explicit: boolean;
  effectiveAt: string | null;
  countsFrom: string | null;
  expiresAt: string | null;
  recordedAt: string;
  basis: string;
  cause: string | null;
}

export interface Question {
  purpose: string;
  channel: string;
  /** What the record that is written to holds; null: it has none. Undefined: no record is meant. */
  address: string | null | undefined;
  at: string;
  /** The law of the person knows implied consent. */
  implied: boolean;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
const ms = (text: string): number => Date.parse(text);

/** @param ledger of everybody who was merged into one person, and every address of theirs */
export function oracleAllows(ledger: readonly Said[], question: Question): boolean {
  const at = ms(question.at);
  if (question.purpose === "any") return false;
  if (question.purpose === "service") return true;
  if (ledger.some((said) => isChild(said, at))) return false;
  if (needsYes(question) && !ledger.some((said) => isStandingYes(said, ledger, question))) return false;
  return objections(ledger, question).every((no) => isLifted(no, ledger, question));
}

const needsYes = ({ purpose, channel }: Question): boolean =>
  !(purpose === "personalisation" || (purpose === "marketing" && channel === "post"));

/** Age and the list of addresses are nobody's yes or no. */
const isStatement = ({ cause }: Said): boolean =>
  !["minor", "hard_bounce", "complaint", "suppressed", "released"].includes(cause ?? "");

const isNo = (said: Said): boolean => isStatement(said) && (said.state === "denied" || said.state === "withdrawn");

const isYes = (said: Said): boolean => isStatement(said) && said.state === "granted";

/** On the list of addresses, and not taken off it since. */
const isSuppressed = (said: Said, ledger: readonly Said[], at: number): boolean =>
  ["hard_bounce", "complaint", "suppressed"].includes(said.cause ?? "") &&
  hasBegun(said, at) &&
  !ledger.some(
    (other) =>
      other.cause === "released" &&
      hasBegun(other, at) &&
      ms(other.recordedAt) > ms(said.recordedAt) &&
      other.channel === said.channel &&
      same(other.address, said.address),
  );

/** "If any record says minor: off", until the day they come of age. */
const isChild = (said: Said, at: number): boolean =>
  said.cause === "minor" && hasBegun(said, at) && (said.expiresAt === null || ms(said.expiresAt) > at);

/** The source gave a date that lay in the future when it was read. */
const isImpossible = ({ effectiveAt, recordedAt }: Said): boolean =>
  effectiveAt !== null && ms(effectiveAt) > ms(recordedAt) + 5 * MINUTE;

/** When it was said, as late as it may have been; what nobody dated, or could have, as of when it was read. */
function momentOf(said: Said): number {
  if (said.effectiveAt === null || isImpossible(said)) return ms(said.recordedAt);
  return Math.min(ms(said.effectiveAt), ms(said.recordedAt));
}

/** A yes with a day only counts from its end; a no at once, by any clock. */
function hasBegun(said: Said, at: number): boolean {
  if (said.state !== "granted") return momentOf(said) - 5 * MINUTE <= at;
  return momentOf(said) <= at && (said.countsFrom === null || ms(said.countsFrom) <= at);
}

function hasEnded(said: Said, at: number): boolean {
  if (said.expiresAt !== null && ms(said.expiresAt) <= at) return true;
  if (said.basis !== "implied" && said.cause !== "purchase" && said.cause !== "inquiry") return false;
  if (said.effectiveAt === null) return true;
  const end = new Date(momentOf(said));
  end.setUTCMonth(end.getUTCMonth() + (said.cause === "purchase" ? 24 : 6));
  return end.getTime() <= at;
}

const names = (named: string, asked: string): boolean => named === "any" || named === asked;

/** A no to something covers it; a no to the sale of data covers advertising by it. */
function concerns(said: Said, question: Pick<Question, "channel" | "purpose">): boolean {
  if (!names(said.channel, question.channel)) return false;
  if (names(said.purpose, question.purpose)) return true;
  return said.purpose === "sale_or_share" && question.purpose === "ad_audience" && isNo(said);
}

const plain = (address: string): string => address.trim().toLowerCase();
const same = (a: string | null, b: string | null): boolean =>
  a === null || b === null ? a === b : plain(a) === plain(b);

/** One yes, held against everything there is. */
function isStandingYes(yes: Said, ledger: readonly Said[], question: Question): boolean {
  const at = ms(question.at);
  if (!isYes(yes) || isImpossible(yes) || !hasBegun(yes, at) || hasEnded(yes, at)) return false;
  if (yes.channel !== question.channel || yes.purpose !== question.purpose) return false;
  if (yes.basis === "implied" && !question.implied) return false;
  const goesTo = ["email", "ads", "sms", "call"].includes(question.channel) ? question.address : undefined;
  if (goesTo !== undefined && yes.address !== null && !same(yes.address, goesTo)) return false;
  for (const other of ledger) {
    if (other === yes || !hasBegun(other, at)) continue;
    if (other.cause === "minor") {
      if (other.expiresAt !== null && momentOf(yes) < ms(other.expiresAt)) return false;
    } else if (!isStatement(other)) {
      if (!isSuppressed(other, ledger, at)) continue;
      if (names(other.channel, question.channel) && (yes.address === null || same(yes.address, other.address)))
        return false;
    } else if (isNo(other)) {
      if (concerns(other, question) && !(isFirm(yes) && momentOf(yes) > momentOf(other))) return false;
    } else if (other.recordId === yes.recordId && replaces(other, yes)) return false;
  }
  return true;
}

/** Said by the person through a verified way, at a time that is known. */
const isFirm = (yes: Said): boolean => yes.explicit && yes.effectiveAt !== null && !isImpossible(yes);

/** Of one record: the same source says something else since. */
function replaces(other: Said, yes: Said): boolean {
  if (isYes(other)) {
    if (isImpossible(other)) return false;
    const samePlace =
      other.channel === yes.channel && other.purpose === yes.purpose && same(other.address, yes.address);
    return samePlace && momentOf(other) > momentOf(yes);
  }
  if (!concerns(other, yes)) return false;
  if (other.address !== null && yes.address !== null && !same(other.address, yes.address)) return false;
  return yes.effectiveAt === null ? ms(other.recordedAt) >= ms(yes.recordedAt) : momentOf(other) >= momentOf(yes);
}

/**
 * Every no that stands in the way, also of what needs no yes. One to a single channel stands in the way of all only where it is
 * about this very purpose: who wants no e-mail has said nothing of profiling. A suppressed address vetoes its channel.
 */
const objections = (ledger: readonly Said[], { purpose, channel, at }: Question): Said[] =>
  ledger.filter((said) => {
    if (!(isNo(said) || isSuppressed(said, ledger, ms(at))) || !hasBegun(said, ms(at))) return false;
    if (names(said.channel, channel)) return names(said.purpose, purpose);
    return channel === "any" && said.purpose === purpose;
  });

/** By a yes to the very thing, and to what the no was about where that was narrower. */
function isLifted(no: Said, ledger: readonly Said[], question: Question): boolean {
  const channel = no.channel === "any" ? question.channel : no.channel;
  const asked = { ...question, channel, address: undefined };
  return ledger.some((said) => isStandingYes(said, ledger, asked));
}

/** How long a day is, for those who make up ledgers. */
export { DAY };
