/** The one place where a ConnectorError becomes Temporal's: whether to try again, and when. */
import { ApplicationFailure } from "@temporalio/common";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { ConnectorErrorKind } from "#connectors/core/errors.ts";

export async function withTemporalErrors<T>(
  work: () => Promise<T>,
  onFailure?: (error: ConnectorError) => Promise<void>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    await onFailure?.(error);
    throw toApplicationFailure(error);
  }
}

function toApplicationFailure(error: ConnectorError): ApplicationFailure {
  const { retryAfterMs } = error.details;
  return ApplicationFailure.create({
    message: error.message,
    type: error.kind satisfies ConnectorErrorKind,
    nonRetryable: !error.retryable,
    ...(error.kind === "rate_limited" && retryAfterMs !== undefined ? { nextRetryDelay: retryAfterMs } : {}),
  });
}
