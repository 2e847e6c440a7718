/** What humans said of records: that two are one person, or are not. */
import type { RecordId } from "#profile/ids.ts";
import type { HumanLink } from "#profile/identity/resolve.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";

export type Link = HumanLink & { verdict: "same" | "different" };

/** The links as one transaction sees them. */
export class HumanLinks {
  readonly #transaction: Transaction;
  #any: boolean | undefined;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /** Those that name one of these records or two of them. */
  async of(ids: Iterable<RecordId>): Promise<Link[]> {
    this.#any ??= await this.#areAny();
    if (!this.#any) return [];
    const rows = await this.#transaction.query<Omit<Link, "at"> & { at: Date }>(
      `SELECT a_record_id AS a, b_record_id AS b, verdict, created_at AS at FROM link
       WHERE workspace_id = $1 AND a_record_id ${among("$2")}
       UNION ALL SELECT a_record_id, b_record_id, verdict, created_at FROM link
       WHERE workspace_id = $1 AND b_record_id ${among("$2")}`,
      [this.#transaction.workspaceId, listed(ids)],
    );
    return rows.map((row) => ({ ...row, at: row.at.toISOString() }));
  }

  /** Most workspaces have none. */
  async #areAny(): Promise<boolean> {
    const [row] = await this.#transaction.query<{ any: boolean }>(
      "SELECT EXISTS (SELECT FROM link WHERE workspace_id = $1) AS any",
      [this.#transaction.workspaceId],
    );
    return row?.any ?? false;
  }
}
