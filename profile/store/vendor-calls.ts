/** How long calls to tools take, as histograms per hour: cheap to add to, and any quantile can be had from them. */
import type { WorkspaceId } from "#profile/ids.ts";
import type { Database, Transaction } from "./database.ts";

/** How many calls took about 2^(n/4) milliseconds, by n: an error below a tenth. */
export type Buckets = Record<string, number>;

export interface CallTimes {
  connector: string;
  operation: string;
  /** `ok`, or the kind of the failure. */
  outcome: string;
  buckets: Buckets;
}

export interface VendorCallStore {
  add(workspaceId: WorkspaceId, at: Date, times: readonly CallTimes[]): Promise<void>;
  /** Whole hours from the one in which `since` lies, added up. */
  since(workspaceId: WorkspaceId, since: Date): Promise<CallTimes[]>;
}

/** Longer than anybody looks back, short enough that the table stays small. */
const KEPT = "8 days";

export const bucketOf = (durationMs: number): string => String(Math.round(4 * Math.log2(Math.max(1, durationMs))));

/** In milliseconds; null without calls. @param share 0.5 for the median */
export function quantile(buckets: readonly Buckets[], share: number): number | null {
  const all = buckets.flatMap((one) => Object.entries(one)).map(([n, count]) => ({ n: Number(n), count }));
  const total = all.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { n, count } of all.toSorted((a, b) => a.n - b.n)) {
    seen += count;
    if (seen >= share * total) return 2 ** (n / 4);
  }
  return null;
}

/** In milliseconds; null without calls. */
export function meanMs(times: readonly Pick<CallTimes, "buckets">[]): number | null {
  const all = times.flatMap(({ buckets }) => Object.entries(buckets));
  const calls = all.reduce((sum, [, count]) => sum + count, 0);
  return calls === 0 ? null : all.reduce((sum, [n, count]) => sum + count * 2 ** (Number(n) / 4), 0) / calls;
}

export const countOf = (buckets: Buckets): number => Object.values(buckets).reduce((sum, count) => sum + count, 0);

/** Adds up two objects of counts, as jsonb. */
const added = (one: string, other: string) =>
  `(SELECT jsonb_object_agg(n, coalesce((${one} ->> n)::bigint, 0) + coalesce((${other} ->> n)::bigint, 0))
    FROM (SELECT jsonb_object_keys(${one} || ${other}) AS n) AS names)`;

export function createVendorCallStore(database: Database): VendorCallStore {
  return {
    add: async (workspaceId, at, times) => {
      const work = async (transaction: Transaction) => {
        const sorted = times.toSorted((a, b) => keyOf(a).localeCompare(keyOf(b)));
        await transaction.query(
          `INSERT INTO vendor_call AS known (workspace_id, hour, connector, operation, outcome, buckets)
           SELECT $1, date_trunc('hour', $2::timestamptz), * FROM unnest($3::text[], $4::text[], $5::text[], $6::jsonb[])
           ON CONFLICT (workspace_id, hour, connector, operation, outcome) DO UPDATE
             SET buckets = ${added("known.buckets", "excluded.buckets")}`,
          [
            ...[workspaceId, at],
            ...[sorted.map(({ connector }) => connector), sorted.map(({ operation }) => operation)],
            ...[sorted.map(({ outcome }) => outcome), sorted.map(({ buckets }) => JSON.stringify(buckets))],
          ],
        );
        await transaction.query(
          `DELETE FROM vendor_call WHERE workspace_id = $1 AND hour < $2::timestamptz - interval '${KEPT}'`,
          [workspaceId, at],
        );
      };
      await database.inWorkspace(workspaceId, work, { durable: "soon" });
    },

    since: (workspaceId, since) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<CallTimes>(
          `SELECT connector, operation, outcome, jsonb_object_agg(n, calls) AS buckets
           FROM (
             SELECT connector, operation, outcome, n, sum(count::bigint) AS calls
             FROM vendor_call CROSS JOIN jsonb_each_text(buckets) AS each(n, count)
             WHERE workspace_id = $1 AND hour >= date_trunc('hour', $2::timestamptz)
             GROUP BY 1, 2, 3, 4
           ) AS summed GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
          [workspaceId, since],
        ),
      ),
  };
}

const keyOf = ({ connector, operation, outcome }: CallTimes): string => `${connector}\n${operation}\n${outcome}`;
