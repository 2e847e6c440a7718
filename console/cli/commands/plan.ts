import { userInfo } from "node:os";
import type { Command } from "commander";
import type { PlanId } from "#profile/ids.ts";
import type { PlanView } from "#profile/store/plans.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { heading, print, table, when } from "../output.ts";
import type { OutputOptions } from "../output.ts";

const SAMPLE = 10;

export function planCommand(program: Command): void {
  const plan = program.command("plan").description("what was or would be written into a tool");

  plan
    .command("list", { isDefault: true })
    .description("all plans, newest first")
    .option("--limit <n>", "how many", Number, 20)
    .option("--json", "print JSON")
    .action((options: OutputOptions & { limit: number }) =>
      withContext(async ({ workspace, stores }) => {
        const plans = await stores.plans.list(workspace.workspaceId, options.limit);
        print(options, plans, (rows) =>
          rows.length === 0
            ? "No plan yet. The next sync makes one when a tool's values differ from ours."
            : table(
                ["plan", "tool", "kind", "state", "changes", "compared", "made", "approved by"],
                rows.map((row) => [
                  row.planId,
                  row.connector,
                  row.kind,
                  row.status,
                  row.changes,
                  row.compared,
                  when(row.createdAt),
                  row.approvedBy,
                ]),
              ),
        );
      }),
    );

  plan
    .command("show")
    .argument("<plan>", "the plan's id, or its first letters")
    .description("what exactly changes: per field, and the first records before and after")
    .option("--sample <n>", "how many records", Number, SAMPLE)
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions & { sample: number }) =>
      withContext(async (context) => print(options, await find(context, id, options.sample), render)),
    );

  plan
    .command("approve")
    .argument("<plan>", "the plan's id, or its first letters")
    .description("write it: exactly what `plan show` shows")
    .option("--digest <hex>", "only if the plan still has this digest (default: as it is now)")
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions & { digest?: string }) =>
      withContext(async (context) => {
        const found = await find(context, id, 0);
        if (found.digest === null)
          throw new CommandFailure(`The plan is ${found.status}; there is nothing to approve.`);
        const engine = await context.engine();
        await engine.approve(found.planId, actor(), options.digest ?? found.digest);
        await engine.finished(found.planId);
        print(options, await find(context, found.planId, SAMPLE), render);
      }),
    );

  plan
    .command("reject")
    .argument("<plan>", "the plan's id, or its first letters")
    .description("do not write it; the same values are not proposed again")
    .action((id: string) =>
      withContext(async (context) => {
        const found = await find(context, id, 0);
        await (await context.engine()).reject(found.planId, actor());
        process.stdout.write("Rejected. Nothing was written.\n");
      }),
    );

  plan
    .command("undo")
    .argument("<plan>", "the plan's id, or its first letters")
    .description("put back what was there before, wherever the value is still ours")
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions) =>
      withContext(async (context) => {
        const { planId, connectionId, connector } = await find(context, id, 0);
        const engine = await context.engine();
        const { workspaceId } = context.workspace;
        const { undoPlanId } = await engine.undo({ workspaceId, planId, connectionId, connector, actor: actor() });
        print(options, await find(context, undoPlanId, SAMPLE), render);
      }),
    );

  plan
    .command("retry")
    .argument("<plan>", "the plan's id, or its first letters")
    .description("try the failed records again, and only those")
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions) =>
      withContext(async (context) => {
        const { planId, connectionId, connector } = await find(context, id, 0);
        const { workspaceId } = context.workspace;
        const decision = { actor: actor(), at: new Date().toISOString() };
        const answer = await context.stores.plans.retryFailed(workspaceId, planId, decision);
        if (answer.outcome === "busy")
          throw new CommandFailure("Another plan of this tool is under way; try again when it has ended.");
        if (answer.outcome === "nothing_to_retry")
          throw new CommandFailure("No failed record is left that a newer plan does not cover.");
        await (await context.engine()).carryOut({ workspaceId, planId, connectionId, connector, runId: null });
        print(options, await find(context, planId, SAMPLE), render);
      }),
    );
}

/** Accepts the first letters of an id, as printed in a list. */
async function find({ stores, workspace }: Context, id: string, sample: number): Promise<PlanView> {
  const matching = (await stores.plans.list(workspace.workspaceId, 1_000)).filter(({ planId }) =>
    planId.startsWith(id),
  );
  const [only, ...others] = matching;
  if (only === undefined) throw new CommandFailure("There is no such plan: `tributary plan list` shows them.", 3);
  if (others.length > 0) throw new CommandFailure(`"${id}" fits ${matching.length} plans; give more letters.`, 2);
  const view = await stores.plans.show(workspace.workspaceId, only.planId satisfies PlanId, { sample });
  if (view === null) throw new CommandFailure("There is no such plan.", 3);
  return view;
}

const actor = (): string => `${userInfo().username} (command line)`;

function render(plan: PlanView): string {
  return [
    `Plan ${plan.planId} for ${plan.connector} (${plan.connection}): ${plan.status}`,
    plan.undoOf === null ? "" : `Undoes plan ${plan.undoOf}`,
    `${plan.changes.toLocaleString("en")} of ${plan.destinationRecords.toLocaleString("en")} records change; ${plan.compared.toLocaleString("en")} were compared. Made ${when(plan.createdAt)}.`,
    plan.digest === null ? "" : `Digest ${plan.digest}`,
    plan.approvedBy === null ? "" : `Approved by ${plan.approvedBy}, ${when(plan.approvedAt)}`,
    heading("Records by state"),
    table(["state", "records"], Object.entries(plan.counts)),
    heading("Records by field"),
    table(["field", "records"], Object.entries(plan.fields)),
    plan.sample.length === 0 ? "" : heading("The first records"),
    ...plan.sample.map(({ vendorId, before, after, status, reason }) =>
      [
        `${vendorId}: ${status}${reason === null ? "" : `, ${reason}`}`,
        ...Object.keys(after).map(
          (field) => `    ${field}: ${before[field] ?? "(empty)"} → ${after[field] ?? "(empty)"}`,
        ),
      ].join("\n"),
    ),
    plan.status === "waiting" ? `\nIf this is right: tributary plan approve ${plan.planId}` : "",
  ]
    .filter((part) => part !== "")
    .join("\n");
}
