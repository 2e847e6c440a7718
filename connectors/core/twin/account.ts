/** The state of one account at a vendor: its tables, its clock, its counters, and the journal that brings them back. */
import { closeSync, existsSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import { z } from "zod";
import type { TokenRow } from "./authorization-server.ts";
import type { Faults } from "./faults.ts";
import { Table } from "./table.ts";
import type { Row } from "./table.ts";

const NEWLINE = 0x0a;

/** What one request or one deed at the vendor did. One line: half of it is never replayed. */
const line = z.strictObject({
  clockOffset: z.number(),
  counters: z.record(z.string(), z.number()),
  rows: z.array(z.tuple([z.string(), z.looseObject({ id: z.string() })])),
});

/** An answer kept under an idempotency key, which is its id. */
export interface KeptReply extends Row {
  /** Milliseconds since the epoch. */
  at: number;
  request: string;
  requestId: string;
  status: number;
  body: unknown;
}

export class TwinAccount<F extends Faults = Faults> {
  readonly faults: F;
  readonly replies: Table<KeptReply>;
  /** What the account's authorization server gave out. */
  readonly tokens: Table<TokenRow>;
  readonly #clock: () => number;
  // Each table holds its own kind of rows; the journal hands back what it was given.
  readonly #tables = new Map<string, Table<never>>();
  #counters: Record<string, number> = {};
  #clockOffset = 0;
  #changed: [table: string, row: Row][] = [];
  #journal: number | null = null;
  #remembers = false;
  #loaded = false;

  constructor(faults: F, clock: () => number = Date.now) {
    this.faults = faults;
    this.#clock = clock;
    this.replies = this.table("replies");
    this.tokens = this.table("tokens");
  }

  /** Milliseconds since the epoch, by the vendor's clock. */
  now(): number {
    return this.faults.frozenTimestamp ?? this.#clock() + this.#clockOffset;
  }

  advance(ms: number): void {
    this.#clockOffset += ms;
  }

  /** 1, 2, 3 ... also across restarts. */
  next(counter: string): number {
    return this.atLeast(counter, (this.#counters[counter] ?? 0) + 1);
  }

  /** Ids of a seed are taken: what follows is higher. */
  atLeast(counter: string, value: number): number {
    return (this.#counters[counter] = Math.max(this.#counters[counter] ?? 0, value));
  }

  /** For the constructor of a vendor's account, before the journal is opened. */
  protected table<Item extends Row>(name: string): Table<Item> {
    const real = () => this.#clock() + this.#clockOffset;
    const table = new Table<Item>(this.faults, real, (row) => {
      if (this.#journal !== null) this.#changed.push([name, row]);
    });
    this.#tables.set(name, table as unknown as Table<never>);
    return table;
  }

  /** An account with a history is not itself before its seed is in. */
  get ready(): boolean {
    return this.#loaded || !this.#remembers;
  }

  protected markLoaded(): void {
    this.#loaded = true;
  }

  /** Replays the journal and goes on writing it. A last line torn by a kill is cut off, so that the next one starts clean. */
  openJournal(path: string): void {
    const content = existsSync(path) ? readFileSync(path) : Buffer.alloc(0);
    let end = 0;
    for (let at = content.indexOf(NEWLINE); at >= 0; at = content.indexOf(NEWLINE, end)) {
      this.#replay(content.toString("utf8", end, at));
      end = at + 1;
    }
    this.#remembers = end > 0;
    this.#journal = openSync(path, "a", 0o600);
    if (end < content.length) ftruncateSync(this.#journal, end);
  }

  /** Writes down what happened since the last time: one system call, the line survives the process from here on. */
  commit(): void {
    if (this.#journal === null || this.#changed.length === 0) return;
    const entry: z.infer<typeof line> = {
      clockOffset: this.#clockOffset,
      counters: this.#counters,
      rows: this.#changed as z.infer<typeof line>["rows"],
    };
    writeSync(this.#journal, `${JSON.stringify(entry)}\n`);
    this.#changed = [];
  }

  close(): void {
    if (this.#journal !== null) closeSync(this.#journal);
    this.#journal = null;
  }

  #replay(text: string): void {
    const { clockOffset, counters, rows } = line.parse(JSON.parse(text));
    this.#clockOffset = clockOffset;
    this.#counters = counters;
    for (const [name, row] of rows) this.#tables.get(name)?.place(row as never);
  }
}

/** What people do at the vendor, without a request: the account's own methods, each written down when done. */
export function deeds<Account extends TwinAccount, Name extends keyof Account & string>(
  account: Account,
  ...names: Name[]
): Pick<Account, Name> {
  const wrapped = names.map((name) => [
    name,
    (...args: unknown[]) => {
      const result = (account[name] as (...args: unknown[]) => unknown).apply(account, args);
      account.commit();
      return result;
    },
  ]);
  return Object.fromEntries(wrapped) as Pick<Account, Name>;
}
