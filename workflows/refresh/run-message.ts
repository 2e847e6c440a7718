/** What a run says of itself at its end. */
import type { LateStream } from "#profile/store/ingest/late.ts";
import type { RunEnding } from "./messages.ts";

export interface RunMessage {
  /** `failed`: something was left out that a person should look at. */
  outcome: "ok" | "failed";
  message?: string;
}

/**
 * A stream that is merely slow is said and no failure: what it brings joins a later run. One whose attempts fail is.
 *
 * @param cutOff names of connections whose credentials the vendor rejected: they are not tried until somebody reconnects
 */
export function messageOf(
  ending: RunEnding,
  { cutOff, late }: { cutOff: readonly string[]; late: readonly Pick<LateStream, "errorMessage">[] },
): RunMessage {
  if ("interrupted" in ending)
    return {
      outcome: "failed",
      message: "The run was interrupted: the worker's log says why. The next run continues from there.",
    };
  const { failedStreams, failedPlans, lateStreams = 0, latePlans = 0 } = ending;
  const unanswered = Math.min(lateStreams, late.filter(({ errorMessage }) => errorMessage !== null).length);
  const slow = lateStreams - unanswered;
  const failed = [
    ...(failedStreams > 0 ? [`${counted(failedStreams, "stream")} could not be read`] : []),
    ...(unanswered > 0 ? [`${counted(unanswered, "stream")} could not be read so far and will be tried on`] : []),
    ...(failedPlans > 0 ? [`${counted(failedPlans, "tool")} could not be written to`] : []),
    ...(cutOff.length > 0 ? [`not read until reconnected: ${cutOff.join(" and ")}`] : []),
  ];
  const said = [
    ...failed,
    ...(slow > 0 ? [`${counted(slow, "stream")} still being read, what comes joins the next run`] : []),
    ...(latePlans > 0 ? [`${counted(latePlans, "tool")} still being compared or written to`] : []),
  ];
  if (said.length === 0) return { outcome: "ok" };
  return {
    outcome: failed.length === 0 ? "ok" : "failed",
    message: `${said.join(", ")}; \`tributary status\` names them.`,
  };
}

/** Every stream was read to its end and every tool compared, in this run. */
export function nothingMissing(ending: RunEnding): boolean {
  if ("interrupted" in ending) return false;
  const { failedStreams, failedPlans, lateStreams = 0, latePlans = 0 } = ending;
  return failedStreams + failedPlans + lateStreams + latePlans === 0;
}

const counted = (count: number, one: string): string => `${count} ${count === 1 ? one : `${one}s`}`;
