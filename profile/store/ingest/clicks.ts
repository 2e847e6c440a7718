/**
 * Clicks on ads and who is known by them. A click names nobody; it is somebody's only where exactly one person's record holds
 * its very id, upper and lower case included. Two holders are nobody: the id of a click travels with a shared link.
 */
import type { RecordId } from "#profile/ids.ts";
import { among, listed } from "../among.ts";
import type { Transaction } from "../database.ts";
import type { PreparedPage } from "./prepare.ts";

/** Touchpoints of this type have the click's id as their own. */
const CLICK = "ad_clicked";

interface Holding {
  clickId: string;
  recordId: RecordId;
}

/**
 * Before a page's rows are saved. Somebody's record and their click may come with two pages at the same time, and neither would
 * see the other's: pages that are about clicks follow one another.
 *
 * @returns which clicks the page's people hold until now
 */
export async function readClicks(
  transaction: Transaction,
  { sources, touchpoints }: Pick<PreparedPage, "sources" | "touchpoints">,
): Promise<Holding[]> {
  const people = peopleIn(sources);
  const held =
    people.length === 0
      ? []
      : await transaction.query<Holding>(
          `SELECT click_id AS "clickId", record_id AS "recordId" FROM click_holder
           WHERE workspace_id = $1 AND record_id ${among("$2")}`,
          [transaction.workspaceId, listed(people.map(({ recordId }) => recordId))],
        );
  const isAboutClicks =
    held.length > 0 ||
    touchpoints.some(({ record }) => record.type === CLICK) ||
    people.some(({ record }) => record.externalIds.some(({ kind }) => kind === "click_id"));
  if (isAboutClicks)
    await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [
      `clicks ${transaction.workspaceId}`,
    ]);
  return held;
}

/** After the page's rows are saved. @returns person records that gained or lost a click */
export async function joinClicks(
  transaction: Transaction,
  { sources, touchpoints }: Pick<PreparedPage, "sources" | "touchpoints">,
  held: readonly Holding[],
): Promise<RecordId[]> {
  const clicks = new Set(touchpoints.filter(({ record }) => record.type === CLICK).map(({ record }) => record.id));
  for (const clickId of await noteHolders(transaction, sources, held)) clicks.add(clickId);
  if (clicks.size === 0) return [];
  const moved = await transaction.query<{ before: RecordId | null; after: RecordId | null }>(
    `WITH held AS MATERIALIZED (
       SELECT named.click_id, CASE WHEN count(h.record_id) = 1 THEN (array_agg(h.record_id))[1] END AS holder
       FROM unnest($2::text[]) AS named (click_id)
       LEFT JOIN LATERAL (
         SELECT record_id FROM click_holder WHERE workspace_id = $1 AND click_id = named.click_id OFFSET 0
       ) AS h ON true
       GROUP BY 1
     ), click AS MATERIALIZED (
       SELECT t.record_id, t.person_record_id AS before, held.holder AS after
       FROM held CROSS JOIN LATERAL (
         SELECT record_id, person_record_id FROM touchpoint
         WHERE workspace_id = $1 AND vendor_id = held.click_id AND type = '${CLICK}' OFFSET 0
       ) AS t
       WHERE t.person_record_id IS DISTINCT FROM held.holder
     )
     UPDATE touchpoint SET person_record_id = click.after
     FROM click WHERE touchpoint.workspace_id = $1 AND touchpoint.record_id = click.record_id
       AND touchpoint.record_id = ANY (ARRAY(SELECT record_id FROM click))
     RETURNING click.before, click.after`,
    [transaction.workspaceId, [...clicks].toSorted()],
  );
  return moved.flatMap(({ before, after }) => [before, after]).filter((id) => id !== null);
}

/** @returns clicks whose holders are others now */
async function noteHolders(
  transaction: Transaction,
  sources: PreparedPage["sources"],
  held: readonly Holding[],
): Promise<string[]> {
  const people = peopleIn(sources);
  if (people.length === 0) return [];
  const named = people.flatMap(({ record, recordId }): Holding[] => {
    if (record.deleted) return [];
    const ids = record.externalIds.filter(({ kind }) => kind === "click_id").map(({ value }) => value);
    return [...new Set(ids)].map((clickId) => ({ clickId, recordId }));
  });
  const key = ({ clickId, recordId }: Holding) => `${recordId} ${clickId}`;
  const [before, now] = [new Set(held.map(key)), new Set(named.map(key))];
  const gained = named.filter((one) => !before.has(key(one)));
  const lost = held.filter((one) => !now.has(key(one)));
  const pairs = (all: Holding[]) => [all.map(({ clickId }) => clickId), all.map(({ recordId }) => recordId)];
  if (lost.length > 0)
    await transaction.query(
      `DELETE FROM click_holder AS h USING unnest($2::text[], $3::uuid[]) AS lost (click_id, record_id)
       WHERE h.workspace_id = $1 AND h.record_id = lost.record_id AND h.click_id = lost.click_id`,
      [transaction.workspaceId, ...pairs(lost)],
    );
  if (gained.length > 0)
    await transaction.query(
      `INSERT INTO click_holder (workspace_id, click_id, record_id)
       SELECT $1, click_id, record_id FROM unnest($2::text[], $3::uuid[]) AS gained (click_id, record_id)
       ORDER BY record_id, click_id ON CONFLICT DO NOTHING`,
      [transaction.workspaceId, ...pairs(gained)],
    );
  return [...gained, ...lost].map(({ clickId }) => clickId);
}

const peopleIn = (sources: PreparedPage["sources"]) =>
  sources.flatMap(({ record, recordId }) => (record.kind === "person" ? [{ record, recordId }] : []));
