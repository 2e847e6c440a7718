import type { RecordNews } from "#connectors/core/contract.ts";
import { inParallel } from "#connectors/core/in-parallel.ts";
import type { FoundRows } from "#connectors/core/stream.ts";
import type { StripeClient } from "./client.ts";
import { ofOneRow } from "./detail.ts";
import { PARALLEL_CALLS } from "./limits.ts";
import { missingOf, type Source } from "./reading.ts";
import { withReading } from "./row.ts";

/**
 * Single objects as they stand now. Objects do not say when they last changed; the event does, by the clock that the list of
 * events goes by too, so that the same change read there says nothing new, and an earlier one is recognised as older.
 *
 * Deleted customers still answer, as deleted. A charge that was a guest's until now shows in the list of events alone: the
 * guest is removed by the next read of it.
 */
export async function find(client: StripeClient, source: Source, news: readonly RecordNews[]): Promise<FoundRows> {
  const answers = await inParallel(news, PARALLEL_CALLS, async ({ id, at }) => {
    const body = await client.retrieve(source.resource, id).catch(ofOneRow);
    return { id, body, changedAt: Math.floor(Date.parse(at) / 1_000) };
  });
  return {
    raw: answers.flatMap(({ body, changedAt }) =>
      body === null || body instanceof Error ? [] : [withReading(body, { changedAt })],
    ),
    rejects: answers.flatMap(({ id, body }) => missingOf(source, id, body)),
  };
}
