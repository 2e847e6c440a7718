/**
 * Whether a scheduled refresh has anything to do. Only the vendors know of their changes, so each stream's next pages are
 * asked for here, all of them in one activity: a workflow for each stream cost ten times as much, to find nothing.
 */
import { cancellationSignal } from "@temporalio/activity";
import { connectorOf } from "#connectors/registry.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import { isNews } from "#profile/store/ingest/store.ts";
import type { StreamPosition } from "#profile/store/news.ts";
import type { DoneStep } from "#profile/store/runs.ts";
import type { Dependencies } from "../dependencies.ts";
import { isUsable, noting, openStored } from "../open-connection.ts";
import type { OpenedConnection } from "../open-connection.ts";
import { urgencyHere } from "../urgency.ts";
import { mergePages } from "../sync/merge-pages.ts";
import { webhookReader } from "../webhooks/read.ts";
import type { Look, RefreshInput, StreamToSync } from "./messages.ts";

/** Of a vendor, for one stream: with more to read it gets a workflow of its own. */
const FEW_PAGES = 10;

/** A vendor that takes longer is waited for by the stream's own workflow. */
const PATIENCE_MS = 15_000;

/** A tool that has not told of anything for so long may have ceased to. */
const WEBHOOKS_WITHIN_MS = 7 * 86_400_000;

interface Glance {
  stream: StreamToSync;
  /** What reading on the side brought; null: nothing was read. */
  done: DoneStep | null;
  /** It needs a workflow of its own, to read all there is or to say what is wrong. */
  isLeft: boolean;
}

export function newsActivities(deps: Dependencies) {
  const { connections, credentials, ingest, news, rhythm } = deps;
  const readWebhooks = webhookReader(deps);

  /** Streams of the connection that are to be asked, each with where it stands. */
  function streamsOf(connection: Connection, positions: ReadonlyMap<string, StreamPosition>) {
    const { connectionId, connector, settings } = connection;
    const definition = connectorOf(connector);
    return Object.keys(definition.streams).flatMap((stream) => {
      const position = positions.get(`${connectionId} ${stream}`);
      if (position?.waits === true || definition.isIdle(stream, settings, position?.cursor ?? null)) return [];
      const isFirst = (position?.cursor ?? null) === null;
      return [{ stream: { connectionId, connector, stream, isFirst }, position }];
    });
  }

  /**
   * Reads and stores the next pages as the stream's workflow would. Should that be under way, the position decides: only one
   * of two that read from it stores its page.
   */
  async function glance(
    { workspaceId }: RefreshInput,
    place: StreamToSync,
    opened: OpenedConnection,
    cursor: unknown,
  ): Promise<Glance> {
    const { connectionId, connector, stream } = place;
    for await (const page of mergePages(opened.connection.read(stream, cursor), { most: FEW_PAGES })) {
      const saved = await ingest.savePage(workspaceId, { connectionId, stream, from: cursor, page });
      if (saved.outcome !== "saved") break;
      if (page.atEnd && saved.counts.inserted + saved.counts.vanished > 0) {
        const vendorCount = await opened.connection.count(stream);
        const { kind } = opened.streamOf(stream);
        await ingest.reconcile(workspaceId, connectionId, stream, kind, vendorCount);
      }
      if (isNews(saved.counts)) await rhythm.noteNews(workspaceId, new Date(deps.now()));
      const counts = { pages: page.pages, ...saved.counts, ...opened.takeCalls() };
      return { stream: place, done: { step: `sync ${connector} ${stream}`, counts }, isLeft: !page.atEnd };
    }
    return { stream: place, done: null, isLeft: true };
  }

  async function glanceAll(
    input: RefreshInput,
    connection: Connection,
    streams: ReturnType<typeof streamsOf>,
  ): Promise<Glance[]> {
    const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(PATIENCE_MS)]);
    const stored = streams.length === 0 ? null : await credentials.read(input.workspaceId, connection.connectionId);
    return Promise.all(
      streams.map(async ({ stream, position }) => {
        const left = { stream, done: null, isLeft: true };
        if (position?.settled !== true) return left;
        try {
          const opened = await openStored(deps, connection, stored, signal, {
            ...{ onCall: noting(deps, input.workspaceId), urgency: urgencyHere() },
          });
          return await glance(input, stream, opened, position.cursor);
        } catch (error) {
          // Its workflow meets the same, tries again for as long as that makes sense, and says so.
          deps.log.debug({ err: error, stream: stream.stream }, "a stream could not be asked for news");
          return left;
        }
      }),
    );
  }

  /** Whether webhooks have arrived of late for all that was asked. */
  async function areTold(
    workspaceId: WorkspaceId,
    asked: readonly { connection: Connection }[],
    at: string,
  ): Promise<boolean> {
    if (asked.length === 0) return false;
    const arrivals = new Map(
      (await deps.inbox.arrivals(workspaceId)).map(({ connectionId, lastAt }) => [connectionId, lastAt]),
    );
    const since = Date.parse(at) - WEBHOOKS_WITHIN_MS;
    return asked.every(({ connection }) => (arrivals.get(connection.connectionId)?.getTime() ?? 0) > since);
  }

  return {
    /** Asks vendors and database whether there is anything to do; stores what little there is to read. */
    async lookForNews(input: RefreshInput): Promise<Look> {
      const { workspaceId } = input;
      const at = new Date(deps.now()).toISOString();
      if (await news.isWholeRefreshDue(workspaceId, at)) return { outcome: "everything" };
      // Usually a workflow of their own has read them; here is who makes up for one that could not be begun.
      const told = await readWebhooks(input);
      const positions = new Map(
        (await news.positions(workspaceId)).map((each) => [`${each.connectionId} ${each.stream}`, each]),
      );
      const usable = (await connections.listConnections(workspaceId)).filter(isUsable);
      const asked = usable
        .map((connection) => ({ connection, streams: streamsOf(connection, positions) }))
        .filter(({ streams: ofConnection }) => ofConnection.length > 0);
      const glances = (
        await Promise.all(asked.map(({ connection, streams }) => glanceAll(input, connection, streams)))
      ).flat();
      cancellationSignal().throwIfAborted();
      const streams = glances.filter(({ isLeft }) => isLeft).map(({ stream }) => stream);
      const done = addedUp([...told.done, ...glances.flatMap((each) => each.done ?? [])]);
      if (streams.length === 0 && !(await news.isAnythingDue(workspaceId, at))) {
        await news.noteIdle(workspaceId, at);
        await rhythm.noteQuiet(workspaceId, new Date(at), await areTold(workspaceId, asked, at));
        return { outcome: "nothing" };
      }
      return { outcome: "news", news: { streams, done } };
    },
  };
}

/** A stream may have been read in two ways. */
function addedUp(steps: readonly DoneStep[]): DoneStep[] {
  const sums = new Map<string, DoneStep["counts"]>();
  for (const { step, counts } of steps) {
    const sum = { ...sums.get(step) };
    for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count;
    sums.set(step, sum);
  }
  return [...sums].map(([step, counts]) => ({ step, counts }));
}
