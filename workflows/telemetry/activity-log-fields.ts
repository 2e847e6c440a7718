/** The one place where lines of an activity get the run and the workspace it works for: ours, and Temporal's about it. */
import type { ActivityInterceptorsFactory } from "@temporalio/worker";
import { withLogFields } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { runIdOf } from "#profile/ids.ts";
import { ACTIVITY_BEGUN, type RunFields, runFieldsOf } from "./run-fields.ts";

export const namingRun: ActivityInterceptorsFactory = ({ info, log }) => {
  let fields: RunFields = {};
  return {
    inbound: {
      execute(input, next) {
        fields = runFieldsOf(input.args);
        const { workspaceId, runId } = fields;
        // The first step of a refresh opens the run; it is named after the refresh.
        if (runId === undefined && workspaceId !== undefined && info.workflowType === "refreshWorkspace")
          fields.runId = runIdOf(workspaceId as WorkspaceId, info.workflowExecution?.runId ?? "");
        log.debug(ACTIVITY_BEGUN);
        return withLogFields({ ...fields }, () => next(input));
      },
    },
    outbound: {
      getLogAttributes: (attributes, next) => next({ ...attributes, ...fields }),
    },
  };
};
