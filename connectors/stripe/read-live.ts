/** Reading our fields as they stand at Stripe now. */
import type { LiveRecord } from "#connectors/core/contract.ts";
import type { StripeClient } from "./client.ts";
import { inParallel } from "#connectors/core/in-parallel.ts";
import { PARALLEL_CALLS } from "./limits.ts";
import { customerMetadata } from "./schema.ts";

type Metadata = Record<string, string>;

/** From so many customers on, reading the list may be cheaper than asking one by one. */
const LIST_FROM = 100;

/**
 * One entry per id, in order. Stripe gives many customers only as a list of all, newest first, and cannot be asked for a
 * set of ids. So for many ids the list is read, but for no more pages than half the number of ids: at worst that costs
 * half as much again as asking one by one, at best 100 customers come with each call. Ask for as many ids as there are.
 */
export async function readLive(client: StripeClient, ids: string[], fields: string[]): Promise<LiveRecord[]> {
  const found = ids.length >= LIST_FROM ? await fromList(client, new Set(ids)) : new Map<string, Metadata | null>();
  const missing = [...new Set(ids)].filter((id) => !found.has(id));
  const fetched = await inParallel(missing, PARALLEL_CALLS, (id) => client.metadata(id));
  missing.forEach((id, index) => found.set(id, fetched[index] ?? null));
  return ids.map((id) => {
    const metadata = found.get(id) ?? null;
    const values = Object.fromEntries(fields.map((field) => [field, metadata?.[field] ?? null]));
    return { id, state: metadata === null ? "gone" : "live", values };
  });
}

async function fromList(client: StripeClient, wanted: ReadonlySet<string>): Promise<Map<string, Metadata | null>> {
  const found = new Map<string, Metadata | null>();
  const most = Math.ceil(wanted.size / 2);
  let after: string | undefined;
  for (let pages = 0; pages < most && found.size < wanted.size; pages += 1) {
    const page = await client.list("customers", after === undefined ? {} : { starting_after: after });
    // A row that cannot be read is asked for by itself.
    const customers = page.rows.flatMap((row) => customerMetadata.safeParse(row).data ?? []);
    for (const { id, deleted, metadata } of customers) {
      if (wanted.has(id)) found.set(id, deleted === true ? null : (metadata ?? {}));
    }
    after = customers.at(-1)?.id;
    if (!page.hasMore || after === undefined) break;
  }
  return found;
}
