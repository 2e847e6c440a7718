/** What takes how much room, and is what is past its time removed? */
import { pastBefore, RETENTION_KINDS } from "#profile/retention.ts";
import type { Database } from "#profile/store/database.ts";
import { readSizes } from "#profile/store/views/sizes.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { globals } from "../context.ts";
import { copiesOf } from "../../csv-files.ts";
import { tablesWithWorkspaceStatistics } from "#profile/store/statistics.ts";
import { bytes, count, plural, when } from "../output.ts";
import { fail, ok, skip } from "./finding.ts";
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

/** Copies of imported files are in no backup of the database, so they are looked for. */
export async function copyFindings({ connections }: Dependencies): Promise<Finding[]> {
  const all = await connections.listWorkspaces();
  const wanted = all.filter(({ slug }) => globals.workspace === undefined || slug === globals.workspace);
  const findings: Finding[] = [];
  for (const { workspaceId, slug } of wanted) {
    const check = `imported files of ${slug}`;
    const copies = await copiesOf(connections, workspaceId);
    if (copies === null) findings.push(skip(check, "their folder is not on this machine"));
    else if (copies.missing > 0)
      findings.push(
        fail(
          check,
          `${copies.missing} of ${plural(copies.files, "copy", "copies")} are not where they were`,
          "put them back under the same path (docs/operating.md, Backing up), or import those files again: until then a file that was not read to its end stays unread, and columns cannot be corrected",
        ),
      );
    else if (copies.files > 0)
      findings.push(
        ok(
          check,
          `${plural(copies.files, "copy", "copies")}, ${bytes(copies.bytes)}, kept as long as their connection; in no backup`,
        ),
      );
  }
  return findings;
}

/** Statistics of before make the planner expect a single row of a new workspace. */
export async function statisticsFinding(database: Pick<Database, "pool">): Promise<Finding> {
  const check = "statistics";
  const tables = await tablesWithWorkspaceStatistics(database);
  return tables === 0
    ? ok(check, "of no workspace, so that plans do not depend on which are known")
    : fail(
        check,
        `${plural(tables, "table")} of before the upgrade still ${tables === 1 ? "has" : "have"} some of workspaces: a new workspace may be slow until the server has looked at it`,
        "an administrator of Postgres removes them (docs/operating.md, Upgrading), or move to another database with `npm run backup` and `npm run restore`",
      );
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
