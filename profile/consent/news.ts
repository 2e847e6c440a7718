/** Which statements of a source are news to the ledger. Pure. */
import { uuidOf } from "#profile/ids.ts";
import type { ConsentEntry } from "./ledger.ts";

/** A statement, or an entry made from one. */
export type LedgerStatement = Pick<
  ConsentEntry,
  | "entryId"
  | "recordId"
  | "address"
  | "channel"
  | "purpose"
  | "state"
  | "explicit"
  | "effectiveAt"
  | "expiresAt"
  | "cause"
>;

/** An entry of the ledger; `recordedAt` in milliseconds since the epoch. */
export type HeldStatement = LedgerStatement & { recordedAt: number };

/**
 * The statements to enter, of all that a page makes. One that is in the ledger already is no news, whatever else its record
 * says now: a no restated at each edit would outrank a newer yes.
 *
 * A dated one is the same with the same date, however it is proved; with a later one of its own it was said anew. One without
 * a date says the same at every reading: it is news when it was never made, or when its source has said something else since
 * and now says this again (yes, unknown, yes), and then it gets an id of its own.
 *
 * @param held all entries of the records that the statements are about
 */
export function news<Statement extends LedgerStatement>(
  stated: readonly Statement[],
  held: readonly HeldStatement[],
): Statement[] {
  const heldBySubject = Map.groupBy(held, subjectOf);
  // Asked only about what is held, which in a first read is nothing.
  const statedNow = new Set(held.length === 0 ? [] : stated.map(saying));
  const entered = new Set<string>();
  return stated.flatMap((statement): Statement[] => {
    // Two of a page that differ in their proof alone say one thing.
    const words = saying(statement);
    if (entered.has(words)) return [];
    entered.add(words);
    const known = heldBySubject.get(subjectOf(statement)) ?? [];
    if (statement.effectiveAt !== null) return known.some((entry) => saying(entry) === words) ? [] : [statement];
    const last = newestOf(known.filter((entry) => saying(entry) === words));
    if (last === undefined) return [statement];
    const otherwise = known.some(
      (entry) => entry.recordedAt > last.recordedAt && entry.state !== statement.state && !statedNow.has(saying(entry)),
    );
    return otherwise ? [{ ...statement, entryId: uuidOf("consent", statement.entryId, last.entryId) }] : [];
  });
}

const subjectOf = ({ recordId, address, channel, purpose }: LedgerStatement): string =>
  JSON.stringify([recordId, address, channel, purpose]);

/** What is said, whatever the proof: an undated statement proved anew is not said anew. */
const saying = (statement: LedgerStatement): string =>
  JSON.stringify([
    subjectOf(statement),
    statement.state,
    statement.explicit,
    statement.cause ?? null,
    statement.effectiveAt === null ? null : Date.parse(statement.effectiveAt),
    statement.expiresAt === null ? null : Date.parse(statement.expiresAt),
  ]);

function newestOf(entries: readonly HeldStatement[]): HeldStatement | undefined {
  return entries.reduce<HeldStatement | undefined>(
    (newest, entry) => (newest === undefined || entry.recordedAt > newest.recordedAt ? entry : newest),
    undefined,
  );
}
