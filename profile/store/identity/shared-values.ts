/** Values held by so many records that they say nothing about who somebody is. */
import type { RecordId } from "#profile/ids.ts";
import type { Identifier } from "#profile/identity/identifiers.ts";
import { OVERFLOW_HOLDERS, overflows } from "#profile/identity/rules.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import { insertInto } from "../insert.ts";
import { markConcerned } from "./marks.ts";

interface Crowd {
  valueId: string;
  holders: number;
  /** Different spellings of names; 0 where not counted. */
  names: number;
  /** Known as shared; null: it was not. */
  since: Date | null;
  /** As counted then. */
  known: number | null;
}

export type Value = Pick<Identifier, "kind" | "value"> & { valueId: string };

type Crowded = Crowd & Value;

const insertShared = insertInto<Crowded>({
  table: "shared_value",
  columns: {
    value_id: { type: "uuid", of: ({ valueId }) => valueId },
    kind: { type: "text", of: ({ kind }) => kind },
    value: { type: "text", of: ({ value }) => value },
    holders: { type: "int4", of: ({ holders }) => holders },
  },
  key: ["value_id"],
  onConflict: "update",
});

/**
 * Looks again at which of these values too many records hold. When that changes either way, every holder is marked for
 * another look, since its component changed.
 *
 * @param values those of changed records: no other value can have changed
 * @returns the values that turned
 */
export async function refreshSharedValues(transaction: Transaction, values: readonly Value[]): Promise<Value[]> {
  const { over, under } = await lookAt(transaction, values);
  await insertShared(transaction, over);
  if (under.length > 0) {
    await transaction.query(`DELETE FROM shared_value WHERE workspace_id = $1 AND value_id ${among("$2")}`, [
      transaction.workspaceId,
      listed(under.map(({ valueId }) => valueId)),
    ]);
  }
  const turned = [...over.filter(({ since }) => since === null), ...under];
  if (turned.length === 0) return [];
  const holders = await transaction.query<{ recordId: RecordId }>(
    `SELECT DISTINCT record_id AS "recordId" FROM identifier WHERE workspace_id = $1 AND value_id ${among("$2")}`,
    [transaction.workspaceId, listed(turned.map(({ valueId }) => valueId))],
  );
  await markConcerned(
    transaction,
    holders.map(({ recordId }) => recordId),
  );
  return turned;
}

/** Whether nothing is to be written of these values, so that others may lean on the same. */
export async function areAsKnown(transaction: Transaction, values: readonly Value[]): Promise<boolean> {
  const { over, under } = await lookAt(transaction, values);
  return under.length === 0 && over.every(({ holders, known }) => holders === known);
}

async function lookAt(
  transaction: Transaction,
  values: readonly Value[],
): Promise<Record<"over" | "under", Crowded[]>> {
  if (values.length === 0) return { over: [], under: [] };
  const known = new Map(values.map((value) => [value.valueId, value]));
  const crowds = (await crowdsOf(transaction, known.keys())).flatMap((crowd) => {
    const value = known.get(crowd.valueId);
    return value === undefined ? [] : { ...value, ...crowd };
  });
  return {
    over: crowds.filter(({ holders, names }) => overflows(holders, names)),
    under: crowds.filter(({ holders, names, since }) => since !== null && !overflows(holders, names)),
  };
}

/** Of these values: those with more holders than go unasked, and those known as shared. */
async function crowdsOf(transaction: Transaction, valueIds: Iterable<string>): Promise<Crowd[]> {
  return transaction.query<Crowd>(
    // The first count stops early: nearly all values have a holder or two.
    `SELECT wanted.value_id AS "valueId", since, shared_value.holders AS known,
       CASE WHEN many THEN (SELECT count(*) FROM identifier WHERE workspace_id = $1 AND value_id = wanted.value_id)
         ELSE 0 END AS holders,
       CASE WHEN many THEN (
         SELECT count(DISTINCT lower(concat_ws('|', first_name, last_name)))
           FILTER (WHERE coalesce(first_name, last_name, '') <> '')
         FROM identifier JOIN source_record USING (workspace_id, record_id)
         WHERE workspace_id = $1 AND value_id = wanted.value_id
       ) ELSE 0 END AS names
     FROM unnest($2::uuid[]) AS wanted (value_id)
     CROSS JOIN LATERAL (
       SELECT count(*) > $3 AS many FROM (
         SELECT FROM identifier WHERE workspace_id = $1 AND value_id = wanted.value_id LIMIT $3 + 1
       ) AS first
     ) AS counted
     LEFT JOIN shared_value ON shared_value.workspace_id = $1 AND shared_value.value_id = wanted.value_id
     WHERE many OR since IS NOT NULL`,
    [transaction.workspaceId, listed(valueIds), OVERFLOW_HOLDERS],
  );
}
