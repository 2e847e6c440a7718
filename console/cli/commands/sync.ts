import { userInfo } from "node:os";
import type { Command } from "commander";
import type { HeldStream } from "#profile/store/ingest/held.ts";
import { describeStep } from "../../run-steps.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { count, plural, print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { withProgress } from "../progress.ts";
import { runProgress } from "../run-progress.ts";

interface SyncOptions extends OutputOptions {
  /** True: of every stream. */
  acceptDeletions?: string | true;
}

type Accepted = Pick<HeldStream, "connector" | "connectionName" | "stream"> & { deleted: number };

export function syncCommand(program: Command): void {
  program
    .command("sync")
    .description(
      "run the loop now: pull, unify, consent, score, plan, apply what is approved; joins a run already in progress",
    )
    .option(
      "--accept-deletions [tool/name/stream]",
      "first mark as deleted, once, the records that `status` reports as missing; without a stream: those of every stream that is waiting",
    )
    .option("--json", "print JSON")
    .action((options: SyncOptions) =>
      withContext(async (context) => {
        const { workspace, stores, engine: open } = context;
        const { workspaceId } = workspace;
        // Connects first: no decision is stored when nothing can follow from it.
        const engine = await open();
        const accepted = await answerHeld(context, options.acceptDeletions);
        const summary = await withProgress(engine.refresh(workspaceId), runProgress(stores.runs, workspaceId));
        const runs = await stores.runs.lastRuns(workspaceId, 5);
        const run = runs.find(({ runId }) => runId === summary.runId);
        const steps = run?.steps ?? [];
        const held = await stores.held.list(workspaceId);
        print(options, { ...summary, steps, accepted, held }, () =>
          [
            ...accepted.map(
              ({ deleted, ...stream }) => `${plural(deleted, "record")} of ${nameOf(stream)} marked as deleted.\n`,
            ),
            table(
              ["step", "seconds", "per second", "did"],
              steps
                .map(describeStep)
                .map(({ step, did, seconds, perSecond }) => [step, seconds?.toFixed(1) ?? null, perSecond, did]),
            ),
            ...held.map((stream) => `\n${nameOf(stream)}: ${stream.reason}`),
            run?.outcome === "ok" && run.message !== null ? `\n${run.message}` : "",
            summary.plansWaiting > 0
              ? `\n${plural(summary.plansWaiting, "plan is waiting", "plans are waiting")} for approval: tributary plan list`
              : "",
          ]
            .filter((part) => part !== "")
            .join("\n"),
        );
        if (run?.outcome === "failed") throw new CommandFailure(run.message ?? "The run failed.");
      }),
    );
}

/** Deletes what was accepted; the other streams that wait are read again, since somebody asked for a sync by hand. */
async function answerHeld({ stores, workspace }: Context, asked: SyncOptions["acceptDeletions"]): Promise<Accepted[]> {
  const { workspaceId } = workspace;
  const waiting = await stores.held.list(workspaceId);
  const chosen = asked === undefined ? [] : waiting.filter((stream) => asked === true || isNamed(stream, asked));
  if (asked !== undefined && chosen.length === 0) {
    const names = waiting.map((stream) => `${nameOf(stream)} (${count(stream.vanishing)} missing)`).join(", ");
    throw new CommandFailure(
      waiting.length === 0
        ? "No deletions are waiting to be accepted."
        : `No deletions of "${String(asked)}" are waiting to be accepted; those waiting are: ${names}.`,
      3,
    );
  }
  const accepted: Accepted[] = [];
  for (const stream of waiting) {
    if (!chosen.includes(stream)) {
      await stores.held.readAgain(workspaceId, stream);
      continue;
    }
    const deleted = await stores.held.accept(workspaceId, stream, `${userInfo().username} (command line)`);
    const { connector, connectionName, stream: name } = stream;
    if (deleted !== null) accepted.push({ connector, connectionName, stream: name, deleted });
  }
  return accepted;
}

const nameOf = ({ connector, connectionName, stream }: Omit<Accepted, "deleted">): string =>
  `${connector}/${connectionName}/${stream}`;

/** A connector, `connector/name` or `connector/name/stream`. */
function isNamed(stream: HeldStream, asked: string): boolean {
  return nameOf(stream) === asked || nameOf(stream).startsWith(`${asked.replace(/\/$/, "")}/`);
}
