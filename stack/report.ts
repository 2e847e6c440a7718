/** What the person at the keyboard sees of a start: one line per event, with the time since the start. */
import type { Log } from "./log.ts";

export interface Report {
  log: Log;
  /** Does the work and says how long it took, with `done`'s words about the result. Throws once cancelled. */
  step<T>(title: string, work: () => Promise<T>, done?: (result: T) => string): Promise<T>;
}

/**
 * @param write receives whole lines, newline included
 * @param now milliseconds of a clock that never goes back
 */
export function createReport(
  write: (text: string) => void,
  signal: AbortSignal,
  now: () => number = () => performance.now(),
): Report {
  const startedAt = now();
  const log: Log = (line) => write(`${seconds(now() - startedAt).padStart(8)}  ${line}\n`);
  return {
    log,
    async step(title, work, done = () => "ready") {
      signal.throwIfAborted();
      const stepStartedAt = now();
      const result = await work();
      log(`${title}: ${done(result)} (${seconds(now() - stepStartedAt)})`);
      return result;
    },
  };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
