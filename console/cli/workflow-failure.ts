/** Why a workflow or one of its updates refused, in its own words; null for any other error. */
export async function refusalOf(error: unknown): Promise<string | null> {
  // Not loaded before: see engine.ts.
  const { ApplicationFailure, WorkflowFailedError, WorkflowUpdateFailedError } = await import("@temporalio/client");
  if (!(error instanceof WorkflowFailedError) && !(error instanceof WorkflowUpdateFailedError)) return null;
  let cause: unknown = error.cause;
  while (cause instanceof Error && !(cause instanceof ApplicationFailure)) cause = cause.cause;
  return cause instanceof ApplicationFailure ? cause.message : null;
}
