/** Names of what may need somebody. */
import type { ConditionKind } from "#workflows/attention/judge.ts";

const TITLES: Record<ConditionKind, string> = {
  needs_reconnect: "tool refuses us",
  run_stuck: "run stuck",
  step_failing: "step failing",
  stream_late: "stream late",
  quota_exhausted: "quota used up",
  plan_failed: "plan failed",
  plan_stranded: "plan left",
  stream_held: "stream held",
  no_worker: "no worker",
  no_engine: "no Temporal",
};

export const attentionTitle = (kind: ConditionKind): string => TITLES[kind];
