/** The records of one object type, with the two orders HubSpot reads them in: by id, and by last change as search sees it. */
import type { ObjectType, SubscriptionStatus } from "./journal.ts";
import { modifiedProperty } from "./properties.ts";

type Values = Record<string, string | null>;

export interface StoredObject {
  readonly id: string;
  readonly number: number;
  properties: Values;
  createdAt: number;
  modifiedAt: number;
  archivedAt: number | null;
  mergedInto: string | null;
  contactIds: string[];
  statuses: SubscriptionStatus[];
  /** When `hs_email_optout` last changed. */
  optoutAt: number | null;
  entry: IndexEntry | null;
  /** What search still believes while the index lags; null: search is up to date. */
  behind: { properties: Values; modifiedAt: number } | null;
  /** The index job that will bring search up to date; a newer one replaces it. */
  job: IndexJob | null;
}

interface IndexEntry {
  at: number;
  object: StoredObject;
}

interface IndexJob {
  visibleAt: number;
  object: StoredObject;
}

export class ObjectStore {
  readonly type: ObjectType;
  readonly byId = new Map<string, StoredObject>();
  readonly #now: () => number;
  #live: StoredObject[] = [];
  #archived: StoredObject[] = [];
  #listsDirty = false;
  #index: IndexEntry[] = [];
  #indexDirty = false;
  #indexUnsorted = false;
  #jobs: IndexJob[] = [];
  /** Grows with every change of the index, so that sorted views can be kept. */
  generation = 0;

  constructor(type: ObjectType, now: () => number) {
    this.type = type;
    this.#now = now;
  }

  add(object: StoredObject, lagMs: number): void {
    this.byId.set(object.id, object);
    const last = (object.archivedAt === null ? this.#live : this.#archived).at(-1);
    (object.archivedAt === null ? this.#live : this.#archived).push(object);
    if (last !== undefined && last.number > object.number) this.#listsDirty = true;
    if (object.archivedAt === null) this.#reindex(object, lagMs);
  }

  /** Changes a record; search sees it `lagMs` later. */
  change(object: StoredObject, at: number, values: Values, lagMs: number): void {
    if (lagMs > 0 && object.behind === null && object.entry !== null)
      object.behind = { properties: { ...object.properties }, modifiedAt: object.modifiedAt };
    Object.assign(object.properties, values);
    object.modifiedAt = at;
    this.#reindex(object, lagMs);
  }

  archive(object: StoredObject, at: number): void {
    object.archivedAt = at;
    object.entry = null;
    object.behind = null;
    object.job = null;
    this.#listsDirty = true;
    this.#touchIndex();
  }

  restore(object: StoredObject, at: number, lagMs: number): void {
    object.archivedAt = null;
    object.modifiedAt = at;
    this.#listsDirty = true;
    this.#reindex(object, lagMs);
  }

  /** A page in id order, after the given id. */
  list(archived: boolean, after: number, limit: number): { page: StoredObject[]; more: boolean } {
    if (this.#listsDirty) this.#sortLists();
    const rows = archived ? this.#archived : this.#live;
    const from = firstIndex(rows, (row) => row.number > after);
    return { page: rows.slice(from, from + limit), more: from + limit < rows.length };
  }

  /** Live records as search sees them, oldest change first; equal times in no useful order. */
  index(): readonly IndexEntry[] {
    this.#catchUp();
    if (!this.#indexDirty) return this.#index;
    this.#index = this.#index.filter((entry) => entry.object.entry === entry);
    if (this.#indexUnsorted) this.#index.sort((a, b) => a.at - b.at || scrambled(a.object) - scrambled(b.object));
    this.#indexDirty = false;
    this.#indexUnsorted = false;
    return this.#index;
  }

  #reindex(object: StoredObject, lagMs: number): void {
    if (lagMs <= 0) {
      this.#enter(object);
      return;
    }
    object.job = { visibleAt: this.#now() + lagMs, object };
    this.#jobs.push(object.job);
  }

  #enter(object: StoredObject): void {
    const last = this.#index.at(-1);
    if (last !== undefined && last.at >= object.modifiedAt) this.#indexUnsorted = true;
    object.behind = null;
    object.job = null;
    object.entry = { at: object.modifiedAt, object };
    this.#index.push(object.entry);
    this.#touchIndex();
  }

  #catchUp(): void {
    if (this.#jobs.length === 0) return;
    const now = this.#now();
    const waiting: IndexJob[] = [];
    for (const job of this.#jobs) {
      if (job.object.job !== job) continue;
      if (job.visibleAt > now) waiting.push(job);
      else this.#enter(job.object);
    }
    this.#jobs = waiting;
  }

  #touchIndex(): void {
    this.#indexDirty = true;
    this.generation += 1;
  }

  #sortLists(): void {
    const inOrder = [...this.byId.values()].sort((a, b) => a.number - b.number);
    this.#live = inOrder.filter((object) => object.archivedAt === null);
    this.#archived = inOrder.filter((object) => object.archivedAt !== null);
    this.#listsDirty = false;
  }
}

/** A property's value as the vendor gives it, computed ones included; null where unset. */
export function valueOf(
  type: ObjectType,
  object: StoredObject,
  name: string,
  view: "now" | "search" = "now",
): string | null {
  const seen = view === "search" && object.behind !== null ? object.behind : object;
  if (name === "hs_object_id") return object.id;
  if (name === "createdate") return new Date(object.createdAt).toISOString();
  if (name === modifiedProperty(type)) return new Date(seen.modifiedAt).toISOString();
  const stored = seen.properties[name] ?? null;
  return stored === null && type === "deals" ? closedValue(name, seen.properties.dealstage ?? "") : stored;
}

/** HubSpot works these two out from the pipeline's stage. */
function closedValue(name: string, stage: string): string | null {
  if (name === "hs_is_closed") return String(stage.startsWith("closed"));
  return name === "hs_is_closed_won" ? String(stage === "closedwon") : null;
}

/** Position of the first row that passes, in rows ordered so that all passing ones come last. */
export function firstIndex<Row>(rows: readonly Row[], passes: (row: Row) => boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && passes(row)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** A fixed but useless order: search promises none among equal values. */
function scrambled(object: StoredObject): number {
  return Math.imul(object.number, 0x9e3779b1) >>> 0;
}
