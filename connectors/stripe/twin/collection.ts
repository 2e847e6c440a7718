/** Objects of one kind in order of creation, so that a page costs its own length whatever lies before it. */

export interface Stored {
  id: string;
  /** Seconds. */
  created: number;
}

export interface ListRequest<Item> {
  limit: number;
  startingAfter?: string;
  endingBefore?: string;
  /** Seconds, both inclusive. */
  from?: number;
  to?: number;
  matches?: (item: Item) => boolean;
}

interface Entry<Item> {
  item: Item;
  /** Tells objects of one second apart. */
  sequence: number;
}

export class Collection<Item extends Stored> {
  #byId = new Map<string, Entry<Item>>();
  #inOrder: Entry<Item>[] = [];
  #sorted = true;
  #sequence = 0;

  get size(): number {
    return this.#byId.size;
  }

  get(id: string): Item | undefined {
    return this.#byId.get(id)?.item;
  }

  /** Adds, or replaces in place; `created` of an object never changes. */
  put(item: Item): void {
    const present = this.#byId.get(item.id);
    if (present !== undefined) {
      present.item = item;
      return;
    }
    const entry = { item, sequence: this.#sequence++ };
    const last = this.#inOrder.at(-1);
    if (last !== undefined && last.item.created > item.created) this.#sorted = false;
    this.#byId.set(item.id, entry);
    this.#inOrder.push(entry);
  }

  remove(id: string): void {
    const entry = this.#byId.get(id);
    if (entry === undefined) return;
    this.#ordered().splice(this.#positionOf(entry), 1);
    this.#byId.delete(id);
  }

  /** Drops what was created before. */
  removeBefore(created: number): void {
    const gone = this.#ordered().splice(0, this.#firstFrom(created));
    for (const { item } of gone) this.#byId.delete(item.id);
  }

  /** Newest first. Undefined: the object to start from is not here. */
  page(request: ListRequest<Item>): { rows: Item[]; hasMore: boolean } | undefined {
    const entries = this.#ordered();
    let low = request.from === undefined ? 0 : this.#firstFrom(request.from);
    let high = request.to === undefined ? entries.length : this.#firstFrom(request.to + 1);
    const pivotId = request.startingAfter ?? request.endingBefore;
    if (pivotId !== undefined) {
      const pivot = this.#byId.get(pivotId);
      if (pivot === undefined) return undefined;
      const position = this.#positionOf(pivot);
      if (request.startingAfter === undefined) low = Math.max(low, position + 1);
      else high = Math.min(high, position);
    }
    const upwards = request.startingAfter === undefined && request.endingBefore !== undefined;
    const rows: Item[] = [];
    for (let step = 0; step < high - low && rows.length <= request.limit; step += 1) {
      const item = entries[upwards ? low + step : high - 1 - step]?.item;
      if (item !== undefined && (request.matches?.(item) ?? true)) rows.push(item);
    }
    const hasMore = rows.length > request.limit;
    if (hasMore) rows.pop();
    return { rows: upwards ? rows.reverse() : rows, hasMore };
  }

  #ordered(): Entry<Item>[] {
    if (!this.#sorted) {
      this.#inOrder.sort((a, b) => a.item.created - b.item.created || a.sequence - b.sequence);
      this.#sorted = true;
    }
    return this.#inOrder;
  }

  #firstFrom(created: number): number {
    return this.#search((entry) => entry.item.created >= created);
  }

  #positionOf(sought: Entry<Item>): number {
    const { created } = sought.item;
    return this.#search(
      (entry) => entry.item.created > created || (entry.item.created === created && entry.sequence >= sought.sequence),
    );
  }

  #search(reached: (entry: Entry<Item>) => boolean): number {
    const entries = this.#ordered();
    let low = 0;
    let high = entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const entry = entries[middle];
      if (entry !== undefined && reached(entry)) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
