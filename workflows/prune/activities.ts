import type { Dependencies } from "../dependencies.ts";
import type { StepInput } from "../refresh/messages.ts";

/** Of the ledger, and of opens, in one transaction. */
const ENDED_TOGETHER = 1_000;

/** A run that somebody waits for is not held up longer; the next one goes on. */
const AT_MOST_MS = 20_000;

export function pruneActivities({ retention, runs, ledger, now, log }: Dependencies) {
  return {
    /**
     * Enters into the ledger which consents have ended by themselves, and removes what is past its time, for a while. Where that fails the run is none the worse for it: it stays due, so the next
     * run tries again, and `tributary doctor` says when it has been due for long.
     */
    async pruneWorkspace({ workspaceId, runId }: StepInput): Promise<void> {
      const began = performance.now();
      const goOn = () => performance.now() - began < AT_MOST_MS;
      try {
        const at = new Date(now()).toISOString();
        for (let more = true; more && goOn();)
          more = (await ledger.enterEnded(workspaceId, { at, limit: ENDED_TOGETHER })) === ENDED_TOGETHER;
        for (let more = true; more && goOn();)
          more = (await ledger.forgetOpens(workspaceId, ENDED_TOGETHER)) === ENDED_TOGETHER;
        const { pruned, done } = await retention.prune(workspaceId, now(), { goOn });
        const counts = Object.fromEntries(
          Object.values(pruned).flatMap(({ rows }) =>
            Object.entries(rows).flatMap(([name, count]) => (count === 0 ? [] : [[`${name} past their time`, count]])),
          ),
        );
        if (Object.keys(counts).length > 0)
          await runs.addCounts(workspaceId, runId, "prune", counts, { finished: done });
      } catch (error) {
        log.error({ runId, err: error }, "what is past its time could not be removed");
      }
    },
  };
}
