/** Single records by id, for what webhooks tell of. Who is not listed is left to the ordinary reading: silence is no answer. */
import { chunked } from "#connectors/core/batches.ts";
import type { RecordNews } from "#connectors/core/contract.ts";
import { idOf } from "#connectors/core/stream.ts";
import type { FoundRows } from "#connectors/core/stream.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { KlaviyoClient, Listed } from "../client.ts";
import { idsIn } from "../filter.ts";
import { PROFILE_PAGE } from "../limits.ts";
import { secondBefore } from "./windows.ts";

export async function findProfiles(client: KlaviyoClient, news: readonly RecordNews[]): Promise<FoundRows> {
  const raw: unknown[] = [];
  for (const part of chunked(
    news.map(({ id }) => id),
    PROFILE_PAGE,
  ))
    for await (const page of walkPages("Klaviyo's profiles by id", (after) =>
      client.profiles({ filter: idsIn(part), after }),
    ))
      raw.push(...page.rows);
  return { raw };
}

/** Of a thousand events each: further back the ordinary reading is cheaper. */
const MOST_PAGES = 5;

/**
 * Out of the list, from the earliest on: a page costs a call and holds a thousand, while single ones are asked for at ten a
 * second and 150 a minute at most.
 */
export async function findEvents(
  client: KlaviyoClient,
  news: readonly RecordNews[],
  rowsOf: (page: Listed) => unknown[],
): Promise<FoundRows> {
  const wanted = new Set(news.map(({ id }) => id));
  const since = Math.min(...news.map(({ at }) => Date.parse(at)));
  const raw: unknown[] = [];
  let pages = 0;
  const filter = `greater-or-equal(datetime,${secondBefore(since)})`;
  for await (const page of walkPages("Klaviyo's events", (after) => client.events(filter, after))) {
    raw.push(...rowsOf(page).filter((row) => wanted.has(idOf(row) ?? "")));
    if (raw.length >= wanted.size || (pages += 1) === MOST_PAGES) break;
  }
  return { raw };
}
