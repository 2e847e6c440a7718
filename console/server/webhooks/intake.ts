/**
 * Requests that arrive while the database stores are stored together by the next statement: a commit costs the same for one
 * event as for hundreds, so the busier it is, the less each costs. Nothing waits on purpose.
 */
import type { AddressedEvent, Received } from "#profile/store/webhooks/inbox.ts";

export class IntakeFull extends Error {}
export class IntakeLate extends Error {}

export interface Intake {
  /**
   * Resolves when the events are committed.
   *
   * @throws IntakeFull when too many wait already; whatever else when they may not have been stored
   */
  take(events: readonly AddressedEvent[]): Promise<void>;
  /** Resolves when nothing waits any more. */
  close(): Promise<void>;
}

export interface IntakeOptions {
  receive(events: readonly AddressedEvent[]): Promise<Received>;
  onReceived(received: Received): void;
  /** Events that may wait. */
  most?: number;
  /** Events of one statement. */
  together?: number;
  patienceMs?: number;
}

interface Waiting {
  events: readonly AddressedEvent[];
  resolve(): void;
  reject(error: unknown): void;
}

/** A vendor hangs up after some seconds. A request that was given up may have been stored all the same: its repetition is known. */
const PATIENCE_MS = 4_000;

export function createIntake(options: IntakeOptions): Intake {
  const { receive, onReceived, most = 20_000, together = 2_000, patienceMs = PATIENCE_MS } = options;
  let waiting: Waiting[] = [];
  let held = 0;
  let storing: Promise<void> | null = null;

  function nextBatch(): Waiting[] {
    let count = 0;
    const end = waiting.findIndex(({ events }, at) => {
      count += events.length;
      return at > 0 && count > together;
    });
    const batch = end < 0 ? waiting : waiting.slice(0, end);
    waiting = end < 0 ? [] : waiting.slice(end);
    return batch;
  }

  async function storeAll(): Promise<void> {
    // What arrives in the same turn of the loop belongs together.
    await new Promise(setImmediate);
    while (waiting.length > 0) {
      const batch = nextBatch();
      const events = batch.flatMap((one) => one.events);
      try {
        const received = await receive(events);
        for (const one of batch) one.resolve();
        onReceived(received);
      } catch (error) {
        for (const one of batch) one.reject(error);
      } finally {
        held -= events.length;
      }
    }
    storing = null;
  }

  return {
    take: (events) => {
      if (held + events.length > most) return Promise.reject(new IntakeFull());
      held += events.length;
      return new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => reject(new IntakeLate()), patienceMs);
        const end = (act: () => void) => {
          clearTimeout(timer);
          act();
        };
        waiting.push({ events, resolve: () => end(resolve), reject: (error) => end(() => reject(error)) });
        storing ??= storeAll();
      });
    },
    close: async () => {
      await storing;
    },
  };
}
