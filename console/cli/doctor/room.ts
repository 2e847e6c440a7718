/** What takes how much room, and is what is past its time removed? */
import { pastBefore, RETENTION_KINDS } from "#profile/retention.ts";
import type { Database } from "#profile/store/database.ts";
import { readSizes } from "#profile/store/views/sizes.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { globals } from "../context.ts";
import { bytes, count, when } from "../output.ts";
import { fail, ok } from "./finding.ts";
import type { Finding } from "./finding.ts";

export async function sizeFinding(database: Pick<Database, "pool">): Promise<Finding> {
  const sizes = await readSizes(database);
  const all = sizes.reduce((sum, size) => sum + size.bytes, 0);
  const kinds = sizes.map(({ kind, bytes: taken, rows }) => `${kind} ${bytes(taken)} (about ${count(rows)} rows)`);
  const [most] = sizes.toSorted((a, b) => b.grown - a.grown);
  const growing =
    most === undefined || most.grown <= 0
      ? ""
      : `. Most rows came in ${most.kind}: ${count(most.grown)} more than went since the server began to count`;
  return ok("room", `${bytes(all)} in all: ${kinds.join(", ")}${growing}`);
}

/** A worker that is away for a weekend is no fault. */
const GRACE_DAYS = 3;

export async function retentionFindings({ connections, retention, now }: Dependencies): Promise<Finding[]> {
  const all = await connections.listWorkspaces();
  const wanted = all.filter(({ slug }) => globals.workspace === undefined || slug === globals.workspace);
  return Promise.all(
    wanted.map(async ({ workspaceId, slug }) => {
      const check = `kept of ${slug}`;
      const kept = await retention.kept(workspaceId);
      const { prunedAt, ...oldest } = await retention.oldest(workspaceId);
      const parts = RETENTION_KINDS.map(
        (kind) => `${kind} since ${oldest[kind] === null ? "now" : when(oldest[kind])}`,
      );
      const says = `${parts.join(", ")}; last pruned ${pruned(prunedAt, now())}`;
      const overdue = RETENTION_KINDS.filter((kind) => {
        const [before, since] = [pastBefore(kept[kind], now() - GRACE_DAYS * 86_400_000), oldest[kind]];
        return before !== null && since !== null && since < before;
      });
      const due = prunedAt === null || prunedAt.getTime() < now() - GRACE_DAYS * 86_400_000;
      return overdue.length === 0 || !due
        ? ok(check, says)
        : fail(
            check,
            `${says}; past their time and still there: ${overdue.join(", ")}`,
            "`tributary prune` removes it; refreshes do it once a day: where they do not, the worker's log says why",
          );
    }),
  );
}

/** After an upgrade nothing goes for a week. */
const pruned = (at: Date | null, now: number): string =>
  at !== null && at.getTime() > now ? "never: it begins a week after the upgrade" : when(at);
