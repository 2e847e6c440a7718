/** How a refresh waits for the tools it writes to: side by side, and no longer than for its streams. */
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import { ParentClosePolicy, condition, startChild } from "@temporalio/workflow";
import { namesOf } from "../names.ts";
import { planDestination, type Planned } from "./destination.ts";
import type { Destination, RunStarted, StepInput } from "./messages.ts";

export interface PlannedTools {
  failed: number;
  /** Still being planned for or written to, by this run or an earlier one. */
  late: number;
  waiting: number;
  applied: number;
}

/** A tool that an earlier run still plans for is left to it: what is new since is in the next plan. */
export async function planTools(step: StepInput, { destinations, waitMs }: RunStarted): Promise<PlannedTools> {
  const outcomes: (Planned | "failed" | "late")[] = [];
  const planOne = async (destination: Destination): Promise<void> => {
    try {
      const child = await startChild(planDestination, {
        workflowId: namesOf(step.installation).planning(destination.connectionId),
        args: [{ ...step, ...destination }],
        parentClosePolicy: ParentClosePolicy.ABANDON,
      });
      outcomes.push(await child.result());
    } catch (error) {
      outcomes.push(error instanceof WorkflowExecutionAlreadyStartedError ? "late" : "failed");
    }
  };
  for (const destination of destinations) void planOne(destination);
  await condition(() => outcomes.length === destinations.length, waitMs);
  const count = (wanted: (typeof outcomes)[number]) => outcomes.filter((outcome) => outcome === wanted).length;
  return {
    failed: count("failed"),
    late: destinations.length - outcomes.length + count("late"),
    waiting: count("waiting"),
    applied: count("applied"),
  };
}
