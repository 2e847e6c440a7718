/** What needs somebody in one workspace, for `tributary doctor`, `tributary status` and alerts alike. */
import type { Client } from "@temporalio/client";
import { connectorOf } from "#connectors/registry.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { AttentionFacts, PlanFacts } from "#profile/store/views/attention.ts";
import type { Dependencies } from "../dependencies.ts";
import { namesOf, planWorkflowId, undoWorkflowId } from "../names.ts";
import { judge, type Condition, type EngineLook } from "./judge.ts";

export interface Watched {
  workspaceId: WorkspaceId;
  refreshMinutes: number;
}

type Needs = Pick<Dependencies, "connections" | "held" | "attentionFacts" | "installation" | "now">;

/**
 * @param open Temporal, asked only where something may hang; null: it does not answer, and nothing is said of what only it
 *   knows
 */
export async function findConditions(
  deps: Needs,
  open: () => Promise<Client | null>,
  watched: Watched,
): Promise<Condition[]> {
  const { workspaceId, refreshMinutes } = watched;
  const [{ installationId }, facts, connections, held] = await Promise.all([
    deps.installation.get(),
    deps.attentionFacts(workspaceId),
    deps.connections.listConnections(workspaceId),
    deps.held.list(workspaceId),
  ]);
  const names = namesOf(installationId);
  const workflowIds = workflowsOf(workspaceId, facts, names);
  const client = workflowIds.length === 0 ? null : await open();
  const engine = client === null ? null : await look(client, workflowIds);
  const ids = { ...names, refresh: names.refresh(workspaceId), plan: idsOfPlan };
  return judge({ now: deps.now(), refreshMinutes, facts, connections, held, connectorOf, ids, engine });
}

/** Where something may hang. A workspace in which all is well costs Temporal nothing. */
function workflowsOf(
  workspaceId: WorkspaceId,
  { openRun, streams, plans }: AttentionFacts,
  names: ReturnType<typeof namesOf>,
): string[] {
  const underWay = plans.filter(({ status }) => ["building", "approved", "applying"].includes(status));
  const behind = openRun === null ? streams.filter(({ errorKind }) => errorKind !== null) : streams;
  if (openRun === null && underWay.length + behind.length === 0) return [];
  return [
    names.refresh(workspaceId),
    ...behind.map(({ connectionId, stream }) => names.sync(connectionId, stream)),
    ...new Set(underWay.map(({ connectionId }) => names.planning(connectionId))),
    ...underWay.flatMap(idsOfPlan),
  ];
}

/** An undo is carried out by a workflow that is named after the plan it undoes; its retry by one of its own. */
const idsOfPlan = ({ planId, undoOf }: PlanFacts): string[] =>
  undoOf === null ? [planWorkflowId(planId)] : [planWorkflowId(planId), undoWorkflowId(undoOf)];

async function look(client: Client, workflowIds: string[]): Promise<EngineLook> {
  // Loaded where it is needed: a command that looks at a healthy workspace does without.
  const { lookAtWorkflow } = await import("./pending.ts");
  const looks = await Promise.all(workflowIds.map(async (id) => ({ id, ...(await lookAtWorkflow(client, id)) })));
  return {
    looked: new Set(workflowIds),
    running: new Set(looks.filter(({ running }) => running).map(({ id }) => id)),
    pending: looks.filter(({ running }) => running).flatMap(({ pending }) => pending),
  };
}
