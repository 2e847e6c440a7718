import { WorkflowFailedError, WorkflowUpdateFailedError } from "@temporalio/client";
import { ApplicationFailure } from "@temporalio/common";

/** Why a workflow or one of its updates refused, in its own words; null for any other error. */
export function refusalOf(error: unknown): string | null {
  if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowUpdateFailedError)) return null;
  let cause: unknown = error.cause;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure)) cause = cause.cause;
  return cause instanceof ApplicationFailure ? cause.message : null;
}
