/** What Temporal knows of work under way: is anybody at it, how often was it tried, and what was said last. */
import type { Client } from "@temporalio/client";
import { ApplicationFailure, WorkflowNotFoundError } from "@temporalio/common";
import { decodeOptionalFailureToOptionalError } from "@temporalio/common/lib/internal-non-workflow/index.js";
import { optionalTsToDate } from "@temporalio/common/lib/time.js";

export interface PendingStep {
  workflowId: string;
  activity: string;
  attempt: number;
  /** The kind of a failure of ours, as `rate_limited`; null: it was another, or none. */
  failureKind: string | null;
  /** For the person who must act, where the failure is of ours; others may quote what they failed over. */
  says: string | null;
  /** When it is tried again; null: it is being tried, or as soon as somebody takes it. */
  nextAttemptAt: Date | null;
}

export interface WorkflowLook {
  running: boolean;
  pending: PendingStep[];
}

export async function lookAtWorkflow({ workflow, options }: Client, workflowId: string): Promise<WorkflowLook> {
  try {
    const { status, raw } = await workflow.getHandle(workflowId).describe();
    const pending = (raw.pendingActivities ?? []).map(async (step): Promise<PendingStep> => {
      const failure = await decodeOptionalFailureToOptionalError(options.loadedDataConverter, step.lastFailure).catch(
        () => undefined,
      );
      const ours = failure instanceof ApplicationFailure && typeof failure.type === "string" && KINDS.has(failure.type);
      return {
        workflowId,
        activity: step.activityType?.name ?? "unknown",
        attempt: step.attempt ?? 1,
        failureKind: ours ? (failure.type ?? null) : null,
        says: failure === undefined ? null : ours ? failure.message : UNKNOWN,
        nextAttemptAt: optionalTsToDate(step.nextAttemptScheduleTime) ?? null,
      };
    });
    return { running: status.name === "RUNNING", pending: await Promise.all(pending) };
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return { running: false, pending: [] };
    throw error;
  }
}

/** Whose messages are written for people (connectors/core/errors.ts). */
const KINDS = new Set([
  ...["rate_limited", "transient", "auth", "permission", "cursor_expired", "invalid_record", "contract"],
  "deletions_held",
]);

const UNKNOWN = "an unexpected failure, which the worker's log describes";
