/** Bundled with the workflows: their log lines name the run and the workspace. Adds no command and no turn of the event loop. */
import { log } from "@temporalio/workflow";
import type { WorkflowInterceptors } from "@temporalio/workflow";
import { type RunFields, WORKFLOW_BEGUN, runFieldsOf } from "./run-fields.ts";

export function interceptors(): WorkflowInterceptors {
  let fields: RunFields = {};
  return {
    inbound: [
      {
        execute(input, next) {
          fields = runFieldsOf(input.args);
          log.debug(WORKFLOW_BEGUN);
          return next(input);
        },
      },
    ],
    outbound: [
      {
        getLogAttributes: ({ runId, ...attributes }, next) =>
          // Temporal's own run id has a name of its own, since `runId` is ours.
          next({ ...attributes, workflowRunId: runId, ...fields }),
      },
    ],
  };
}
