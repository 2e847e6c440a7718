/** Tells the person at the keyboard how the first run is getting on, and what keeps it from getting on. */
import { statfs } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { databaseTrouble } from "#console/database-trouble.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import type { LoopPlace } from "./run-loop.ts";
import { reasonOf, StackError } from "./stack-error.ts";
import { describeStep } from "./summary.ts";

const POLL_MS = 250;

/** A long step says where it is this often. */
const SHOW_EVERY_MS = 3_000;

/** Without any progress for so long, `--once` gives up and says what it waits for. */
export const STUCK_MS = 180_000;

/** Below it the servers soon fail to write, each in words of its own. */
const LITTLE_ROOM_BYTES = 32 * 1024 ** 2;

/** Prints each step of the run under way when it ends, long ones in between too. */
export async function watchRun(place: LoopPlace, workspaceId: WorkspaceId, signal: AbortSignal): Promise<void> {
  const { deps, stack, log, options } = place;
  const printed = new Map<string, { line: string; shownAt: number }>();
  let lastNews = performance.now();
  const since = new Date(Date.now() - 1_000);
  const look = async () => {
    const [run] = await deps.runs.lastRuns(workspaceId, 1);
    if (run === undefined || run.startedAt < since) return;
    for (const step of run.steps) {
      const line = describeStep(step);
      if (printed.get(step.step)?.line === line) continue;
      lastNews = performance.now();
      const shownAt = printed.get(step.step)?.shownAt ?? lastNews;
      // Short steps show once, at their end; long ones every few seconds.
      const show = step.finishedAt !== null || lastNews - shownAt > SHOW_EVERY_MS;
      if (show) log(line);
      printed.set(step.step, { line, shownAt: show ? lastNews : shownAt });
    }
  };
  // Said when it begins and when it ends, not each time it is seen.
  const database = onChange(log, "The database answers again");
  const disk = onChange(log, "There is room on the disk again");
  while (!signal.aborted && !place.signal.aborted) {
    const trouble = await look().then(
      () => null,
      (error: unknown) =>
        `The database does not answer: ${databaseTrouble(error) ?? reasonOf(error)}. The run continues when it does`,
    );
    // Ctrl-C closes what is looked through.
    if (place.signal.aborted) return;
    database(trouble);
    disk(await diskTrouble(stack.dataDir));
    if (options.once && performance.now() - lastNews > STUCK_MS)
      throw new StackError(await stuck(deps, workspaceId).catch(() => NOTHING_MOVES));
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
  await look().catch(() => undefined);
}

function onChange(log: LoopPlace["log"], over: string): (trouble: string | null) => void {
  let before: string | null = null;
  return (trouble) => {
    if (trouble !== null && before === null) log(trouble);
    if (trouble === null && before !== null) log(over);
    before = trouble;
  };
}

async function diskTrouble(dataDir: string): Promise<string | null> {
  const { bavail, bsize } = await statfs(dataDir);
  const free = bavail * bsize;
  if (free >= LITTLE_ROOM_BYTES) return null;
  return `The disk is full: ${Math.round(free / 1024 ** 2)} MB are left for ${dataDir}. The run continues when there is room; nothing that was stored is lost`;
}

const NOTHING_MOVES = `No progress for ${STUCK_MS / 60_000} minutes, and the database does not answer. Logs are in the data directory.`;

async function stuck(deps: Dependencies, workspaceId: WorkspaceId): Promise<string> {
  const connections = await deps.connections.listConnections(workspaceId);
  const said = connections.flatMap(({ name, statusReason }) =>
    statusReason === null ? [] : [`${name}: ${statusReason}`],
  );
  return `No progress for ${STUCK_MS / 60_000} minutes. ${said.join(" ")} Logs are in the data directory; \`npx tributary status\` names what fails.`;
}
