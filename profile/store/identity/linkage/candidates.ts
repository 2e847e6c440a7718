/** Whom a record is compared with: those it shares a key with, as far as the key is not everybody's. */
import type { RecordId } from "#profile/ids.ts";
import { LARGEST_BLOCK } from "#profile/identity/linkage/blocking.ts";
import { among, listed } from "../../among.ts";
import type { Transaction } from "../../database.ts";

/** A record is compared with the most promising ones: those it shares most keys with, then those of rarer keys. */
const MOST_CANDIDATES = 200;

export interface Pair {
  a: RecordId;
  b: RecordId;
}

/**
 * Pairs to score around some records, each once, the smaller id first. Whoever waits to be compared and is not among them
 * is left out: it will meet them in its own turn.
 */
export async function pairsAround(transaction: Transaction, ids: readonly RecordId[]): Promise<Pair[]> {
  const rows = await transaction.query<{ record: RecordId; other: RecordId }>(
    `WITH met AS (
       SELECT mine.record_id, held.other_id, count(*) AS shared, min(size) AS smallest
       FROM blocking_key AS mine
         CROSS JOIN LATERAL (
           SELECT record_id AS other_id, count(*) OVER () AS size FROM (
             SELECT record_id FROM blocking_key WHERE workspace_id = $1 AND key_id = mine.key_id LIMIT $3 + 1
           ) AS first
         ) AS held
       WHERE mine.workspace_id = $1 AND mine.record_id ${among("$2")} AND size <= $3 AND other_id <> mine.record_id
       GROUP BY 1, 2
     ), ranked AS (
       SELECT record_id, other_id,
         row_number() OVER (PARTITION BY record_id ORDER BY shared DESC, smallest, other_id) AS place
       FROM met
       WHERE NOT EXISTS (
         SELECT FROM unresolved WHERE workspace_id = $1 AND record_id = met.other_id AND NOT compared
           AND NOT record_id = ANY ($2)
       )
     )
     SELECT record_id AS record, other_id AS other FROM ranked WHERE place <= $4`,
    [transaction.workspaceId, listed(ids), LARGEST_BLOCK, MOST_CANDIDATES],
  );
  const pairs = new Map<string, Pair>();
  for (const { record, other } of rows) {
    const pair = pairOf(record, other);
    pairs.set(keyOf(pair), pair);
  }
  return [...pairs.values()];
}

export const pairOf = (one: RecordId, other: RecordId): Pair =>
  one < other ? { a: one, b: other } : { a: other, b: one };

export const keyOf = ({ a, b }: Pair): string => `${a} ${b}`;
