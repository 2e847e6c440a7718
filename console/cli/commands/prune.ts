import type { Command } from "commander";
import { RETENTION_KINDS, type Retention } from "#profile/retention.ts";
import type { Prunable, Pruned } from "#profile/store/retention/store.ts";
import { keptWords } from "../../retention-words.ts";
import { withStores } from "../context.ts";
import { chosenWorkspaces } from "../chosen-workspaces.ts";
import { bytes, count, plural, print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { withProgress } from "../progress.ts";

interface Answer {
  workspace: string;
  keeps: Retention;
  pruned: Pruned;
}

export function pruneCommand(program: Command): void {
  program
    .command("prune")
    .description("remove what is past the time it is kept for; a refresh does it once a day by itself")
    .option("--dry-run", "only say what would go")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Of every workspace, or the one that --workspace names. \`tributary workspace list\` shows how long each keeps what, and
\`tributary workspace set\` changes it. What was written by a plan can be undone as long as the plan is kept.`,
    )
    .action((options: OutputOptions & { dryRun?: boolean }) =>
      withStores(async ({ stores: { connections, retention } }) => {
        const answers: Answer[] = [];
        for (const { workspaceId, slug } of await chosenWorkspaces(connections)) {
          const keeps = await retention.kept(workspaceId);
          let soFar: Pruned | null = null;
          const onBatch = (pruned: Pruned) => (soFar = pruned);
          const pruned = options.dryRun
            ? await retention.preview(workspaceId, Date.now())
            : await withProgress(
                retention.prune(workspaceId, Date.now(), { onBatch }).then((done) => done.pruned),
                async () => (soFar === null ? null : `${slug}: ${count(rowsOf(soFar))} rows removed`),
              );
          answers.push({ workspace: slug, keeps, pruned });
        }
        print(options, answers, () => render(answers, options.dryRun ?? false));
      }),
    );
}

const rowsOf = (pruned: Pruned): number =>
  Object.values(pruned).reduce((sum, { rows }) => sum + Object.values(rows).reduce((all, some) => all + some, 0), 0);

function render(answers: Answer[], dryRun: boolean): string {
  const total = answers.reduce((sum, { pruned }) => sum + rowsOf(pruned), 0);
  if (total === 0) return "Nothing is past its time.";
  const rows = answers.flatMap(({ workspace, keeps, pruned }) =>
    RETENTION_KINDS.map((kind) => [
      workspace,
      kind,
      keptWords(keeps[kind]),
      whatOf(pruned[kind]),
      bytes(pruned[kind].bytes),
    ]),
  );
  return [
    table(["workspace", "kind", "kept for", dryRun ? "would go" : "gone", "size"], rows),
    dryRun
      ? "\nNothing was removed: --dry-run. Without it, plans among these can no longer be undone."
      : "\nThe room is used again by what comes next; the database's files do not become smaller.",
    "Sizes are of the rows, without their indexes.",
  ].join("\n");
}

function whatOf({ rows }: Prunable): string {
  const parts = Object.entries(rows).flatMap(([name, some]) => (some === 0 ? [] : plural(some, name.slice(0, -1))));
  return parts.length === 0 ? "nothing" : parts.join(", ");
}
