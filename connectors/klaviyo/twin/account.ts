/** One Klaviyo account: profiles, what they did, lists, import jobs, and what can happen to them. */
import { TwinAccount } from "#connectors/core/twin/account.ts";
import { noFaults, strikes } from "#connectors/core/twin/faults.ts";
import type { Faults } from "#connectors/core/twin/faults.ts";
import type { Row } from "#connectors/core/twin/table.ts";
import { NEVER_SUBSCRIBED } from "./seed.ts";
import type { KlaviyoSeed, KlaviyoSeedEvent, KlaviyoSeedProfile } from "./seed.ts";

/** What only Klaviyo does. */
export interface KlaviyoFaults extends Faults {
  /** Import jobs stay in this word and nothing is done, until it is null again. */
  jobStatus: string | null;
  /** Cursors handed out so far are no longer known. */
  cursorsExpired: boolean;
}

export interface ProfileRow extends Row {
  /** The order of ids. */
  number: number;
  attributes: Omit<KlaviyoSeedProfile["attributes"], "created" | "updated" | "properties" | "subscriptions">;
  createdAt: number;
  updatedAt: number;
  properties: Record<string, unknown>;
  subscriptions: unknown;
  deleted: boolean;
}

export interface EventRow extends Row {
  metricId: string;
  profile: string;
  at: number;
  properties: Record<string, unknown>;
}

export interface MetricRow extends Row {
  name: string;
}

export interface ListRow extends Row {
  name: string;
}

export interface MemberRow extends Row {
  list: string;
  profile: string;
  joinedAt: number;
}

/** One profile of an import, as it was sent. */
export interface ImportEntry {
  type: "profile";
  id?: string | undefined;
  attributes: { email?: string | null | undefined; properties?: Record<string, unknown> | undefined };
  meta?: { patch_properties?: { unset?: string | string[] | undefined } | undefined } | undefined;
}

export interface JobRow extends Row {
  status: "queued" | "complete" | "cancelled";
  createdAt: number;
  entries: ImportEntry[];
  completed: number;
  errors: { id: string; code: string; detail: string; place: number }[];
}

export class KlaviyoAccount extends TwinAccount<KlaviyoFaults> {
  readonly profiles = this.table<ProfileRow>("profiles");
  readonly events = this.table<EventRow>("events");
  readonly metrics = this.table<MetricRow>("metrics");
  readonly lists = this.table<ListRow>("lists");
  readonly members = this.table<MemberRow>("members");
  readonly jobs = this.table<JobRow>("jobs");
  readonly byId = this.profiles.view({ key: ({ number }) => number, where: ({ deleted }) => !deleted });
  readonly byUpdate = this.profiles.view({
    key: ({ updatedAt }) => updatedAt,
    where: ({ deleted }) => !deleted,
    indexed: true,
  });
  readonly byTime = this.events.view({ key: ({ at }) => at, indexed: true });
  readonly byJoining = this.members.view({ key: ({ joinedAt }) => joinedAt, indexed: true });
  /** Told of each event that comes in. */
  onEvent: ((event: EventRow) => void) | null = null;
  readonly #metricNamed = this.metrics.index(({ name }) => [name]);

  constructor(clock?: () => number) {
    super({ ...noFaults(), jobStatus: null, cursorsExpired: false }, clock);
  }

  load({ profiles, events, lists }: KlaviyoSeed): void {
    for (const profile of profiles) this.profiles.seed(this.#profileOf(profile));
    for (const event of events) this.events.seed(this.#eventOf(event));
    for (const { id, name, members } of lists) {
      this.lists.seed({ id, name });
      for (const { profile, joined } of members) this.members.seed(memberOf(id, profile, Date.parse(joined)));
    }
    this.markLoaded();
  }

  metric(name: string): MetricRow {
    const [known] = this.#metricNamed(name);
    if (known !== undefined) return known;
    const made = { id: `M${String(this.next("metrics")).padStart(5, "0")}`, name };
    this.metrics.put(made);
    return made;
  }

  profile(id: string): ProfileRow | undefined {
    const found = this.profiles.get(id);
    return found?.deleted === false ? found : undefined;
  }

  /** Somebody edits a profile in Klaviyo. */
  edit(id: string, attributes: Partial<ProfileRow["attributes"]>): void {
    const row = this.profile(id);
    if (row === undefined) return;
    this.profiles.put({ ...row, attributes: { ...row.attributes, ...attributes }, updatedAt: this.now() });
  }

  /** A profile says how it wants to be reached. `moves`: its date of change moves with it, which is not documented. */
  subscribe(id: string, subscriptions: unknown, moves = true): void {
    const row = this.profile(id);
    if (row !== undefined) this.profiles.put({ ...row, subscriptions, updatedAt: moves ? this.now() : row.updatedAt });
  }

  setProperty(id: string, name: string, value: unknown): void {
    const row = this.profile(id);
    if (row !== undefined)
      this.profiles.put({ ...row, properties: { ...row.properties, [name]: value }, updatedAt: this.now() });
  }

  create(attributes: Partial<ProfileRow["attributes"]>): string {
    const id = idOf(this.next("profiles"));
    const at = new Date(this.now()).toISOString();
    this.profiles.put(this.#profileOf({ id, attributes: { ...attributes, created: at, updated: at } }));
    return id;
  }

  /** For good, as a privacy request or a merge does: no trace of it is left to read. */
  remove(id: string): void {
    const row = this.profiles.get(id);
    if (row !== undefined) this.profiles.put({ ...row, deleted: true });
  }

  track(event: Omit<KlaviyoSeedEvent, "id" | "datetime"> & { datetime?: string }): string {
    const id = `E${String(this.next("events")).padStart(9, "0")}`;
    const datetime = event.datetime ?? new Date(this.now()).toISOString();
    const row = this.#eventOf({ ...event, id, datetime });
    this.events.put(row);
    this.onEvent?.(row);
    return id;
  }

  join(list: string, profile: string): string {
    const row = memberOf(list, profile, this.now());
    this.members.put(row);
    return row.id;
  }

  /** Klaviyo has come to it: the job's profiles are set, as far as they can be. */
  finish(job: JobRow): JobRow {
    let completed = 0;
    const errors: JobRow["errors"] = [];
    for (const [place, entry] of job.entries.entries()) {
      const { id = "" } = entry;
      const refuse = (code: string, detail: string) => errors.push({ id: `${job.id}-${place}`, code, detail, place });
      const row = this.profile(id);
      if (row === undefined) refuse("not_found", `A profile with id ${id} does not exist.`);
      else if (this.faults.entryError.has(id)) refuse("invalid", "The profile could not be updated.");
      // Left out of the counts because it was left undone.
      else if (strikes(this.faults, "partial207")) continue;
      else {
        completed += 1;
        if (!this.faults.silentNoOp.has(id)) this.#set(row, entry);
      }
    }
    const done: JobRow = { ...job, status: "complete", completed, errors };
    this.jobs.put(done);
    return done;
  }

  /** Jobs go on by themselves, whether anybody looks or not. */
  finishJobs(): void {
    for (const job of [...this.jobs.values()]) if (job.status === "queued") this.finish(job);
  }

  #set(row: ProfileRow, { attributes, meta }: ImportEntry): void {
    const properties = { ...row.properties, ...attributes.properties };
    for (const name of [meta?.patch_properties?.unset ?? []].flat()) delete properties[name];
    this.profiles.put({ ...row, properties, updatedAt: this.now() });
  }

  #profileOf({ id, attributes }: KlaviyoSeedProfile): ProfileRow {
    const { created, updated, properties = {}, subscriptions = NEVER_SUBSCRIBED, ...rest } = attributes;
    const number = Number(/\d+$/.exec(id)?.[0] ?? this.next("unnumbered"));
    this.atLeast("profiles", number);
    return {
      ...{ id, number, attributes: rest, properties, subscriptions, deleted: false },
      ...{ createdAt: Date.parse(created), updatedAt: Date.parse(updated) },
    };
  }

  #eventOf({ id, metric, profile, datetime, properties = {} }: KlaviyoSeedEvent): EventRow {
    return { id, metricId: this.metric(metric).id, profile, at: Date.parse(datetime), properties };
  }
}

/** As Klaviyo's own: 26 letters and digits that begin with 01. */
export const idOf = (number: number): string => `01TRB${String(number).padStart(21, "0")}`;

const memberOf = (list: string, profile: string, joinedAt: number): MemberRow => ({
  id: `${list}:${profile}`,
  list,
  profile,
  joinedAt,
});
