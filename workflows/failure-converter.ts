import { DefaultFailureConverter } from "@temporalio/common";

/** Messages and stacks of failures go through the codec like any payload. Temporal loads this file by its path. */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
