/** How most vendors are read: everything once, from then on what changed since, each in pages by a cursor. */
import { z } from "zod";
import { ConnectorError } from "./errors.ts";
import type { RawPage } from "./stream.ts";
import { settledAt as settle } from "./walk.ts";

export interface ListedPage {
  /** Unchecked. */
  rows: unknown[];
  /** Where the vendor says that it goes on; null: nowhere. */
  next: string | null;
  /** The vendor's clock when it answered, milliseconds; null: it does not say. */
  servedAt: number | null;
}

export interface ListThenChanges<Client> {
  /**
   * One page of everything (`since` null), or of what changed at that time and later, epoch milliseconds, deletions
   * included where the vendor tells of them. Both in an order in which nothing moves to where it was passed already.
   */
  page(client: Client, asked: { since: number | null; after: string | null }): Promise<ListedPage>;
  now(client: Client): number;
  /** How far a read of changes reaches back, milliseconds: vendors show changes late and out of order. */
  overlapMs(client: Client): number;
  /** Of a vendor that tells of no deletions: everything is read again so often, and what is missing then is gone. */
  fullReadEveryMs?(client: Client): number;
}

/** All times are epoch milliseconds. */
const cursor = z.strictObject({
  /** Null: everything is being read. */
  since: z.number().int().nullable(),
  /** Null at rest. */
  after: z.string().nullable(),
  /** From when the next read takes up; settled when a read begins, for what changes meanwhile comes again. Null at rest. */
  settledAt: z.number().int().nullable(),
  /** When the last read of everything began. */
  fullAt: z.number().int(),
});
type Cursor = z.infer<typeof cursor>;

/** For `defineStream`: its `cursor` and `read`. `deletes` is `full-scan` with `fullReadEveryMs`, else what the vendor tells. */
export function listThenChanges<Client>(list: ListThenChanges<Client>) {
  async function* read(client: Client, from: Cursor | null): AsyncGenerator<RawPage<Cursor>> {
    let position = from ?? { since: null, after: null, settledAt: null, fullAt: list.now(client) };
    if (position.after === null) refuseWhenOld(client, position);
    for (;;) {
      const { since, after, fullAt } = position;
      const startedAt = list.now(client);
      const { rows: raw, next, servedAt } = await list.page(client, { since, after });
      const settledAt = position.settledAt ?? settle({ startedAt, servedAt, overlapMs: list.overlapMs(client) });
      if (next === null) {
        const fullScan = since === null && list.fullReadEveryMs !== undefined;
        yield { raw, next: { since: settledAt, after: null, settledAt: null, fullAt }, atEnd: true, fullScan };
        return;
      }
      position = { since, after: next, settledAt, fullAt };
      yield { raw, next: position, atEnd: false };
    }
  }

  function refuseWhenOld(client: Client, { since, fullAt }: Cursor): void {
    const every = list.fullReadEveryMs?.(client);
    if (since === null || every === undefined || list.now(client) - fullAt < every) return;
    throw new ConnectorError("cursor_expired", "Everything is read again: the vendor does not tell what was deleted.");
  }

  return { cursor, read };
}
