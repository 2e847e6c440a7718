/** Pairs that scores say are likely one person. */
import type { RecordId } from "#profile/ids.ts";
import type { Joins } from "#profile/identity/linkage/tighten.ts";
import { among, listed } from "../../among.ts";
import { matchByHash, type Transaction } from "../../database.ts";
import { insertInto } from "../../insert.ts";
import type { Pair } from "./candidates.ts";

export interface ScoredEdge extends Pair {
  /** log2 of the odds. */
  weight: number;
  joins: Joins;
  /** As `cluesOf` of the score. */
  clues: number;
}

/** The edges as one transaction sees them. Most workspaces have none. */
export class ScoredEdges {
  readonly #transaction: Transaction;
  #any: boolean | undefined;

  constructor(transaction: Transaction) {
    this.#transaction = transaction;
  }

  /** Those that name one of these records or two of them. */
  async of(ids: Iterable<RecordId>): Promise<ScoredEdge[]> {
    this.#any ??= await this.#areAny();
    return this.#any ? edgesOf(this.#transaction, ids) : [];
  }

  async #areAny(): Promise<boolean> {
    const [row] = await this.#transaction.query<{ any: boolean }>(
      "SELECT EXISTS (SELECT FROM linkage_model WHERE workspace_id = $1) AS any",
      [this.#transaction.workspaceId],
    );
    return row?.any ?? false;
  }
}

export function edgesOf(transaction: Transaction, ids: Iterable<RecordId>): Promise<ScoredEdge[]> {
  const columns = `a_record_id AS a, b_record_id AS b, weight, joins, clues`;
  return transaction.query<ScoredEdge>(
    `SELECT ${columns} FROM scored_edge WHERE workspace_id = $1 AND a_record_id ${among("$2")}
     UNION SELECT ${columns} FROM scored_edge WHERE workspace_id = $1 AND b_record_id ${among("$2")}`,
    [transaction.workspaceId, listed(ids)],
  );
}

const insertEdges = insertInto<ScoredEdge>({
  table: "scored_edge",
  columns: {
    a_record_id: { type: "uuid", of: ({ a }) => a },
    b_record_id: { type: "uuid", of: ({ b }) => b },
    weight: { type: "float8", of: ({ weight }) => weight },
    joins: { type: "text", of: ({ joins }) => joins },
    clues: { type: "int4", of: ({ clues }) => clues },
  },
  constants: ["model_version"],
  key: ["a_record_id", "b_record_id"],
  onConflict: "update",
  also: "model_version = excluded.model_version",
});

export async function writeEdges(
  transaction: Transaction,
  edges: readonly ScoredEdge[],
  modelVersion: number,
): Promise<void> {
  await insertEdges(transaction, edges, [modelVersion]);
}

export async function removeEdges(transaction: Transaction, edges: readonly Pair[]): Promise<void> {
  if (edges.length === 0) return;
  await matchByHash(
    transaction,
    `DELETE FROM scored_edge USING unnest($2::uuid[], $3::uuid[]) AS gone (a, b)
     WHERE scored_edge.workspace_id = $1 AND scored_edge.a_record_id = gone.a AND scored_edge.b_record_id = gone.b
       AND scored_edge.a_record_id ${among("$2")} AND scored_edge.b_record_id ${among("$3")}`,
    [transaction.workspaceId, listed(edges.map(({ a }) => a)), listed(edges.map(({ b }) => b))],
  );
}
