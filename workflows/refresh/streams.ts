/** How a refresh waits for its streams: side by side, each for the same time, and then it goes on without those that are late. */
import { WorkflowExecutionAlreadyStartedError } from "@temporalio/common";
import {
  ParentClosePolicy,
  condition,
  getExternalWorkflowHandle,
  proxyActivities,
  setHandler,
  startChild,
  workflowInfo,
} from "@temporalio/workflow";
import type { Activities } from "../activities.ts";
import { HEART_TIMEOUT, namesOf } from "../names.ts";
import { inTurn, ofFirstRead } from "../priority.ts";
import type { StreamEnding } from "../sync/messages.ts";
import { follow, streamEnded, syncStream } from "../sync/workflow.ts";
import type { RefreshInput, RunOutcome, RunStarted, StreamToSync } from "./messages.ts";

const { goOnWithout } = proxyActivities<Activities>({
  startToCloseTimeout: "1 minute",
  heartbeatTimeout: HEART_TIMEOUT,
  retry: { maximumInterval: "10 seconds" },
});

type Endings = Map<string, StreamEnding["outcome"]>;

/**
 * Starts what is not being read already and waits for all of it, but only for so long. Late streams are read on by
 * themselves; the next refresh takes what they have brought, and waits for them again instead of starting them twice.
 */
export async function readStreams(
  input: RefreshInput,
  run: RunStarted,
): Promise<Pick<RunOutcome, "failedStreams" | "lateStreams">> {
  const endings: Endings = new Map();
  setHandler(streamEnded, (ending) => {
    endings.set(ending.syncId, ending.outcome);
  });
  for (const stream of run.streams) void readStream(input, run, stream, endings);
  const open = () => run.streams.filter((stream) => !endings.has(idOf(input, stream)));
  let waitedMs = 0;
  for (let waitMs = run.waitMs; waitMs > 0;) {
    if (await condition(() => open().length === 0, waitMs)) break;
    waitedMs += waitMs;
    ({ waitMs } = await goOnWithout({ ...input, runId: run.runId, streams: open(), waitedMs }));
  }
  const failedStreams = [...endings.values()].filter((outcome) => outcome === "failed").length;
  return { failedStreams, lateStreams: open().length };
}

const idOf = ({ installation }: RefreshInput, { connectionId, stream }: StreamToSync): string =>
  namesOf(installation).sync(connectionId, stream);

async function readStream(input: RefreshInput, run: RunStarted, stream: StreamToSync, endings: Endings): Promise<void> {
  const workflowId = idOf(input, stream);
  try {
    while (!endings.has(workflowId)) {
      const child = await startedOrNull(input, run, stream);
      if (child !== null) {
        await child.result();
        endings.set(workflowId, "read");
      } else if (await follows(workflowId, run)) {
        await condition(() => endings.has(workflowId));
      }
    }
  } catch {
    endings.set(workflowId, "failed");
  }
}

async function startedOrNull(input: RefreshInput, { runId }: RunStarted, { isFirst, ...stream }: StreamToSync) {
  try {
    return await startChild(syncStream, {
      workflowId: idOf(input, stream),
      args: [{ ...input, runId, ...stream }],
      // Late or not, it is read to its end.
      parentClosePolicy: ParentClosePolicy.ABANDON,
      priority: isFirst === true ? ofFirstRead(input.workspaceId) : inTurn(input.workspaceId),
    });
  } catch (error) {
    // An earlier refresh went on without it, and it is still being read.
    if (error instanceof WorkflowExecutionAlreadyStartedError) return null;
    throw error;
  }
}

/** @returns false: it has ended meanwhile, so it can be started */
async function follows(workflowId: string, { runId }: RunStarted): Promise<boolean> {
  const { workflowId: ours, runId: workflowRunId } = workflowInfo();
  try {
    await getExternalWorkflowHandle(workflowId).signal(follow, { workflowId: ours, workflowRunId, runId });
    return true;
  } catch {
    return false;
  }
}
