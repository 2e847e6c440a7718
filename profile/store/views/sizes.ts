/** What takes how much room in the database, over all workspaces. */
import type { Database } from "../database.ts";

const KINDS = {
  "what tools said": [
    ...["source_record", "source_content", "superseded_content", "customer_order", "subscription", "touchpoint"],
    ...["identifier", "shared_value", "merge_refusal", "link", "unresolved", "full_read_seen", "rejected_record"],
    ...["linkage_record", "blocking_key", "scored_edge", "linkage_model"],
  ],
  customers: ["profile", "profile_traits", "profile_alias", "membership", "consent_state", "set_aside"],
  "plans and deliveries": ["plan", "plan_change", "delivery", "last_written"],
  "figures by day": ["spend", "metric", "figure_day"],
  runs: ["run", "run_step"],
  "consent ledger and audit log": ["consent_entry", "audit_log"],
} satisfies Record<string, string[]>;

export interface KindSize {
  kind: string;
  /** With indexes. */
  bytes: number;
  /** As the planner counted them when it last looked: an estimate. */
  rows: number;
  /** Added less removed since the server began to count. */
  grown: number;
}

/** Largest first. */
export async function readSizes({ pool }: Pick<Database, "pool">): Promise<KindSize[]> {
  const { rows: tables } = await pool.query<{ name: string; bytes: number; rows: number; grown: number }>(
    `SELECT coalesce(whole.relname, part.relname) AS name, sum(pg_total_relation_size(part.oid))::float8 AS bytes,
       sum(greatest(part.reltuples, 0))::float8 AS rows, coalesce(sum(n_tup_ins - n_tup_del), 0)::float8 AS grown
     FROM pg_class part LEFT JOIN pg_inherits ON inhrelid = part.oid LEFT JOIN pg_class whole ON whole.oid = inhparent
       LEFT JOIN pg_stat_user_tables counted ON counted.relid = part.oid
     WHERE part.relnamespace = 'public'::regnamespace AND part.relkind = 'r' GROUP BY 1`,
  );
  const kindOf = new Map(Object.entries(KINDS).flatMap(([kind, names]) => names.map((name) => [name, kind] as const)));
  const sizes = new Map<string, KindSize>();
  for (const { name, bytes, rows, grown } of tables) {
    const kind = kindOf.get(name) ?? "settings and the rest";
    const size = sizes.get(kind) ?? { kind, bytes: 0, rows: 0, grown: 0 };
    sizes.set(kind, { kind, bytes: size.bytes + bytes, rows: size.rows + rows, grown: size.grown + grown });
  }
  return [...sizes.values()].toSorted((a, b) => b.bytes - a.bytes);
}
