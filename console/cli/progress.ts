/** Shows on standard error how far work has got, so that nobody wonders whether it hangs. */
import { setTimeout as sleep } from "node:timers/promises";
import { harmless } from "./output.ts";

const LOOK_MS = 1_000;
/** Where lines cannot be rewritten (a log), one now and then is enough. */
const LINE_MS = 10_000;

/** @param look describes how far the work is; null: nothing to show yet */
export async function withProgress<T>(work: Promise<T>, look: () => Promise<string | null>): Promise<T> {
  const done = new AbortController();
  const watching = watch(look, done.signal);
  try {
    return await work;
  } finally {
    done.abort();
    await watching;
  }
}

async function watch(look: () => Promise<string | null>, signal: AbortSignal): Promise<void> {
  const terminal = process.stderr.isTTY;
  let shown = "";
  let shownAt = performance.now();
  for (;;) {
    await sleep(LOOK_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    // The work itself reports what is wrong; a look that failed only means no news.
    const news = await look().catch(() => null);
    if (news === null || news === shown) continue;
    if (!terminal && performance.now() - shownAt < LINE_MS) continue;
    shown = news;
    shownAt = performance.now();
    const text = harmless(news);
    process.stderr.write(terminal ? `\r\u001b[K${text.slice(0, (process.stderr.columns ?? 80) - 1)}` : `${text}\n`);
  }
  if (terminal && shown !== "") process.stderr.write("\r\u001b[K");
}
