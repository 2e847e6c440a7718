/** The shop's own rhythm, worked out from everybody's orders and kept until the orders have changed enough. */
import { z } from "zod";
import { MIN_REPEAT_BUYERS } from "#profile/scores/rhythm.ts";
import type { ShopBaseline } from "#profile/scores/types.ts";
import type { Transaction } from "../database.ts";
import { settingsOf } from "../workspace-settings.ts";

const NAME = "shop_rhythm";
/** Share by which the number of orders must change for a new look at once; below that, once a day. */
const CHANGED_SHARE = 0.05;
const DAY_MS = 86_400_000;
const MIN_FREQUENT_BUYERS = 50;

const EMPTY: ShopBaseline = { repeatBuyers: 0, medianGapDays: null, topSpendMinor: null };
const stored = z.strictObject({
  repeatBuyers: z.number(),
  medianGapDays: z.number().nullable(),
  topSpendMinor: z.number().nullable(),
});

export async function readBaseline(transaction: Transaction): Promise<ShopBaseline> {
  return (await storedBaseline(transaction))?.baseline ?? EMPTY;
}

async function storedBaseline(transaction: Transaction) {
  const [row] = await transaction.query<{ value: unknown; inputs: number; computed_at: Date }>(
    "SELECT value, inputs, computed_at FROM baseline WHERE workspace_id = $1 AND name = $2",
    [transaction.workspaceId, NAME],
  );
  return row === undefined ? null : { ...row, baseline: stored.parse(row.value) };
}

/**
 * Works the baseline out again when it is missing, when the number of orders changed by more than 5 %, or when it is a
 * day old and orders changed. With no profile waiting to be scored nothing changed, and nothing is counted.
 *
 * @returns `changed` when the rounded values differ, so that people who bought must be scored again
 */
export async function refreshBaseline(
  transaction: Transaction,
  asOf: string,
): Promise<{ changed: boolean; baseline: ShopBaseline }> {
  const before = await storedBaseline(transaction);
  if (before !== null && !(await anyUnscored(transaction))) return { changed: false, baseline: before.baseline };
  const [counted] = await transaction.query<{ orders: number }>(
    "SELECT count(*) AS orders FROM customer_order WHERE workspace_id = $1",
    [transaction.workspaceId],
  );
  const orders = counted?.orders ?? 0;
  if (before !== null) {
    const difference = Math.abs(orders - before.inputs);
    const old = Date.parse(asOf) - before.computed_at.getTime() > DAY_MS;
    const due = difference > CHANGED_SHARE * before.inputs || (old && difference > 0);
    if (!due) return { changed: false, baseline: before.baseline };
  }
  const baseline = await compute(transaction, asOf);
  await transaction.query(
    `INSERT INTO baseline (workspace_id, name, value, inputs, computed_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (workspace_id, name) DO UPDATE SET value = excluded.value, inputs = excluded.inputs,
       computed_at = excluded.computed_at`,
    [transaction.workspaceId, NAME, JSON.stringify(baseline), orders, asOf],
  );
  const known = before?.baseline ?? EMPTY;
  const changed = known.medianGapDays !== baseline.medianGapDays || known.topSpendMinor !== baseline.topSpendMinor;
  if (changed) await rescoreBuyers(transaction, asOf);
  return { changed, baseline };
}

async function anyUnscored(transaction: Transaction): Promise<boolean> {
  const [row] = await transaction.query<{ any: boolean }>(
    "SELECT EXISTS (SELECT FROM profile WHERE workspace_id = $1 AND touched_seq > scored_seq) AS any",
    [transaction.workspaceId],
  );
  return row?.any ?? false;
}

/** Each person counts once, with their mean gap: otherwise the few who buy daily would set the rhythm of all. */
async function compute(transaction: Transaction, asOf: string): Promise<ShopBaseline> {
  const { timeZone, currency } = await settingsOf(transaction);
  const [row] = await transaction.query<{
    repeat_buyers: number;
    gap: number | null;
    frequent: number;
    spend: number | null;
  }>(
    `WITH day AS (
       SELECT m.profile_id, (o.placed_at AT TIME ZONE $2)::date AS day, o.currency,
         sum(o.amount_minor - o.refunded_minor)::int8 AS net
       FROM customer_order o
       JOIN membership m ON o.workspace_id = $1 AND m.workspace_id = $1 AND m.record_id = o.person_record_id
       WHERE NOT o.deleted AND o.status IN ('paid', 'refunded') AND o.placed_at <= $4
       GROUP BY 1, 2, 3 HAVING sum(o.amount_minor - o.refunded_minor) > 0
     ), person AS (
       SELECT profile_id, count(DISTINCT day) AS days, max(day) - min(day) AS span,
         coalesce(sum(net) FILTER (WHERE currency = $3), 0)::float8 AS spend
       FROM day GROUP BY 1
     )
     SELECT count(*) FILTER (WHERE days >= 2) AS repeat_buyers,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY span / nullif(days - 1, 0)::float8) AS gap,
       count(*) FILTER (WHERE days >= 4) AS frequent,
       percentile_cont(0.8) WITHIN GROUP (ORDER BY spend) FILTER (WHERE days >= 4) AS spend
     FROM person`,
    [transaction.workspaceId, timeZone, currency, asOf],
  );
  if (row === undefined) return EMPTY;
  return {
    repeatBuyers: row.repeat_buyers,
    medianGapDays: row.gap === null || row.repeat_buyers < MIN_REPEAT_BUYERS ? null : Math.max(1, Math.round(row.gap)),
    topSpendMinor: row.spend === null || row.frequent < MIN_FREQUENT_BUYERS ? null : twoDigits(row.spend),
  };
}

/** Two significant digits: a limit that moved with every order would score everybody again with every order. */
const twoDigits = (value: number) => Number(value.toPrecision(2));

/** Due now, rather than touched: their consents and records did not change, only what their orders mean. */
async function rescoreBuyers(transaction: Transaction, asOf: string): Promise<void> {
  await transaction.query(
    `UPDATE profile SET score_due_at = $2
     WHERE workspace_id = $1 AND touched_seq <= scored_seq AND profile_id IN (
       SELECT m.profile_id FROM customer_order o
       JOIN membership m ON m.workspace_id = $1 AND m.record_id = o.person_record_id
       WHERE o.workspace_id = $1
     )`,
    [transaction.workspaceId, asOf],
  );
}
