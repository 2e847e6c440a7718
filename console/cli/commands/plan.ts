import type { Command } from "commander";
import type { PlanId } from "#profile/ids.ts";
import { undoing } from "#profile/plan/undo.ts";
import type { PlanInput } from "#workflows/write-back/messages.ts";
import type { PlanView } from "#profile/store/plan/store.ts";
import { actor } from "../actor.ts";
import { findConnection } from "../../connections.ts";
import { forecastWords } from "../../forecast-words.ts";
import { forecastOfPlan } from "../../forecasts.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { wholeNumber } from "../number-option.ts";
import { moments, note, print, table, when, zone } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { renderPlan, undoingCell, type ShownPlan } from "../plan-text.ts";
import { withProgress } from "../progress.ts";

const SAMPLE = 10;
const ID = "the plan's id, or its first characters";

export function planCommand(program: Command): void {
  const plan = program
    .command("plan")
    .description("what was or would be written into a tool (without a subcommand: list)");

  plan
    .command("list", { isDefault: true })
    .description("all plans, newest first")
    .option("--limit <n>", "how many", wholeNumber, 20)
    .option("--json", "print JSON")
    .action((options: OutputOptions & { limit: number }) =>
      withContext(async ({ workspace, stores }) => {
        const keeps = await stores.retention.kept(workspace.workspaceId);
        const listed = await stores.plans.list(workspace.workspaceId, options.limit);
        const plans = listed.map((row) => ({ ...row, undoing: undoing(row, keeps.plans) }));
        print(options, plans, (rows) =>
          rows.length === 0
            ? "No plan yet. A run of the loop makes one when a tool's values differ from ours: `tributary sync`."
            : table(
                [
                  ...["plan", "tool", "kind", "state", "changes", "compared", `made (${zone()})`, "approved by"],
                  "can be undone",
                ],
                rows.map((row) => [
                  row.planId,
                  row.connector,
                  row.kind,
                  row.status.replaceAll("_", " "),
                  row.changes,
                  row.compared,
                  moments(row.createdAt),
                  row.approvedBy,
                  undoingCell(row.undoing),
                ]),
              ),
        );
      }),
    );

  plan
    .command("show")
    .argument("<plan>", ID)
    .description("what exactly changes: per field, and the first records before and after")
    .option("--sample <n>", "how many records", wholeNumber, SAMPLE)
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions & { sample: number }) =>
      withContext(async (context) => print(options, await shown(context, id, options.sample), renderPlan)),
    );

  plan
    .command("approve")
    .argument("<plan>", ID)
    .description("write it: exactly what `plan show` shows")
    .option("--digest <hex>", "only if the plan still has this seal (default: as it is now)")
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions & { digest?: string }) =>
      withContext(async (context) => {
        const { plan, digest } = await findWaiting(context, id, "approve");
        const { planId } = plan;
        // What it will take is said while Ctrl-C still means that nothing is written.
        note(`Writing it: ${forecastWords(await forecastOfPlan(context.stores, context.workspace.workspaceId, plan))}`);
        const engine = await context.engine();
        await engine.attend(inputFor(context, plan), plan);
        await engine.approve(planId, actor(), options.digest ?? digest);
        await withProgress(engine.finished(planId), writing(context, planId));
        print(options, await shown(context, planId, SAMPLE), renderPlan);
      }),
    );

  plan
    .command("reject")
    .argument("<plan>", ID)
    .description("do not write it; the same values are proposed again only after `plan again`")
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions) =>
      withContext(async (context) => {
        const { plan } = await findWaiting(context, id, "reject");
        const { planId } = plan;
        const engine = await context.engine();
        await engine.attend(inputFor(context, plan), plan);
        await engine.reject(planId, actor());
        await engine.finished(planId);
        print(
          options,
          await find(context, planId, 0),
          ({ connector }) =>
            `Rejected: nothing was written. To have the same values proposed again: tributary plan again ${connector}`,
        );
      }),
    );

  plan
    .command("undo")
    .argument("<plan>", ID)
    .description("put back what was there before, wherever the value is still ours")
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions) =>
      withContext(async (context) => {
        const { planId, connectionId, connector } = await find(context, id, 0);
        const engine = await context.engine();
        const { workspaceId } = context.workspace;
        const undoing = engine.undo({ workspaceId, planId, connectionId, connector, actor: actor() });
        const { undoPlanId } = await withProgress(undoing, async () => "putting back what was there before ...");
        print(options, await shown(context, undoPlanId, SAMPLE), renderPlan);
      }),
    );

  plan
    .command("again")
    .argument("<connector>", "which tool")
    .description("compare every record of a tool again at the next run, including what was undone or rejected")
    .option("--name <name>", "which connection, where the tool has several")
    .option("--json", "print JSON")
    .action((tool: string, options: OutputOptions & { name?: string }) =>
      withContext(async ({ stores, workspace: { workspaceId } }) => {
        const { connectionId, connector, name } = await findConnection(stores, workspaceId, tool, options.name);
        await stores.plans.offerAgain(workspaceId, connectionId, { actor: actor(), at: new Date().toISOString() });
        print(
          options,
          { connectionId, connector, name },
          () => `The next run compares every record of "${name}" again and proposes what differs: \`tributary sync\`.`,
        );
      }),
    );

  plan
    .command("retry")
    .argument("<plan>", ID)
    .description("try again the records that failed, and those of a plan that was never finished")
    .option("--json", "print JSON")
    .action((id: string, options: OutputOptions) =>
      withContext(async (context) => {
        const plan = await find(context, id, 0);
        const { planId } = plan;
        await tryAgain(context, plan);
        print(options, await shown(context, planId, SAMPLE), renderPlan);
      }),
    );
}

async function shown(context: Context, id: string, sample: number): Promise<ShownPlan> {
  const plan = await find(context, id, sample);
  const { stores, workspace } = context;
  const keeps = await stores.retention.kept(workspace.workspaceId);
  const forecast = plan.status === "waiting" ? await forecastOfPlan(stores, workspace.workspaceId, plan) : null;
  return { ...plan, undoing: undoing(plan, keeps.plans), forecast };
}

async function tryAgain(context: Context, plan: PlanView): Promise<void> {
  const { planId } = plan;
  const { workspaceId } = context.workspace;
  const engine = await context.engine();
  const underWay = (await context.stores.plans.underWay(workspaceId)).filter((known) => known.planId === planId);
  if (underWay.length > 0 && (await engine.heldUp(workspaceId, underWay)).length === 0)
    throw new CommandFailure(
      `This plan is being carried out at this moment: \`tributary plan show ${planId}\` says how far it is.`,
    );
  const decision = { actor: actor(), at: new Date().toISOString() };
  const answer = await context.stores.plans.retryFailed(workspaceId, planId, decision);
  if (answer.outcome === "busy")
    throw new CommandFailure("Another plan for this tool is in progress; try again when it has finished.");
  if (answer.outcome === "pruned")
    throw new CommandFailure(
      `Nothing can be retried: the plan's changes are past the time they are kept for and were removed on ${when(answer.prunedAt)}.`,
    );
  if (answer.outcome === "nothing_to_retry")
    throw new CommandFailure("Nothing to retry: no record failed, or a newer plan covers those that did.");
  await engine.attend(inputFor(context, plan), plan);
  await withProgress(engine.finished(planId), writing(context, planId));
}

function inputFor({ workspace: { workspaceId } }: Context, { planId, connectionId, connector }: PlanView): PlanInput {
  return { workspaceId, planId, connectionId, connector, runId: null };
}

/** Accepts the first letters of an id, as printed in a list. */
async function find({ stores, workspace }: Context, id: string, sample: number): Promise<PlanView> {
  const matching = (await stores.plans.list(workspace.workspaceId, 10_000)).filter(({ planId }) =>
    planId.startsWith(id.toLowerCase()),
  );
  const [only, ...others] = matching;
  if (only === undefined) throw new CommandFailure("There is no such plan: `tributary plan list` shows them.", 3);
  if (others.length > 0) throw new CommandFailure(`"${id}" matches ${matching.length} plans; give more characters.`, 2);
  const view = await stores.plans.show(workspace.workspaceId, only.planId, { sample });
  if (view === null) throw new CommandFailure("There is no such plan: `tributary plan list` shows them.", 3);
  return view;
}

async function findWaiting(
  context: Context,
  id: string,
  verb: "approve" | "reject",
): Promise<{ plan: PlanView; digest: string }> {
  const plan = await find(context, id, 0);
  if (plan.status === "waiting" && plan.digest !== null) return { plan, digest: plan.digest };
  throw new CommandFailure(`This plan is ${plan.status.replaceAll("_", " ")}: there is nothing to ${verb}.`);
}

function writing({ stores, workspace }: Context, planId: PlanId): () => Promise<string | null> {
  return async () => {
    const plan = await stores.plans.show(workspace.workspaceId, planId, { sample: 0 });
    if (plan === null) return null;
    const open = (plan.counts["pending"] ?? 0) + (plan.counts["sent"] ?? 0);
    return `${(plan.changes - open).toLocaleString("en")} of ${plan.changes.toLocaleString("en")} records written`;
  };
}
