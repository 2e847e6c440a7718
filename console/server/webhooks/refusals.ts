import type { Logger } from "#logger.ts";
import type { Refused, WebhookInbox } from "#profile/store/webhooks/inbox.ts";

const NOTED_EVERY_MS = 2_000;

export interface RefusalCounter {
  note(refusal: Omit<Refused, "requests">, requests?: number): void;
  close(): Promise<void>;
}

/** Counts here and writes it down now and then: who sends forged requests must not make the database work. */
export function countRefusals(inbox: Pick<WebhookInbox, "noteRefused">, log: Logger): RefusalCounter {
  let counts = new Map<string, Refused>();
  let timer: NodeJS.Timeout | null = null;
  let writing = Promise.resolve();

  function add({ requests, ...refusal }: Refused): void {
    const key = JSON.stringify([refusal.connector, refusal.connectionId, refusal.reason]);
    counts.set(key, { ...refusal, requests: (counts.get(key)?.requests ?? 0) + requests });
    timer ??= setTimeout(() => void write(), NOTED_EVERY_MS).unref();
  }

  function write(): Promise<void> {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const noted = [...counts.values()];
    counts = new Map();
    for (const refusal of noted) log.warn(refusal, "webhooks were not taken");
    writing = writing.then(() =>
      inbox.noteRefused(noted).catch(() => {
        // The database is away; they are counted when it is back.
        for (const refusal of noted) add(refusal);
      }),
    );
    return writing;
  }

  return { note: (refusal, requests = 1) => add({ ...refusal, requests }), close: write };
}
