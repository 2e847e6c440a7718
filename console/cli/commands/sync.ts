import type { Command } from "commander";
import { withContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function syncCommand(program: Command): void {
  program
    .command("sync")
    .description("run the loop now: pull, unify, consent, score, plan, apply what is approved; joins one under way")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async ({ workspace, stores, engine }) => {
        const summary = await (await engine()).refresh(workspace.workspaceId);
        const [run] = await stores.runs.lastRuns(workspace.workspaceId, 1);
        print(options, { ...summary, steps: run?.steps ?? [] }, ({ steps }) =>
          [
            table(
              ["step", "seconds", "what it did"],
              steps.map(({ step, startedAt, finishedAt, counts }) => [
                step,
                finishedAt === null ? null : (finishedAt.getTime() - startedAt.getTime()) / 1000,
                Object.entries(counts)
                  .filter(([, count]) => count !== 0)
                  .map(([name, count]) => `${name} ${count.toLocaleString("en")}`)
                  .join(", ") || "nothing to do",
              ]),
            ),
            summary.plansWaiting > 0 ? `\n${summary.plansWaiting} plan(s) wait for approval: tributary plan list` : "",
          ].join("\n"),
        );
        if (summary.failedStreams > 0) {
          throw new CommandFailure(`${summary.failedStreams} streams could not be read; tributary status names them.`);
        }
      }),
    );
}
