/** The records of one kind, by id, by what they hold, and in the orders a vendor lists them in. */
import type { Faults } from "./faults.ts";

/** States are replaced, never changed in place: who holds one sees it as it was. */
export interface Row {
  readonly id: string;
}

export interface ViewOptions<Item> {
  key(row: Item): number;
  /** Which rows it shows; all unless given. */
  where?(row: Item): boolean;
  /** Order among equal keys; the order of arrival unless given. */
  tie?(row: Item): number;
  /** Changes reach it with the delay and the misplacement of the faults, as a search index. */
  indexed?: boolean;
}

/** Where a row stands in the order of a view, also when the row has moved on. */
export interface Place {
  key: number;
  tie: number;
}

interface Entry<Item> extends Place {
  row: Item;
}

/** Rows in the order of a key. Sorted when read, so that loading a hundred thousand rows sorts once. */
export class View<Item extends Row> {
  /** Grows with every change of order, so that what was derived from it can be kept. */
  generation = 0;
  readonly #options: ViewOptions<Item>;
  readonly #faults: Faults;
  readonly #now: () => number;
  readonly #current = new Map<string, Entry<Item>>();
  readonly #waiting = new Map<string, { visibleAt: number; row: Item }>();
  #entries: Entry<Item>[] = [];
  #stale = false;
  #unsorted = false;
  #arrivals = 0;

  constructor(options: ViewOptions<Item>, faults: Faults, now: () => number) {
    this.#options = options;
    this.#faults = faults;
    this.#now = now;
  }

  put(row: Item): void {
    const shown = this.#options.where?.(row) ?? true;
    if (shown && this.#options.indexed === true && this.#faults.lag > 0) {
      this.#waiting.set(row.id, { visibleAt: this.#now() + this.#faults.lag, row });
      return;
    }
    this.#waiting.delete(row.id);
    if (shown) this.#show(row);
    else if (this.#current.delete(row.id)) this.#touch(true);
  }

  /** The row as this view shows it. */
  get(id: string): Item | undefined {
    this.#catchUp();
    return this.#current.get(id)?.row;
  }

  get length(): number {
    return this.#ordered().length;
  }

  at(position: number): Item | undefined {
    return this.#ordered()[position]?.row;
  }

  slice(from: number, to: number): Item[] {
    return this.#ordered()
      .slice(from, to)
      .map(({ row }) => row);
  }

  /** Position of the first row whose key is at least this. */
  firstFrom(key: number): number {
    return firstIndex(this.#ordered(), (entry) => entry.key >= key);
  }

  /** Position of the first row that stands behind this place. */
  firstBehind(place: Place): number {
    return firstIndex(this.#ordered(), (entry) => order(entry, place) > 0);
  }

  placeAt(position: number): Place | undefined {
    const entry = this.#ordered()[position];
    return entry === undefined ? undefined : { key: entry.key, tie: entry.tie };
  }

  /** Undefined: the view shows no such row. */
  positionOf(id: string): number | undefined {
    const entries = this.#ordered();
    const sought = this.#current.get(id);
    if (sought === undefined) return undefined;
    return firstIndex(entries, (entry) => order(entry, sought) >= 0);
  }

  #show(row: Item): void {
    const present = this.#current.get(row.id);
    const key = this.#options.key(row);
    const stays = this.#options.indexed === true && this.#faults.misplacedRow;
    if (present !== undefined && (present.key === key || stays)) {
      present.row = row;
      this.generation += 1;
      return;
    }
    const entry: Entry<Item> = { key, tie: this.#options.tie?.(row) ?? this.#arrivals++, row };
    const last = this.#entries.at(-1);
    if (last !== undefined && order(last, entry) > 0) this.#unsorted = true;
    this.#current.set(row.id, entry);
    this.#entries.push(entry);
    this.#touch(present !== undefined);
  }

  #touch(stale: boolean): void {
    this.#stale ||= stale;
    this.generation += 1;
  }

  #catchUp(): void {
    if (this.#waiting.size === 0) return;
    const now = this.#now();
    for (const [id, { visibleAt, row }] of this.#waiting) {
      if (visibleAt > now) continue;
      this.#waiting.delete(id);
      this.#show(row);
    }
  }

  #ordered(): Entry<Item>[] {
    this.#catchUp();
    if (this.#stale) this.#entries = this.#entries.filter((entry) => this.#current.get(entry.row.id) === entry);
    if (this.#unsorted) this.#entries.sort(order);
    this.#stale = false;
    this.#unsorted = false;
    return this.#entries;
  }
}

export class Table<Item extends Row> {
  readonly #rows = new Map<string, Item>();
  readonly #views: View<Item>[] = [];
  /** Ids changed since each index was last asked: an index costs nothing until then. */
  readonly #unindexed: Set<string>[] = [];
  readonly #faults: Faults;
  readonly #now: () => number;
  readonly #record: (row: Item) => void;

  constructor(faults: Faults, now: () => number, record: (row: Item) => void) {
    this.#faults = faults;
    this.#now = now;
    this.#record = record;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(id: string): Item | undefined {
    return this.#rows.get(id);
  }

  values(): IterableIterator<Item> {
    return this.#rows.values();
  }

  /** Adds or replaces a row; the journal keeps it. */
  put(row: Item): void {
    this.#record(row);
    this.place(row);
  }

  /** Takes a row as what was there all along; what the journal knows already stays as it is. Answers whether it was new. */
  seed(row: Item): boolean {
    if (this.#rows.has(row.id)) return false;
    this.place(row);
    return true;
  }

  /** Adds or replaces a row of which the journal is not told. */
  place(row: Item): void {
    for (const ids of this.#unindexed) ids.add(row.id);
    this.#rows.set(row.id, row);
    for (const view of this.#views) view.put(row);
  }

  view(options: ViewOptions<Item>): View<Item> {
    const view = new View(options, this.#faults, this.#now);
    this.#views.push(view);
    return view;
  }

  /** Finds rows by what they hold: `const byEmail = table.index((row) => row.emails)`. */
  index(values: (row: Item) => string[]): (value: string) => Item[] {
    const ids = new Map<string, Set<string>>();
    const indexed = new Map<string, string[]>();
    const changed = new Set(this.#rows.keys());
    this.#unindexed.push(changed);
    return (wanted) => {
      for (const id of changed) {
        for (const value of indexed.get(id) ?? []) ids.get(value)?.delete(id);
        const row = this.#rows.get(id);
        const present = row === undefined ? [] : values(row);
        for (const value of present) ids.set(value, (ids.get(value) ?? new Set()).add(id));
        indexed.set(id, present);
      }
      changed.clear();
      return [...(ids.get(wanted) ?? [])].flatMap((id) => this.#rows.get(id) ?? []);
    };
  }
}

/** Position of the first row that passes, in rows ordered so that all passing ones come last. */
export function firstIndex<Item>(rows: readonly Item[], passes: (row: Item) => boolean): number {
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

function order(a: Place, b: Place): number {
  return a.key - b.key || a.tie - b.tie;
}
