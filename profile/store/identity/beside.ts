/** What a batch of identity has to itself, where other batches are at work in the same workspace. */
import { type ProfileId, type RecordId, valueIdOf } from "#profile/ids.ts";
import type { HumanLink } from "#profile/identity/resolve.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import type { HeldValue, Holder } from "./holders.ts";

/**
 * Every record is locked before its profile and its identifiers are read, and until the end of the transaction; one that
 * another batch has is left to it, together with its whole component. Nobody ever waits, so nobody can wait for one another.
 *
 * A record is its membership, and where it has none its mark: one of the two it has, or nobody can have met it.
 */
export class Beside {
  readonly #transaction: Transaction;
  readonly #members = new Set<RecordId>();
  readonly #marks = new Set<RecordId>();
  readonly #settling = new Set<RecordId>();
  readonly #taken = new Set<RecordId>();
  readonly #profilesTaken = new Set<ProfileId>();
  /** Of the records looked at: what connects each with others, by name. */
  readonly #ties = new Map<RecordId, readonly string[]>();
  readonly #asked = new Map<string, HeldValue>();
  readonly #changing = new Set<RecordId>();

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /** Records that others have. */
  get taken(): ReadonlySet<RecordId> {
    return this.#taken;
  }

  /** Records whose marks are locked and up to date with their identifiers, since before these were read. */
  get settling(): ReadonlySet<RecordId> {
    return this.#settling;
  }

  /** Locks what nobody else has. To be followed by reading the profiles: a statement of its own, which sees who was here before. */
  async lock(ids: readonly RecordId[]): Promise<void> {
    const values = [this.#transaction.workspaceId, listed(ids)];
    const marks = await this.#transaction.query<{ recordId: RecordId; identified: boolean }>(
      `SELECT record_id AS "recordId", identified AND compared AS identified FROM unresolved WHERE workspace_id = $1 AND record_id ${among("$2")}
       FOR UPDATE SKIP LOCKED`,
      values,
    );
    for (const { recordId, identified } of marks) {
      this.#marks.add(recordId);
      if (identified) this.#settling.add(recordId);
    }
    const members = await this.#transaction.query<{ recordId: RecordId }>(
      `SELECT record_id AS "recordId" FROM membership WHERE workspace_id = $1 AND record_id ${among("$2")}
       FOR UPDATE SKIP LOCKED`,
      values,
    );
    for (const { recordId } of members) this.#members.add(recordId);
  }

  /** @param profileId as read after locking */
  isTaken(recordId: RecordId, profileId: ProfileId | null): boolean {
    if ((profileId === null ? this.#marks : this.#members).has(recordId)) return false;
    this.#taken.add(recordId);
    if (profileId !== null) this.#profilesTaken.add(profileId);
    return true;
  }

  /**
   * Notes a record that is looked at. Who holds a value was asked when the value was met first: a record that came to hold it
   * since then is in the middle of a change, and has been looked at by halves.
   *
   * @param ties its values, and those under which others name it
   */
  noteRecord(
    { recordId, profileId }: { recordId: RecordId; profileId: ProfileId | null },
    ties: string[],
    identifiers: readonly Holder[],
  ): void {
    this.#ties.set(recordId, profileId === null ? ties : [...ties, profileId]);
    const missed = identifiers.some(
      ({ valueId }) => this.#asked.get(valueId)?.holders.every((holder) => holder.recordId !== recordId) === true,
    );
    if (missed) this.#changing.add(recordId);
  }

  /** @param values with all their holders */
  noteAsked(values: ReadonlyMap<string, HeldValue>): void {
    for (const [valueId, value] of values) this.#asked.set(valueId, value);
  }

  /** Records looked at whose components others are at work on. */
  connectedWithTaken(links: Iterable<Pick<HumanLink, "a" | "b">>): Set<RecordId> {
    if (this.#taken.size === 0 && this.#changing.size === 0) return new Set();
    const recordsBy = new Map<string, RecordId[]>();
    const tiesOf = new Map(this.#ties);
    const left: string[] = [...this.#profilesTaken];
    for (const id of this.#taken) left.push(valueIdOf("merged_into", id));
    for (const id of this.#changing) left.push(...(tiesOf.get(id) ?? []));
    for (const [valueId, { holders }] of this.#asked)
      if (holders.some(({ recordId }) => this.#taken.has(recordId))) left.push(valueId);
    for (const { a, b } of links) {
      const tie = `${a} ${b}`;
      for (const id of [a, b]) tiesOf.set(id, [...(tiesOf.get(id) ?? []), tie]);
      if (this.#taken.has(a) || this.#taken.has(b)) left.push(tie);
    }
    for (const [id, ties] of tiesOf) {
      for (const tie of ties) {
        const known = recordsBy.get(tie);
        if (known === undefined) recordsBy.set(tie, [id]);
        else known.push(id);
      }
    }
    const connected = new Set<RecordId>();
    const done = new Set<string>();
    for (let tie = left.pop(); tie !== undefined; tie = left.pop()) {
      if (done.has(tie)) continue;
      done.add(tie);
      for (const id of recordsBy.get(tie) ?? []) {
        if (connected.has(id)) continue;
        connected.add(id);
        left.push(...(tiesOf.get(id) ?? []));
      }
    }
    return connected;
  }
}
