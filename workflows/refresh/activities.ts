import { isWritable } from "#connectors/core/contract.ts";
import { connectorOf } from "#connectors/registry.ts";
import { runIdOf } from "#profile/ids.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Dependencies } from "../dependencies.ts";
import { callsIn } from "#profile/store/runs.ts";
import { isUsable } from "../open-connection.ts";
import { createDrain } from "./drain.ts";
import type { News, OpenStreams, RunEnding, RunStarted, SharedStep, StreamToSync } from "./messages.ts";
import { messageOf, nothingMissing } from "./run-message.ts";

/** Profiles or records per transaction: long enough to be efficient, short enough to lose little. */
const BATCH = 2_000;

export function refreshActivities(deps: Dependencies) {
  const { connections, ingest, identity, consent, late, news, patience, scores, runs, plans } = deps;

  const drain = createDrain(deps);

  /** Every stream was read, so what was missing has been granted: writing may go on too. */
  async function permissionsAreBack(workspaceId: WorkspaceId): Promise<void> {
    for (const { connectionId, status } of await connections.listConnections(workspaceId)) {
      if (status === "needs_permission") await connections.setStatus(workspaceId, connectionId, "ready", null, "sync");
    }
  }

  /** Each forecast beside what it took, so that somebody can see how good they are. */
  async function logForecasts({ workspaceId, runId }: RunEnding): Promise<void> {
    const run = (await runs.lastRuns(workspaceId, 5)).find((each) => each.runId === runId);
    for (const { step, forecasts, counts, startedAt, finishedAt } of run?.steps ?? []) {
      if (finishedAt === null || Object.keys(forecasts).length === 0) continue;
      const seconds = (finishedAt.getTime() - startedAt.getTime()) / 1_000;
      deps.log.info({ runId, step, forecasts, took: { calls: callsIn(counts), seconds } }, "forecast and reality");
    }
  }

  /** All streams but those whose settings and position say that there is nothing new. */
  async function streamsToSync(workspaceId: WorkspaceId): Promise<StreamToSync[]> {
    const usable = (await connections.listConnections(workspaceId)).filter(isUsable);
    const cursors = new Map(
      (await ingest.cursors(workspaceId)).map((at) => [`${at.connectionId} ${at.stream}`, at.cursor]),
    );
    return usable.flatMap(({ connectionId, connector, settings }) => {
      const definition = connectorOf(connector);
      return Object.keys(definition.streams)
        .map((stream) => ({ stream, cursor: cursors.get(`${connectionId} ${stream}`) ?? null }))
        .filter(({ stream, cursor }) => !definition.isIdle(stream, settings, cursor))
        .map(({ stream, cursor }) => ({ connectionId, connector, stream, isFirst: cursor === null }));
    });
  }

  return {
    /** Opens the run and says what there is to do; a scheduled one has found out before. `key` makes a repeated attempt find the run it opened. */
    async beginRun(input: { workspaceId: WorkspaceId; key: string; found?: News }): Promise<RunStarted> {
      const { workspaceId, found } = input;
      // Its workflow has another name, so that Temporal does not keep the two apart.
      if (await deps.isRefreshingSinceEarlier?.(workspaceId))
        throw new Error("A refresh that release 0.1.0 began is still under way: this one waits for its end.");
      const runId = runIdOf(workspaceId, input.key);
      await runs.startRun(workspaceId, runId, found?.done);
      await news.noteRun(workspaceId, new Date(deps.now()).toISOString(), found === undefined);
      return {
        runId,
        waitMs: patience.streamMs,
        streams: found?.streams ?? (await streamsToSync(workspaceId)),
        // Whatever a connection says: a tool that is only read from is none.
        destinations: (await plans.destinations(workspaceId))
          .filter(({ connector }) => isWritable(connectorOf(connector)))
          .map(({ connectionId, connector }) => ({ connectionId, connector })),
        pruneDue: await deps.retention.isDue(workspaceId, deps.now()),
      };
    },

    /** Whether the run waits on for its open streams, and how long; 0: it goes on, and they are late. */
    async goOnWithout({ workspaceId, runId, streams, waitedMs }: OpenStreams): Promise<{ waitMs: number }> {
      const { streamMs, firstReadMs } = patience;
      const left = Math.min(streamMs, firstReadMs - waitedMs);
      // A part of a tool's records is little to go by: a first read that gets on is given more time, but not any time.
      if (left > 0 && (await late.isAnyGettingOn(workspaceId, streams, streamMs))) return { waitMs: left };
      await late.mark(workspaceId, runId, streams);
      return { waitMs: 0 };
    },

    resolveIdentities: (input: SharedStep) =>
      drain(input, "identity", (workspaceId) => identity.resolveBatch(workspaceId, { limit: BATCH })),

    refreshConsents: (input: SharedStep) =>
      drain(input, "consent", (workspaceId, at) => consent.refreshBatch(workspaceId, { limit: BATCH, at })),

    computeScores: (input: SharedStep) =>
      drain(input, "scores", (workspaceId, asOf) => scores.scoreBatch(workspaceId, { limit: BATCH, asOf }), {
        before: async (asOf) => {
          // A load of one batch has had nobody look yet.
          await deps.refreshStatistics();
          await scores.refreshBaseline(input.workspaceId, asOf);
        },
      }),

    async finishRun(ending: RunEnding): Promise<void> {
      const { workspaceId, runId, ...rest } = ending;
      const cutOff = (await connections.listConnections(workspaceId)).filter(
        ({ status }) => status === "needs_reconnect",
      );
      const { outcome, message } = messageOf(ending, {
        cutOff: cutOff.map(({ name }) => name),
        late: await late.list(workspaceId),
      });
      if (nothingMissing(ending)) await permissionsAreBack(workspaceId);
      await runs.finishRun(workspaceId, runId, outcome, message);
      await logForecasts(ending);
      deps.log.info(rest, "run finished");
    },
  };
}
