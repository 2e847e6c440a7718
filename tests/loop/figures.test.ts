/** Figures by day from the tool to the store, as a worker reads them. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import { YESTERDAY, NOON } from "#connectors/ga4/contract-account.ts";
import { hitsOn } from "#connectors/ga4/fixtures.ts";
import { ga4 } from "#connectors/ga4/index.ts";
import { startGa4Twin, type Ga4Twin } from "#connectors/ga4/twin/index.ts";
import { createFigureReader } from "#profile/store/views/figures.ts";
import { connectionId, ingest, owner, test, useConnection } from "#tests/support/connection.ts";
import { mergePages } from "#workflows/sync/merge-pages.ts";

useConnection("ga4");
let twin: Ga4Twin;
let now = NOON;
beforeAll(async () => {
  twin = await startGa4Twin({ requestsPerSecond: 100_000, now: () => now });
  twin.load({ hits: Array.from({ length: 30 }, (_, n) => hitsOn(YESTERDAY, n, { sessions: 2 })), members: [] });
});
afterAll(() => twin.close());

async function sync() {
  const call = createVendorCall({ connector: ga4, limiter: unlimited, now: () => now });
  const connection = ga4.open({
    settings: { backfillDays: 5 },
    credentials: { propertyId: twin.property.id, key: twin.accessToken },
    ...{ baseUrl: twin.url, call, now: () => now },
  });
  let { cursor } = await ingest.streamState(test.workspaceId, connectionId, "channels");
  const counts = { inserted: 0, changed: 0, unchanged: 0, vanished: 0 };
  for await (const page of mergePages(connection.read("channels", cursor))) {
    const saved = await ingest.savePage(test.workspaceId, { connectionId, stream: "channels", from: cursor, page });
    if (saved.outcome !== "saved") throw new Error(saved.outcome);
    for (const name of Object.keys(counts) as (keyof typeof counts)[]) counts[name] += saved.counts[name];
    cursor = page.next;
  }
  return counts;
}

const sessions = async () => {
  const lines = await createFigureReader(test.database).metrics(test.workspaceId, {
    from: "2026-11-01",
    to: YESTERDAY,
  });
  return lines
    .filter(({ name }) => name === "sessions")
    .map(({ day, value, flags, settled }) => [day, value, flags, settled]);
};

it("reads, corrects, lets go and settles, and a second read of the same writes nothing", async () => {
  expect(await sync()).toEqual({ inserted: 150, changed: 0, unchanged: 0, vanished: 0 });
  expect(await sessions()).toEqual([[YESTERDAY, 60, [], false]]);
  expect(await sync()).toEqual({ inserted: 0, changed: 0, unchanged: 150, vanished: 0 });
  twin.recordMore(hitsOn(YESTERDAY, 1).id);
  twin.takeBack(hitsOn(YESTERDAY, 2).id);
  // Sessions and users of the one, all five figures of the other.
  expect(await sync()).toEqual({ inserted: 0, changed: 2, unchanged: 143, vanished: 5 });
  expect(await sessions()).toEqual([[YESTERDAY, 59, [], false]]);
  twin.faults.thresholdUsers = 1;
  await sync();
  expect(await sessions()).toEqual([[YESTERDAY, 59, ["thresholded"], false]]);
  now += 3 * 86_400_000;
  await sync();
  expect(await sessions()).toEqual([[YESTERDAY, 59, ["thresholded"], true]]);
  const [days] = await createFigureReader(test.database).days(test.workspaceId);
  expect(days).toMatchObject({ first: "2026-11-10", last: "2026-11-17", missing: 0, partial: 0, corrected: 1 });
  const { rows } = await owner.query(
    "SELECT 1 FROM source_record UNION ALL SELECT 1 FROM profile UNION ALL SELECT 1 FROM unresolved",
  );
  expect(rows).toEqual([]);
});
