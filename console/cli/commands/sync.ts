import type { Command } from "commander";
import { describeStep } from "../../run-steps.ts";
import { withContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { plural, print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { withProgress } from "../progress.ts";
import { runProgress } from "../run-progress.ts";

export function syncCommand(program: Command): void {
  program
    .command("sync")
    .description("run the loop now: pull, unify, consent, score, plan, apply what is approved; joins one under way")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async ({ workspace, stores, engine: open }) => {
        const { workspaceId } = workspace;
        const engine = await open();
        const summary = await withProgress(engine.refresh(workspaceId), runProgress(stores.runs, workspaceId));
        const runs = await stores.runs.lastRuns(workspaceId, 5);
        const run = runs.find(({ runId }) => runId === summary.runId);
        const steps = run?.steps ?? [];
        print(options, { ...summary, steps }, () =>
          [
            table(
              ["step", "seconds", "per second", "did"],
              steps
                .map(describeStep)
                .map(({ step, did, seconds, perSecond }) => [step, seconds?.toFixed(1) ?? null, perSecond, did]),
            ),
            summary.plansWaiting > 0
              ? `\n${plural(summary.plansWaiting, "plan waits", "plans wait")} for approval: tributary plan list`
              : "",
          ]
            .filter((part) => part !== "")
            .join("\n"),
        );
        if (run?.outcome === "failed") throw new CommandFailure(run.message ?? "The run failed.");
      }),
    );
}
