/** Which run and which workspace a step works for. Pure: workflows use it too. */

/** Temporal tells the beginning before it has looked at the input; ours takes the place of that line. */
export const WORKFLOW_BEGUN = "Workflow begun";
export const ACTIVITY_BEGUN = "Activity begun";

export interface RunFields {
  workspaceId?: string;
  runId?: string;
  planId?: string;
}

const NAMES = ["workspaceId", "runId", "planId"] as const;

/** From what an activity or a workflow was called with: its first argument says whose work it is. */
export function runFieldsOf(args: readonly unknown[]): RunFields {
  const [input] = args;
  if (typeof input !== "object" || input === null) return {};
  const fields: RunFields = {};
  for (const name of NAMES) {
    const value: unknown = Reflect.get(input, name);
    if (typeof value === "string") fields[name] = value;
  }
  return fields;
}
