/** Telling Temporal that a workspace has news: once for however many events, again until it was heard. */
import { setTimeout as pause } from "node:timers/promises";
import type { Logger } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";

/** A workspace is told about so often at most: the workflow takes what is there, however much. */
const PAUSE_MS = 500;
const AGAIN_MS = 5_000;

export interface Teller {
  tell(workspaces: readonly WorkspaceId[]): void;
  /** What was not heard is found by the next refresh on schedule. */
  close(): Promise<void>;
}

/** @param send resolves when Temporal has taken it */
export function tellOf(send: (workspaceId: WorkspaceId) => Promise<void>, log: Logger): Teller {
  const dirty = new Set<WorkspaceId>();
  const ending = new AbortController();
  let telling: Promise<void> | null = null;

  async function tellAll(): Promise<void> {
    let failed = false;
    while (dirty.size > 0 && !ending.signal.aborted) {
      const batch = [...dirty];
      dirty.clear();
      const sent = await Promise.allSettled(batch.map(send));
      const unheard = batch.filter((_, n) => sent[n]?.status === "rejected");
      for (const workspaceId of unheard) dirty.add(workspaceId);
      if (unheard.length > 0 && !failed)
        log.warn({ workspaces: unheard.length }, "webhooks are stored, but Temporal could not be told; tried again");
      failed = unheard.length > 0;
      await pause(failed ? AGAIN_MS : PAUSE_MS, undefined, { signal: ending.signal }).catch(() => undefined);
    }
    telling = null;
  }

  return {
    tell(workspaces) {
      for (const workspaceId of workspaces) dirty.add(workspaceId);
      if (dirty.size > 0) telling ??= tellAll();
    },
    async close() {
      ending.abort();
      await telling;
    },
  };
}
