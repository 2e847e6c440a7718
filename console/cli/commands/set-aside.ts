import type { Command } from "commander";
import { withContext } from "../context.ts";
import { note, plural, print, table, when, zone } from "../output.ts";
import type { OutputOptions } from "../output.ts";

const STEP_WORDS = { identity: "who is who", consent: "consent", scores: "scores" };

export function setAsideCommand(program: Command): void {
  program
    .command("set-aside")
    .description("rows that broke a step and were set aside so that the rest could go on, each with its reason")
    .option("--retry", "let the next sync try all of them again")
    .option("--json", "print JSON")
    .action((options: OutputOptions & { retry?: boolean }) =>
      withContext(async ({ workspace, stores }) => {
        const { workspaceId } = workspace;
        const rows = await stores.setAside.list(workspaceId);
        print(options, rows, () =>
          rows.length === 0
            ? "Nothing is set aside."
            : table(
                ["step", "record or profile", "why", `since (${zone()})`],
                rows.map(({ step, subjectId, reason, since }) => [STEP_WORDS[step], subjectId, reason, when(since)]),
              ),
        );
        if (options.retry !== true || rows.length === 0) return;
        const retried = await stores.setAside.retry(workspaceId);
        note(`${plural(retried, "row")} will be tried again by the next \`tributary sync\`.`);
      }),
    );
}
