/** How the console, the command line and the stack talk to Temporal. */
import { Client, WorkflowIdConflictPolicy } from "@temporalio/client";
import type { InstallationId, PlanId, WorkspaceId } from "#profile/ids.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { PlanSummary, PlanUnderWay } from "#profile/store/plan/rows.ts";
import type { TemporalConfig } from "#temporal-config.ts";
import { connectClient } from "./connect.ts";
import { dataConverter } from "./data-converter.ts";
import { namesOf, planWorkflowId, undoWorkflowId } from "./names.ts";
import { askedFor, lookingForNews } from "./priority.ts";
import type { RefreshSummary } from "./refresh/messages.ts";
import type { refreshWorkspace } from "./refresh/workflow.ts";
import type { refreshOnWebhook } from "./webhooks/workflow.ts";
import { endIfStuck, heldUp, makeRoom, type HeldUpPlan } from "./write-back/carrier.ts";
import type { Approval, PlanInput, UndoInput, UndoSummary } from "./write-back/messages.ts";
import type { applyPlan, undoPlan } from "./write-back/workflow.ts";

export interface Engine {
  readonly client: Client;
  /** Starts a refresh, or joins the one under way, and waits for its end. */
  refresh(workspaceId: WorkspaceId): Promise<RefreshSummary>;
  /** Webhooks are stored that a refresh has to look at; joins the one that looks already. */
  webhooksArrived(workspaceId: WorkspaceId): Promise<void>;
  /** @throws when the digest is not the plan's, or the plan no longer waits */
  approve(planId: PlanId, actor: string, digest: string): Promise<void>;
  reject(planId: PlanId, actor: string): Promise<void>;
  /** Resolves when the plan was carried out. */
  finished(planId: PlanId): Promise<void>;
  undo(input: UndoInput): Promise<UndoSummary>;
  /**
   * Starts the workflow of a plan that has none any more: one that waits for a person, or that was not finished. Nothing
   * happens where it is in good hands.
   *
   * @returns whether it was started
   */
  attend(input: PlanInput, plan: Pick<PlanSummary, "planId" | "undoOf">): Promise<boolean>;
  /** Of plans under way those that nobody gets on with. */
  heldUp(workspaceId: WorkspaceId, plans: readonly PlanUnderWay[]): Promise<HeldUpPlan[]>;
  /** Carries out an approved plan that nobody is carrying out, as after a retry; resolves at its end. */
  carryOut(input: PlanInput): Promise<void>;
  /** How many workers ask for the engine's work. */
  pollers(): Promise<number>;
  close(): Promise<void>;
}

/**
 * @param installation whose workflows these are; undefined: unknown, for a look at the server alone
 * @param patienceMs how long the server may take to answer at all
 */
export async function openEngine(
  temporal: TemporalConfig,
  keys: MasterKeys,
  installation: InstallationId | undefined,
  patienceMs = 10_000,
): Promise<Engine> {
  const connection = await connectClient(temporal, patienceMs);
  const client = new Client({ connection, namespace: temporal.namespace, dataConverter: dataConverter(keys) });
  const names = namesOf(installation);
  const taskQueue = names.engineQueue;
  const ours = installation === undefined ? {} : { installation };
  const planHandle = (planId: PlanId) => client.workflow.getHandle(planWorkflowId(planId));
  const startApplying = (input: PlanInput) =>
    client.workflow.start<typeof applyPlan>("applyPlan", {
      workflowId: planWorkflowId(input.planId),
      taskQueue,
      args: [{ ...input, ...ours }],
      priority: askedFor(input.workspaceId),
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    });
  return {
    client,
    refresh: (workspaceId) =>
      client.workflow.execute<typeof refreshWorkspace>("refreshWorkspace", {
        workflowId: names.refresh(workspaceId),
        taskQueue,
        args: [{ workspaceId, ...ours }],
        priority: askedFor(workspaceId),
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      }),
    webhooksArrived: async (workspaceId) => {
      await client.workflow.signalWithStart<typeof refreshOnWebhook>("refreshOnWebhook", {
        workflowId: names.webhookRefresh(workspaceId),
        taskQueue,
        args: [{ workspaceId, ...ours }],
        signal: "webhooksArrived",
        priority: lookingForNews(workspaceId),
      });
    },
    approve: (planId, actor, digest) =>
      planHandle(planId).executeUpdate<void, [Approval]>("approve", { args: [{ actor, digest }] }),
    reject: (planId, actor) => planHandle(planId).executeUpdate<void, [string]>("reject", { args: [actor] }),
    finished: async (planId) => {
      await planHandle(planId).result();
    },
    undo: async (input) => {
      const workflowId = undoWorkflowId(input.planId);
      await endIfStuck(client, workflowId);
      return client.workflow.execute<typeof undoPlan>("undoPlan", {
        ...{ workflowId, taskQueue, args: [{ ...input, ...ours }] },
        priority: askedFor(input.workspaceId),
        workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      });
    },
    attend: async (input, plan) => {
      if (!(await makeRoom(client, plan))) return false;
      await startApplying(input);
      return true;
    },
    heldUp: (workspaceId, plans) => heldUp(client, names, workspaceId, plans),
    carryOut: async (input) => {
      await (await startApplying(input)).result();
    },
    pollers: async () => {
      const { namespace } = temporal;
      const { pollers } = await connection.workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: 1,
      });
      return pollers?.length ?? 0;
    },
    close: () => connection.close(),
  };
}
