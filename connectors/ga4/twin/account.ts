/** The property behind the twin: what its site recorded, its audiences, their snapshots, and its quotas. */
import { dayAt } from "#connectors/core/local-time.ts";
import { TwinAccount } from "#connectors/core/twin/account.ts";
import { noFaults } from "#connectors/core/twin/faults.ts";
import type { Faults } from "#connectors/core/twin/faults.ts";
import type { Row, Table } from "#connectors/core/twin/table.ts";
import { exhausted } from "./errors.ts";

/** What only Google Analytics does. */
export interface Ga4Faults extends Faults {
  /** Reports leave out rows of fewer users than this, and say that they are thresholded. */
  thresholdUsers: number;
  /** Reports show so many rows at most; the rest is folded into "(other)". */
  otherRowsFrom: number;
  /** Reports say that they were worked out from a part of the data. */
  sampled: boolean;
  /** Reports say that rows were cut off. */
  truncated: boolean;
  /** We may not see revenue. */
  revenueHidden: boolean;
  /** Why a report is empty, in Google's word. */
  emptyReason: string | null;
  /** The next N snapshots cannot be made. */
  failExports: number;
  /** A new hit is worked in after each page of a report. */
  movesBetweenPages: number;
}

/** Sessions that began alike on a day; every report is a sum of these. */
export interface Hits extends Row {
  /** Of the property's own time zone. */
  day: string;
  channel: string;
  source: string;
  medium: string;
  campaign: string;
  landingPage: string;
  event: string;
  sessions: number;
  engagedSessions: number;
  keyEvents: number;
  /** In the property's currency. */
  revenue: number;
  users: number;
  events: number;
  gone: boolean;
}

export interface Member extends Row {
  audience: string;
  deviceId: string;
  userId: string;
  adsAllowed: boolean;
  left: boolean;
}

export interface Snapshot extends Row {
  audience: string;
  dimensions: string[];
  beganAt: number;
  failed: boolean;
  /** As they were when it was ordered. */
  members: Member[];
}

export interface Ga4Seed {
  hits: Hits[];
  members: Member[];
  /** Snapshots that somebody had made an hour before, of the members there are by then. */
  exported?: Pick<Snapshot, "audience" | "dimensions">[];
}

export interface Property {
  id: string;
  name: string;
  timeZone: string;
  currency: string;
}

/** A standard property's. https://developers.google.com/analytics/devguides/reporting/data/v1/quotas */
export const QUOTAS = { day: 200_000, hour: 40_000, project: 14_000, concurrent: 10, errors: 10, thresholded: 120 };
const HOUR = 3_600_000;
/** Making a snapshot takes so long. */
const SNAPSHOT_MS = 20_000;

export class Ga4Account extends TwinAccount<Ga4Faults> {
  readonly property: Property;
  readonly hits: Table<Hits>;
  readonly members: Table<Member>;
  readonly snapshots: Table<Snapshot>;
  /** Tokens and errors by hour and day, as Google counts them. */
  readonly used = { day: "", dayTokens: 0, hour: 0, hourTokens: 0, errors: 0 };

  constructor(clock: (() => number) | undefined, property: Property) {
    super(
      {
        ...noFaults(),
        ...{ thresholdUsers: 0, otherRowsFrom: Number.POSITIVE_INFINITY, sampled: false, truncated: false },
        ...{ revenueHidden: false, emptyReason: null, failExports: 0, movesBetweenPages: 0 },
      },
      clock,
    );
    this.property = property;
    this.hits = this.table<Hits>("hits");
    this.members = this.table<Member>("members");
    this.snapshots = this.table<Snapshot>("snapshots");
  }

  load({ hits, members, exported = [] }: Ga4Seed): void {
    for (const one of hits) this.hits.seed(one);
    for (const one of members) this.members.seed(one);
    for (const { audience, dimensions } of exported)
      this.snapshots.seed({
        ...{ id: `made-before-${audience}`, audience: `properties/${this.property.id}/audiences/${audience}` },
        ...{ dimensions, beganAt: this.now() - HOUR, failed: false },
        members: [...this.members.values()].filter((one) => one.audience === audience && !one.left),
      });
    this.markLoaded();
  }

  /** The last full day of the property. */
  yesterday(): string {
    return dayAt(this.now() - 24 * HOUR, this.property.timeZone);
  }

  /** Late hits: the sums of a day grow. */
  recordMore(id: string): void {
    const before = this.#hitsOf(id);
    this.hits.put({ ...before, sessions: before.sessions + 1, events: before.events + 1, users: before.users + 1 });
  }

  record(hits: Hits): void {
    this.hits.put(hits);
  }

  /** Google found that they were none: spam, a filter. */
  takeBack(id: string): void {
    this.hits.put({ ...this.#hitsOf(id), gone: true });
  }

  join(member: Member): void {
    this.members.put(member);
  }

  leave(id: string): void {
    const member = this.members.get(id);
    if (member !== undefined) this.members.put({ ...member, left: true });
  }

  #hitsOf(id: string): Hits {
    const found = this.hits.get(id);
    if (found === undefined) throw new Error(`There are no hits "${id}".`);
    return found;
  }

  stateOf({ failed, beganAt }: Snapshot): "CREATING" | "ACTIVE" | "FAILED" {
    if (this.now() < beganAt + SNAPSHOT_MS) return "CREATING";
    return failed ? "FAILED" : "ACTIVE";
  }

  /** Takes tokens as Google does, or refuses. */
  spend(tokens: number): object {
    const { used } = this;
    const [hour, day] = [Math.floor(this.now() / HOUR), dayAt(this.now(), "America/Los_Angeles")];
    if (used.hour !== hour) Object.assign(used, { hour, hourTokens: 0, errors: 0 });
    if (used.day !== day) Object.assign(used, { day, dayTokens: 0 });
    if (used.errors >= QUOTAS.errors) throw exhausted("errors");
    if (used.dayTokens + tokens > QUOTAS.day) throw exhausted("day");
    if (used.hourTokens + tokens > QUOTAS.project) throw exhausted("hour");
    used.dayTokens += tokens;
    used.hourTokens += tokens;
    const status = (consumed: number, remaining: number) => ({
      ...(consumed === 0 ? {} : { consumed }),
      ...(remaining === 0 ? {} : { remaining }),
    });
    return {
      tokensPerDay: status(tokens, QUOTAS.day - used.dayTokens),
      tokensPerHour: status(tokens, QUOTAS.hour - used.hourTokens),
      tokensPerProjectPerHour: status(tokens, QUOTAS.project - used.hourTokens),
      concurrentRequests: status(0, QUOTAS.concurrent),
      serverErrorsPerProjectPerHour: status(0, QUOTAS.errors - used.errors),
      potentiallyThresholdedRequestsPerHour: status(0, QUOTAS.thresholded),
    };
  }
}
