/** What reading a stream or carrying out a plan will take, from what is known before it begins; or why that is not known. */
import type { RateLimiter } from "#connectors/core/call.ts";
import type { Connector, OpenConnection } from "#connectors/core/contract.ts";
import { callsFor, exactly } from "#connectors/core/costs.ts";
import type { AudienceCosts, BucketCalls, Range } from "#connectors/core/costs.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { forecastOf, rowsToCome } from "#connectors/core/forecast.ts";
import type { Forecast, ForecastInput, Foretold, Outlook } from "#connectors/core/forecast.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { StreamState } from "#profile/store/ingest/store.ts";
import { meanMs } from "#profile/store/vendor-calls.ts";
import type { Dependencies } from "../dependencies.ts";
import { PORTION } from "../write-back/carry-out.ts";

type Deps = Pick<Dependencies, "connections" | "ingest" | "runs" | "vendorCalls" | "now">;

/** A connection's account: what it allows, and how far its budget is used. */
export interface Account {
  connector: Connector;
  limits: Connector["limits"];
  limiter: Pick<RateLimiter, "outlook" | "day">;
}

type Opened = Account & { connection: OpenConnection };

/** How far back the times of calls tell something of those to come. */
const LOOK_BACK_MS = 7 * 86_400_000;

const UNTOLD = "Nothing is known of what this tool takes in calls.";

/**
 * By itself: streams that are read beside it spend from the same budget. Only before a first read the vendor is asked for
 * anything; null: it would have to be, each time.
 */
export async function foretellRead(
  deps: Deps,
  row: Connection,
  opened: Opened,
  stream: string,
): Promise<Foretold | null> {
  const state = await deps.ingest.streamState(row.workspaceId, row.connectionId, stream);
  if (state.cursor !== null && opened.connector.costs?.streams[stream]?.units !== undefined) return null;
  const { streams } = await foretellReads(deps, row, opened, [stream]);
  return streams[0]?.foretold ?? null;
}

export interface ForetoldReads {
  streams: { stream: string; isFirst: boolean; foretold: Foretold }[];
  /** Those of which something is known, side by side; null: nothing is. */
  together: Forecast | null;
}

/** The vendor is asked for counts, and for nothing that takes long. */
export async function foretellReads(
  deps: Deps,
  row: Connection,
  opened: Opened,
  names: readonly string[],
): Promise<ForetoldReads> {
  const works: { stream: string; isFirst: boolean; calls: Calls }[] = [];
  const asked: number[] = [];
  for (const stream of names) {
    const state = await deps.ingest.streamState(row.workspaceId, row.connectionId, stream);
    const startedAt = performance.now();
    const calls = await callsOfRead(deps, row, opened, stream, state);
    if ("work" in calls && calls.asked) asked.push(performance.now() - startedAt);
    works.push({ stream, isFirst: state.cursor === null, calls });
  }
  const askedForMs = asked.length === 0 ? null : asked.reduce((sum, ms) => sum + ms, 0) / asked.length;
  const tell = (work: BucketCalls[][]) => told(deps, row.workspaceId, opened, { work }, askedForMs);
  const streams: ForetoldReads["streams"] = [];
  for (const { calls, ...stream } of works)
    streams.push({ ...stream, foretold: "unknown" in calls ? calls : await tell([calls.work]) });
  const known = works.flatMap(({ calls }) => ("unknown" in calls ? [] : [calls.work]));
  return { streams, together: known.length === 0 ? null : await tell(known) };
}

type Calls = { work: BucketCalls[]; asked: boolean } | { unknown: string };

async function callsOfRead(
  deps: Deps,
  row: Connection,
  { connector, connection }: Opened,
  stream: string,
  state: StreamState,
): Promise<Calls> {
  const costs = connector.costs?.streams[stream];
  if (connector.costs === undefined || costs === undefined) return { unknown: UNTOLD };
  const isFirst = state.cursor === null;
  const part = isFirst ? costs.all : costs.changes;
  if (typeof part === "string") return { unknown: part };
  if (!isFirst && !state.complete) return { unknown: "It is being read: `tributary status` says how far." };
  let units: number | "rows" | null;
  let count: number | null = null;
  try {
    units = await connection.units(stream, state.cursor);
    if (units === "rows" && isFirst) count = await connection.count(stream);
  } catch (error) {
    if (!(error instanceof ConnectorError)) throw error;
    return { unknown: `${connector.title} could not be asked how much there is: ${error.message}` };
  }
  const records =
    units !== "rows" ? units : isFirst ? (count ?? state.storedCount) : await changed(deps, row, stream, state);
  if (records === null) return { unknown: whyUnknown(connector, units, isFirst) };
  const { count: counting = [] } = costs;
  // By the worker's own forecast of a first read, and, where rows are counted, at the end.
  const counts = [...(isFirst ? counting : []), ...(units === "rows" ? counting : [])];
  const work = callsFor(
    [...part, ...counts, ...(isFirst && row.externalAccount !== null ? connector.costs.check : [])],
    typeof records === "number" ? exactly(records) : records,
  );
  return { work, asked: units !== "rows" || count !== null };
}

function whyUnknown({ title }: Connector, units: number | "rows" | null, isFirst: boolean): string {
  if (units === null) return `How much ${title} has left to read cannot be told.`;
  return isFirst
    ? `${title} does not tell how many there are before they are read.`
    : "How much changes shows after three runs that read it.";
}

/** Runs do not tell two connections of one tool apart: then nothing is known of either. */
async function changed(
  { connections, runs, now }: Deps,
  { workspaceId, connector }: Connection,
  stream: string,
  { fullReadAt, lastSuccessAt }: StreamState,
): Promise<Range | null> {
  const ofTool = (await connections.listConnections(workspaceId)).filter((each) => each.connector === connector);
  if (ofTool.length !== 1 || lastSuccessAt === null) return null;
  const [first, ...steps] = await runs.lastSteps(workspaceId, `sync ${connector} ${stream}`, 20);
  // The oldest may be the first read, of a stream that marks no full ones.
  const past = steps.filter(({ startedAt }) => first !== undefined && (fullReadAt === null || startedAt > fullReadAt));
  return rowsToCome(
    past.map(({ startedAt, counts }) => ({ startedAt, rows: counts["read"] ?? 0 })),
    lastSuccessAt,
    now(),
  );
}

export interface WriteAhead {
  /** Records to write. */
  changes: number;
  /** Records that the tool's list holds, as far as we know. */
  records: number;
  /** Fields that are seen to first; null: they have been. */
  fields: number | null;
  /** What was compared counts as seen just now: records are not looked at again before they are written. */
  fresh: boolean;
}

/** Of an audience's plan `changes` are people, and nothing is looked at. */
export async function foretellWrite(
  deps: Deps,
  workspaceId: WorkspaceId,
  account: Account,
  { changes, records, fields, fresh }: WriteAhead,
): Promise<Foretold> {
  const { audience, write } = account.connector.costs ?? {};
  if (audience !== undefined)
    return told(
      deps,
      workspaceId,
      account,
      {
        work: [...(fields === null ? [] : [callsFor(audience.ensure, exactly(1))]), ...moves(audience, changes)],
        oneAfterAnother: true,
      },
      null,
    );
  if (write === undefined) return { unknown: UNTOLD };
  const look = callsFor(write.look, exactly(changes), records);
  const work = [
    ...(fields === null ? [] : [callsFor(write.fields, exactly(fields))]),
    ...(fresh ? [] : [look]),
    callsFor(write.write, exactly(changes)),
    look,
  ];
  return told(deps, workspaceId, account, { work, oneAfterAnother: true }, null);
}

/** People come and go in portions of their own; a portion that has both takes the calls twice. */
function moves({ members }: AudienceCosts, people: number): BucketCalls[][] {
  const twice = ({ least, most }: Range): Range => ({ least, most: 2 * most });
  return Array.from({ length: Math.ceil(people / PORTION) }, (_, n) => {
    const size = Math.min(PORTION, people - n * PORTION);
    const calls = callsFor(members, exactly(size));
    return size === 1 ? calls : calls.map((each) => ({ ...each, ...twice(each), inTurn: twice(each.inTurn) }));
  });
}

async function told(
  deps: Deps,
  workspaceId: WorkspaceId,
  { connector, limits, limiter }: Account,
  ahead: Pick<ForecastInput, "work" | "oneAfterAnother">,
  askedForMs: number | null,
): Promise<Forecast> {
  const named = ahead.work.flat().map(({ bucket }) => bucket);
  const buckets = new Set([...named, ...named.flatMap((bucket) => limits[bucket]?.within ?? [])]);
  const outlooks = new Map<string, Outlook>();
  for (const bucket of buckets) {
    const limit = limits[bucket];
    if (limit !== undefined) outlooks.set(bucket, await limiter.outlook(bucket, limit));
  }
  const times = await deps.vendorCalls.since(workspaceId, new Date(deps.now() - LOOK_BACK_MS));
  const callMs = meanMs(times.filter((each) => each.connector === connector.id && each.outcome === "ok")) ?? askedForMs;
  const today = await limiter.day();
  return forecastOf({ ...ahead, limits, outlooks, callMs, day: connector.costs?.day, today });
}
