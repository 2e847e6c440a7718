/** Who is carrying a plan out: asked of Temporal, because a plan in the database cannot know that its workflow is gone. */
import type { Client } from "@temporalio/client";
import { WorkflowNotFoundError } from "@temporalio/common";
import type { PlanId, WorkspaceId } from "#profile/ids.ts";
import type { PlanSummary, PlanUnderWay } from "#profile/store/plan/rows.ts";
import { type namesOf, planWorkflowId, undoWorkflowId } from "../names.ts";

export type Carrier =
  /** It gets on, or waits for something. */
  | { state: "running" }
  /** It counts as running and can do nothing any more: its code cannot go on with what is recorded of it. */
  | { state: "stuck"; workflowId: string }
  /** Nobody: ended without finishing the plan, or unknown to Temporal. */
  | { state: "none"; says: string };

/**
 * A task of a workflow takes milliseconds; one that was begun so often is broken. A worker that is killed costs it one
 * attempt.
 */
const BROKEN_AFTER = 4;

const ENDINGS: Partial<Record<string, string>> = {
  COMPLETED: "its workflow has ended",
  FAILED: "its workflow failed",
  TERMINATED: "its workflow was terminated",
  TIMED_OUT: "its workflow ran out of time",
  CANCELLED: "its workflow was cancelled",
};

type Carried = Pick<PlanSummary, "planId" | "undoOf">;

/** An undo is carried out by the workflow that began it, or by one of its own after a retry. */
const workflowIdsOf = ({ planId, undoOf }: Carried): string[] => [
  planWorkflowId(planId),
  ...(undoOf === null ? [] : [undoWorkflowId(undoOf)]),
];

export async function carrierOf({ workflow }: Pick<Client, "workflow">, plan: Carried): Promise<Carrier> {
  const known: Carrier[] = [];
  for (const workflowId of workflowIdsOf(plan)) known.push(await lookAt(workflow, workflowId));
  const alive = known.find(({ state }) => state === "running");
  return (
    alive ??
    known.find(({ state }) => state === "stuck") ??
    // Of several that ended the one that is known says more.
    known.find((one) => one.state === "none" && one.says !== UNKNOWN) ?? { state: "none", says: UNKNOWN }
  );
}

const UNKNOWN = "Temporal knows no workflow of it";

/** Whether a workflow carries the plan out that did not begin it. */
export async function isCarriedOutApart({ workflow }: Pick<Client, "workflow">, planId: PlanId): Promise<boolean> {
  const { state } = await lookAt(workflow, planWorkflowId(planId));
  return state === "running";
}

async function lookAt(workflow: Client["workflow"], workflowId: string): Promise<Carrier> {
  let described;
  try {
    described = await workflow.getHandle(workflowId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { state: "none", says: UNKNOWN };
    throw error;
  }
  const { status, raw } = described;
  if (status.name !== "RUNNING") return { state: "none", says: ENDINGS[status.name] ?? "its workflow has ended" };
  const activities = raw.pendingActivities ?? [];
  // What it has begun may still be writing.
  if (activities.length === 0 && (raw.pendingWorkflowTask?.attempt ?? 0) >= BROKEN_AFTER)
    return { state: "stuck", workflowId };
  return { state: "running" };
}

/**
 * Makes room for a workflow that carries the plan out, ending one that is stuck.
 *
 * @returns false: it is being carried out, another would write beside it
 */
export async function makeRoom(client: Pick<Client, "workflow">, plan: Carried): Promise<boolean> {
  const carrier = await carrierOf(client, plan);
  if (carrier.state === "running") return false;
  if (carrier.state === "stuck") await end(client, carrier.workflowId);
  return true;
}

/** Ends a workflow that is stuck, so that another one can be started under its id. */
export async function endIfStuck(client: Pick<Client, "workflow">, workflowId: string): Promise<void> {
  const { state } = await lookAt(client.workflow, workflowId);
  if (state === "stuck") await end(client, workflowId);
}

async function end({ workflow }: Pick<Client, "workflow">, workflowId: string): Promise<void> {
  try {
    await workflow
      .getHandle(workflowId)
      .terminate("Its code could not go on with it; another workflow takes its place.");
  } catch (error) {
    // It was ended meanwhile.
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
}

/** A plan that nobody gets on with. */
export interface HeldUpPlan {
  plan: PlanUnderWay;
  /** One clause. */
  says: string;
}

type Names = ReturnType<typeof namesOf>;

export async function heldUp(
  client: Pick<Client, "workflow">,
  names: Names,
  workspaceId: WorkspaceId,
  plans: readonly PlanUnderWay[],
): Promise<HeldUpPlan[]> {
  const found: HeldUpPlan[] = [];
  for (const plan of plans) {
    const carrier = await carrierOf(client, plan);
    if (carrier.state === "none" && !(await isAboutToStart(client, names, workspaceId, plan)))
      found.push({ plan, says: `nobody carries it out: ${carrier.says}` });
    if (carrier.state === "stuck")
      found.push({ plan, says: "its workflow can do nothing any more: the worker's log says why" });
  }
  return found;
}

/** A run that has just sealed a plan which needs nobody's approval starts its workflow next. */
async function isAboutToStart(
  { workflow }: Pick<Client, "workflow">,
  names: Names,
  workspaceId: WorkspaceId,
  { status, connectionId }: PlanUnderWay,
): Promise<boolean> {
  if (status !== "approved") return false;
  const planners = [names.planning(connectionId), names.refresh(workspaceId)].map((id) => lookAt(workflow, id));
  return (await Promise.all(planners)).some(({ state }) => state === "running");
}
