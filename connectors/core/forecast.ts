/** From calls to time and quota: what somebody is told before work begins. Pure. */
import type { DayAllowance, RateLimit } from "./contract.ts";
import { exactly, plus } from "./costs.ts";
import type { BucketCalls, Costs, Range } from "./costs.ts";

/** How fast a bucket gives out calls to us now. */
export interface Outlook {
  /** Until the first call may leave, milliseconds: what others are waiting for, or a time the vendor named. */
  waitMs: number;
  perSecond: number;
}

export interface Forecast {
  calls: Range;
  buckets: ({ bucket: string } & Range)[];
  /** Null: nothing is known of how long this tool takes to answer. */
  seconds: Range | null;
  /** What part it is of what the vendor allows in a day. Null: the vendor sets no such limit that we know of. */
  ofDay: Range | null;
  /** Calls that are left of what the account is allowed today, and how many that is; null: it has not said of late. */
  today?: DayAllowance | null;
  /** `ofDay` is of the smallest day's limit there is: of this account's it may be a smaller part. */
  ofSmallestDay: boolean;
}

/** A forecast, or a whole sentence on why there is none. */
export type Foretold = Forecast | { unknown: string };

export interface ForecastInput {
  /** Of each stream, which are read side by side, or of each step, see `oneAfterAnother`. */
  work: readonly (readonly BucketCalls[])[];
  oneAfterAnother?: boolean;
  limits: Readonly<Record<string, RateLimit>>;
  outlooks: ReadonlyMap<string, Outlook>;
  /** How long a call takes here; null: not known. */
  callMs: number | null;
  day?: Costs<unknown>["day"] | undefined;
  /** What the account itself has said. */
  today?: DayAllowance | null;
}

const DAY_MS = 86_400_000;

/** A bucket at rest holds a tenth of a window's calls: see the quota of the store. */
const AT_REST = 1 / 9;

export function forecastOf(input: ForecastInput): Forecast {
  const { work, limits, callMs, day, today = null } = input;
  const buckets = addedUp(work.flat());
  const calls = buckets.reduce(plus, exactly(0));
  const quota = [...buckets, ...wholes(buckets, limits)].map((each) => quotaSeconds(each, input));
  const parts = work.map((part) => part.map(({ inTurn }) => inTurn).reduce(plus, exactly(0)));
  const inTurn = input.oneAfterAnother === true ? parts.reduce(plus, exactly(0)) : longest(parts);
  const daily = buckets.find(({ bucket }) => (limits[bucket]?.windowMs ?? 0) >= DAY_MS);
  const ofDay =
    daily === undefined
      ? (today ?? day) && { calls, allowed: (today ?? day)?.calls ?? Infinity }
      : { calls: daily, allowed: inDay(daily) };
  function inDay({ bucket }: { bucket: string }): number {
    const limit = limits[bucket];
    return limit === undefined ? Infinity : (limit.calls * DAY_MS) / limit.windowMs;
  }
  return {
    calls,
    buckets: buckets.map(({ bucket, least, most }) => ({ bucket, least, most })),
    seconds: callMs === null ? null : longest([...quota, times(inTurn, callMs / 1_000)]),
    ofDay: ofDay === undefined ? null : times(ofDay.calls, 1 / ofDay.allowed),
    today,
    ofSmallestDay: daily === undefined && today === null && ofDay !== undefined,
  };
}

/** What is spent of limits over several buckets. */
function wholes(buckets: readonly BucketCalls[], limits: ForecastInput["limits"]): BucketCalls[] {
  return addedUp(
    buckets.flatMap((each) => {
      const { within } = limits[each.bucket] ?? {};
      return within === undefined ? [] : [{ ...each, bucket: within }];
    }),
  );
}

function quotaSeconds({ bucket, least, most }: BucketCalls, { limits, outlooks }: ForecastInput): Range {
  const { waitMs, perSecond } = outlooks.get(bucket) ?? { waitMs: 0, perSecond: Infinity };
  const atRest = waitMs > 0 ? 0 : Math.max(1, (perSecond * (limits[bucket]?.windowMs ?? 0) * AT_REST) / 1_000);
  const wait = (calls: number) => (calls === 0 ? 0 : waitMs / 1_000 + Math.max(0, calls - atRest) / perSecond);
  return { least: wait(least), most: wait(most) };
}

function addedUp(all: readonly BucketCalls[]): BucketCalls[] {
  return [...Map.groupBy(all, ({ bucket }) => bucket)].map(([bucket, parts]) => ({
    bucket,
    ...parts.reduce<Range>(plus, exactly(0)),
    inTurn: parts.map(({ inTurn }) => inTurn).reduce(plus, exactly(0)),
  }));
}

const times = ({ least, most }: Range, factor: number): Range => ({ least: least * factor, most: most * factor });

const longest = (ranges: readonly Range[]): Range => ({
  least: Math.max(0, ...ranges.map(({ least }) => least)),
  most: Math.max(0, ...ranges.map(({ most }) => most)),
});

/** What a run did, of which its past tells how much changes. */
export interface PastRead {
  startedAt: Date;
  /** Rows of the vendor. */
  rows: number;
}

/**
 * How many rows have changed by now, if they come as they did in the last reads. The first of these tells when counting
 * begins, not how long its rows had been waiting. Null: too little is known.
 *
 * @param past oldest first, of changes alone
 * @param since when the last read ended
 */
export function rowsToCome(past: readonly PastRead[], since: Date, now: number): Range | null {
  const [first, last] = [past[0], past.at(-1)];
  const overMs = (last?.startedAt.getTime() ?? 0) - (first?.startedAt.getTime() ?? 0);
  if (first === undefined || overMs <= 0) return null;
  const rows = past.slice(1).reduce((sum, each) => sum + each.rows, 0);
  const expected = (rows / overMs) * Math.max(0, now - since.getTime());
  // Changes that come by chance stray so far in nineteen of twenty cases.
  const strays = 2 * Math.sqrt(expected);
  return { least: Math.max(0, Math.floor(expected - strays)), most: Math.ceil(expected + strays) };
}
