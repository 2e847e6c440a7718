/** Who holds a value, and where that may be too many. */
import type { RecordId } from "#profile/ids.ts";
import { OVERFLOW_HOLDERS } from "#profile/identity/rules.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import type { Value } from "./shared-values.ts";

/** From so many holders on, the values that everybody holds are told apart before anybody else is fetched. */
export const MANY_HOLDERS = 5_000;

export type Holder = Value & { recordId: RecordId; quality: "strong" | "weak" };
/** With the holders known so far. */
export type HeldValue = Value & { holders: Holder[] };

export async function holdersOf(
  transaction: Transaction,
  valueIds: readonly string[],
  { besides, limit = null }: { besides: readonly RecordId[]; limit?: number | null },
): Promise<Holder[]> {
  if (valueIds.length === 0) return [];
  return transaction.query<Holder>(
    // Of what it sees, the planner makes a hash table: the second list.
    `SELECT record_id AS "recordId", value_id AS "valueId", kind, value, quality FROM identifier
     WHERE workspace_id = $1 AND value_id ${among("$2")} AND quality <> 'blocked' AND record_id <> ALL($3::uuid[])
     LIMIT $4`,
    [transaction.workspaceId, listed(valueIds), listed(besides), limit],
  );
}

/**
 * Which of these values so many hold that they may say nothing. A value is blocked for all its holders or for none, so that
 * leaving out blocked ones does not change the count.
 *
 * @param held with the holders among the records loaded
 * @param others who holds them besides; where there were too many to fetch, it may be any value
 */
export function crowdedAmong(
  valueIds: readonly string[],
  held: ReadonlyMap<string, HeldValue>,
  others: readonly Holder[],
): readonly string[] {
  if (others.length >= MANY_HOLDERS) return valueIds;
  const counts = new Map<string, number>();
  for (const { valueId } of others) counts.set(valueId, (counts.get(valueId) ?? 0) + 1);
  return valueIds.filter(
    (valueId) => (held.get(valueId)?.holders.length ?? 0) + (counts.get(valueId) ?? 0) > OVERFLOW_HOLDERS,
  );
}
