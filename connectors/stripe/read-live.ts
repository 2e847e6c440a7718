/**
 * Reading our fields as they stand at Stripe now.
 *
 * Stripe cannot be asked for a set of ids, but its list of customers, newest first, can be bounded by the second in which
 * they were created, and that never changes. So a page of the list begins at a customer that is wanted and takes along
 * whoever else of those wanted was created shortly before; the next page begins at the next one that is still wanted.
 * Each page brings at least one, so that even customers far apart cost about a call each, and neighbours cost one a
 * hundred. Whom the list does not show is asked for alone: only then is a customer gone.
 */
import { chunked } from "#connectors/core/batches.ts";
import type { LiveRecord, RecordRef } from "#connectors/core/contract.ts";
import { inParallel } from "#connectors/core/in-parallel.ts";
import type { StripeClient } from "./client.ts";
import { PAGE_SIZE, PARALLEL_CALLS } from "./limits.ts";
import { customerMetadata } from "./schema.ts";

type Metadata = Record<string, string>;

interface Wanted {
  id: string;
  /** Seconds since the epoch. */
  created: number;
}

/** After so many customers too far apart to share a page, a page is read all the same: they may lie closer from here on. */
const LONELY_IN_A_ROW = 10;

/** After so many pages that show nobody wanted, the list is not as it should be and the rest is asked for one by one. */
const USELESS_PAGES = 3;

/** One entry per record, in order. */
export async function readLive(client: StripeClient, records: RecordRef[], fields: string[]): Promise<LiveRecord[]> {
  const found: Map<string, Metadata | null> = await fromList(client, wantedOf(records));
  const missing = [...new Set(records.map(({ id }) => id))].filter((id) => !found.has(id));
  const fetched = await inParallel(missing, PARALLEL_CALLS, (id) => client.metadata(id));
  missing.forEach((id, index) => found.set(id, fetched[index] ?? null));
  return records.map(({ id }) => {
    const metadata = found.get(id) ?? null;
    const values = Object.fromEntries(fields.map((field) => [field, metadata?.[field] ?? null]));
    return { id, state: metadata === null ? "gone" : "live", values };
  });
}

/** Those of which we are told when they were created, newest first. */
function wantedOf(records: RecordRef[]): Wanted[] {
  const wanted = new Map<string, number>();
  for (const { id, createdAt } of records) {
    const created = Math.floor(Date.parse(createdAt ?? "") / 1000);
    if (created >= 0) wanted.set(id, created);
  }
  return [...wanted].map(([id, created]) => ({ id, created })).toSorted((a, b) => b.created - a.created);
}

/** Several stretches of time at once, each whole pages of wanted customers long. */
async function fromList(client: StripeClient, wanted: Wanted[]): Promise<Map<string, Metadata>> {
  const found = new Map<string, Metadata>();
  const ids = new Set(wanted.map(({ id }) => id));
  const stretch = PAGE_SIZE * Math.ceil(wanted.length / PARALLEL_CALLS / PAGE_SIZE);
  await inParallel(chunked(wanted, stretch), PARALLEL_CALLS, (part) => walk(client, part, ids, found));
  return found;
}

/** One stretch of time, from its newest on. Whom it passes without having been shown is left to be asked for alone. */
async function walk(
  client: StripeClient,
  stretch: Wanted[],
  ids: ReadonlySet<string>,
  found: Map<string, Metadata>,
): Promise<void> {
  const oldest = stretch.at(-1)?.created ?? 0;
  let wanted = stretch;
  /** How far back in time the last page led, seconds. */
  let reach = Infinity;
  /** Set where a page ended among customers of one second. */
  let after: string | undefined;
  let lonely = 0;
  for (let useless = 0; useless < USELESS_PAGES;) {
    const [first, neighbour] = wanted;
    if (first === undefined) return;
    const isAlone = after === undefined && (neighbour === undefined || neighbour.created < first.created - reach);
    if (isAlone && lonely < LONELY_IN_A_ROW) {
      lonely += 1;
      wanted = wanted.slice(1);
      continue;
    }
    lonely = 0;
    const place = after === undefined ? {} : { starting_after: after };
    const page = await client.list("customers", { created: { gte: oldest, lte: first.created }, ...place });
    // A row that cannot be read is asked for by itself, and so is one that is said to be deleted.
    const customers = page.rows.flatMap((row) => customerMetadata.safeParse(row).data ?? []);
    const known = found.size;
    for (const { id, deleted, metadata } of customers) {
      if (ids.has(id) && deleted !== true) found.set(id, metadata ?? {});
    }
    if (found.size === known) useless += 1;
    const last = customers.at(-1);
    const end = last?.created;
    if (!page.hasMore || last === undefined || end === undefined) return;
    reach = first.created - end;
    wanted = wanted.filter(({ id, created }) => created <= end && !found.has(id));
    after = wanted[0]?.created === end ? last.id : undefined;
  }
}
