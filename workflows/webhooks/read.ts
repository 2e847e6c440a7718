/** Reads the records that vendors have told us of, by id, and stores them as every other reading does. */
import { cancellationSignal } from "@temporalio/activity";
import type { RecordNews } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { goneRecord } from "#connectors/core/gone.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { DoneStep } from "#profile/store/runs.ts";
import type { DueRecord } from "#profile/store/webhooks/due.ts";
import type { Dependencies } from "../dependencies.ts";
import { isUsable, noteRefusal, noting, openStored, type OpenedConnection } from "../open-connection.ts";
import { urgencyHere } from "../urgency.ts";
import type { RefreshInput } from "../refresh/messages.ts";
import type { WebhooksRead } from "./messages.ts";

/** Of a connection in one turn: some tens of calls where a vendor takes a hundred ids, some seconds where it takes one. */
const MOST_RECORDS = 500;
const PATIENCE_MS = 60_000;
/** The stream is being read as a whole, or waits for somebody. */
const NOT_READY_MS = 30_000;
/** A page was stored meanwhile: what was read may be older than it. */
const SOON_MS = 500;

interface ReadOf {
  done: DoneStep[];
  news: boolean;
  againMs: number | null;
}

const NOTHING: ReadOf = { done: [], news: false, againMs: null };

/** @returns what reads whatever is due in a workspace; safe to run twice at once */
export function webhookReader(deps: Dependencies): (input: RefreshInput) => Promise<WebhooksRead> {
  const { due, ingest, connections, credentials } = deps;

  async function readStream(
    { workspaceId }: RefreshInput,
    { connectionId, connector }: Connection,
    opened: OpenedConnection,
    stream: string,
    records: readonly DueRecord[],
  ): Promise<ReadOf> {
    const state = await ingest.streamState(workspaceId, connectionId, stream);
    // Its first or next full read brings them; one that waits for a person is left alone.
    if (state.cursor === null || state.fullReadStartedAt !== null || state.heldAt !== null)
      return { ...NOTHING, againMs: NOT_READY_MS };
    const { kind } = opened.streamOf(stream);
    const [erased, asked] = [records.filter((one) => one.erased), records.filter((one) => !one.erased)];
    const found = await opened.connection.find(stream, asked.map(newsOf));
    const forgotten = erased.flatMap((one) => goneRecord(kind, newsOf(one)) ?? []);
    const saved = await due.save(workspaceId, {
      ...{ connectionId, stream, from: state.cursor, due: records },
      found: { ...found, records: [...found.records, ...forgotten], rawCount: found.rawCount + erased.length },
    });
    if (saved.outcome === "superseded") return { ...NOTHING, againMs: SOON_MS };
    const { counts } = saved;
    return {
      done: [{ step: `sync ${connector} ${stream}`, counts: { ...counts, ...opened.takeCalls() } }],
      news: counts.inserted + counts.changed > 0,
      againMs: null,
    };
  }

  /** The vendor says that it has shut us out, or somebody in its name: whether that is so, a call tells. */
  async function checkAccess(connection: Connection, opened: OpenedConnection, one: DueRecord): Promise<void> {
    const { workspaceId, connectionId } = connection;
    await opened.connection.check();
    await due.settle(workspaceId, connectionId, [one]);
  }

  async function readConnection(input: RefreshInput, connection: Connection): Promise<ReadOf> {
    const { workspaceId, connectionId } = connection;
    const records = await due.list(workspaceId, connectionId, MOST_RECORDS);
    if (records.length === 0) return NOTHING;
    const stored = await credentials.read(workspaceId, connectionId);
    const signal = AbortSignal.any([cancellationSignal(), AbortSignal.timeout(PATIENCE_MS)]);
    const reads: ReadOf[] = [{ ...NOTHING, againMs: records.length === MOST_RECORDS ? 0 : null }];
    for (const [stream, ofStream] of Map.groupBy(records, (one) => one.stream)) {
      try {
        const opened = await openStored(deps, connection, stored, signal, {
          ...{ onCall: noting(deps, workspaceId), urgency: urgencyHere() },
        });
        const [first] = ofStream;
        if (stream === "" && first !== undefined) await checkAccess(connection, opened, first);
        else reads.push(await readStream(input, connection, opened, stream, ofStream));
      } catch (error) {
        reads.push(await failed(input, connection, ofStream, error));
      }
    }
    return joined(reads);
  }

  async function failed(
    input: RefreshInput,
    { connectionId }: Connection,
    records: readonly DueRecord[],
    error: unknown,
  ): Promise<ReadOf> {
    const { workspaceId } = input;
    cancellationSignal().throwIfAborted();
    if (!(error instanceof ConnectorError)) throw error;
    if (error.kind === "auth" || error.kind === "permission") {
      await noteRefusal(deps, { workspaceId, connectionId }, error, "webhook");
      // Whoever connects it again has everything read that was missed.
      await due.settle(workspaceId, connectionId, records);
      return NOTHING;
    }
    if (error.kind === "rate_limited") return { ...NOTHING, againMs: error.details.retryAfterMs ?? NOT_READY_MS };
    const left = await due.postpone(workspaceId, connectionId, records);
    deps.log.warn({ connectionId, kind: error.kind, ...error.details, left }, error.message);
    return { ...NOTHING, againMs: NOT_READY_MS };
  }

  return async (input) => {
    const usable = (await connections.listConnections(input.workspaceId)).filter(isUsable);
    const { done, news, againMs } = joined(
      await Promise.all(usable.map((connection) => readConnection(input, connection))),
    );
    return { done, isNews: news, againMs };
  };
}

const newsOf = ({ vendorId, occurredAt }: DueRecord): RecordNews => ({ id: vendorId, at: occurredAt.toISOString() });

function joined(reads: readonly ReadOf[]): ReadOf {
  const waits = reads.flatMap(({ againMs }) => againMs ?? []);
  return {
    done: reads.flatMap(({ done }) => done),
    news: reads.some(({ news }) => news),
    againMs: waits.length === 0 ? null : Math.min(...waits),
  };
}
