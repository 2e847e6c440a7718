/**
 * What work at a vendor takes in calls: declared by each connector, worked out here. Nothing is asked of the vendor, and
 * where something decides the number that nobody knows beforehand, the answer is a range.
 */

/** Of one kind of call. Several of them add up. */
export interface CallCost {
  /** Of the connector's limits. */
  bucket: string;
  /** One such call, or `calls` of them, for each so many records, the last ones too. Left out: once, whatever there is. */
  per?: number;
  calls?: number;
  /** Once also where there are no records: only asking shows that. */
  anyway?: true;
  /** For some records only, and nobody can tell beforehand for how many: it may be none. */
  perhaps?: true;
  /** The records are looked for in the vendor's list of all: neighbours in it share a page. */
  scattered?: true;
  /** Calls under way at the same time; one after the other unless given. */
  atOnce?: number;
}

export interface StreamCosts<Client> {
  /** Reading all there is. A string: why that cannot be known, a whole sentence. */
  all: readonly CallCost[] | string;
  /** Reading what changed since the last read. */
  changes: readonly CallCost[] | string;
  /** What `per` counts where that is not the vendor's rows, as the days of reports are; null: it cannot be told. */
  units?(client: Client, cursor: unknown): Promise<number | null>;
  /** Asking for `units`; where rows are counted, for the vendor's own count of them. */
  count?: readonly CallCost[];
}

export interface WriteCosts {
  /** Seeing to it that our fields are there. */
  fields: readonly CallCost[];
  /** Reading values of records, as is done before and after they are written. */
  look: readonly CallCost[];
  write: readonly CallCost[];
}

export interface AudienceCosts {
  /** Seeing to it that an audience of ours is there. */
  ensure: readonly CallCost[];
  /** Letting so many people join, or so many leave. */
  members: readonly CallCost[];
}

export interface Costs<Client> {
  /** Asking whose account it is, as is done before each first read. */
  check: readonly CallCost[];
  streams: Record<string, StreamCosts<Client>>;
  write?: WriteCosts;
  audience?: AudienceCosts;
  /** What the vendor allows in a day besides its other limits: the least that any account has. */
  day?: { calls: number; source: string; readOn: string };
}

/** Both ends are possible. */
export interface Range {
  least: number;
  most: number;
}

export interface BucketCalls extends Range {
  bucket: string;
  /** Calls one after another: those under way together count as one. */
  inTurn: Range;
}

export const exactly = (count: number): Range => ({ least: count, most: count });

export const plus = (one: Range, other: Range): Range => ({
  least: one.least + other.least,
  most: one.most + other.most,
});

/**
 * Calls by bucket for so many records.
 *
 * @param all how many the vendor's list holds, for those that are looked for in it; null: not known
 */
export function callsFor(costs: readonly CallCost[], records: Range, all: number | null = null): BucketCalls[] {
  const sums = new Map<string, BucketCalls>();
  for (const cost of costs) {
    const calls = callsOf(cost, records, all);
    const { atOnce = 1 } = cost;
    const inTurn = { least: Math.ceil(calls.least / atOnce), most: Math.ceil(calls.most / atOnce) };
    const sum = sums.get(cost.bucket) ?? { bucket: cost.bucket, ...exactly(0), inTurn: exactly(0) };
    sums.set(cost.bucket, { bucket: cost.bucket, ...plus(sum, calls), inTurn: plus(sum.inTurn, inTurn) });
  }
  return [...sums.values()].filter(({ most }) => most > 0);
}

function callsOf(cost: CallCost, records: Range, all: number | null): Range {
  const { calls = 1, perhaps } = cost;
  const least = perhaps === true ? 0 : calls * rounds(cost, records.least, all).least;
  return { least, most: calls * rounds(cost, records.most, all).most };
}

function rounds({ per, scattered, anyway }: CallCost, records: number, all: number | null): Range {
  if (per === undefined) return exactly(1);
  const together = Math.max(anyway === true ? 1 : 0, Math.ceil(records / per));
  if (scattered !== true || records <= 1) return exactly(together);
  if (all === null || all < records) return { least: together, most: records };
  // A page begins at a record that is wanted; of the others on it as many are as are among all.
  return exactly(Math.max(together, Math.ceil(records / (1 + ((per - 1) * records) / all))));
}
