/** A step of a run that begins on one worker and goes on on all of them where there is much to do. */
import type { Left, SharedStep, StepInput } from "./messages.ts";

/**
 * More than there are workers, since nothing says who gets which: one who comes to a worker that is at it already ends at
 * once. Each is an action at Temporal, which is why small work is not shared.
 */
const HELPERS = 8;

/** @param work nothing comes back from workers that do not share: they have done it to its end */
export async function shareOut(step: StepInput, work: (input: SharedStep) => Promise<Left | undefined>): Promise<void> {
  const left = await work({ ...step, mayShare: true });
  if (left === undefined || left === null) return;
  const helpers = Array.from({ length: HELPERS }, (_, part) => work({ ...step, helps: { part, at: left.at } }));
  // All come to their end before one's failure is told: what follows leans on all of it.
  for (const ended of await Promise.allSettled(helpers)) if (ended.status === "rejected") throw ended.reason;
}
