/** A tool that is read from and never written to: what it counts is there, and no plan is made for it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { ACCOUNT, inventedAdvertising } from "#connectors/google-ads/fixtures.ts";
import { startGoogleAdsTwin } from "#connectors/google-ads/twin/index.ts";
import type { GoogleAdsTwin } from "#connectors/google-ads/twin/index.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";

const PEOPLE = 6;
let loop: TestLoop;
let twin: GoogleAdsTwin;
beforeAll(async () => {
  loop = await startTestLoop();
  twin = await startGoogleAdsTwin({ now: loop.deps.now, requestsPerSecond: 1_000 });
  loop.hubspot.load(smallShop({ people: PEOPLE, now: loop.deps.now() }).hubspot);
  twin.load(inventedAdvertising(10, loop.deps.now()));
  const { connectionId } = await loop.deps.connections.upsertConnection(
    loop.workspaceId,
    {
      ...{ connector: "google-ads", name: "main", baseUrl: twin.url, writeBack: true, autoApplyShare: 1 },
      ...{ settings: { backfillDays: 31, clickDays: 5 }, requestsPerSecond: 1_000 },
    },
    "test",
  );
  await loop.deps.credentials.put(loop.workspaceId, connectionId, { key: twin.accessToken, customerId: ACCOUNT });
});
afterAll(async () => {
  await loop.stop();
  await twin.close();
});

it("is no destination, even where its connection says so, and its figures come in", async () => {
  const run = await loop.refresh();
  expect(run.outcome).toBe("ok");
  const plans = await loop.deps.plans.list(loop.workspaceId, 50);
  expect(plans.map(({ connector }) => connector)).not.toContain("google-ads");
  expect(plans.length).toBeGreaterThan(0);
  const rows = await loop.test.database.inWorkspace(loop.workspaceId, (transaction) =>
    transaction.query<{ spend: number; metrics: number; clicks: number; profiles: number }>(
      `SELECT (SELECT count(*) FROM spend WHERE workspace_id = $1) AS spend,
         (SELECT count(*) FROM metric WHERE workspace_id = $1) AS metrics,
         (SELECT count(*) FROM touchpoint WHERE workspace_id = $1 AND type = 'ad_clicked' AND person_record_id IS NULL) AS clicks,
         (SELECT count(*) FROM profile WHERE workspace_id = $1) AS profiles`,
      [loop.workspaceId],
    ),
  );
  // Four campaigns on thirty days; five clicks of the last five days, which are nobody's.
  expect(rows).toEqual([{ spend: 120, metrics: 480, clicks: 5, profiles: PEOPLE }]);
});

it("a second turn writes nothing that did not change", async () => {
  await loop.refresh();
  const [rows] = await loop.test.database.inWorkspace(loop.workspaceId, (transaction) =>
    transaction.query<{ corrections: number }>(
      "SELECT coalesce(sum(corrections), 0)::int8 AS corrections FROM figure_day WHERE workspace_id = $1",
      [loop.workspaceId],
    ),
  );
  expect(rows?.corrections).toBe(0);
});
