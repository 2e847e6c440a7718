/** Planning for one workspace waits for what is being written there, and for nobody else. */
import { expect, it } from "vitest";
import { workspaceIdOf } from "#profile/ids.ts";
import { ASOF, people, plans, shop, test, usePlanShop } from "./plan-shop.ts";

usePlanShop();

/** What a batch that writes profiles holds until it commits. */
async function whileWriting<T>(workspaceId: typeof test.workspaceId, work: () => Promise<T>): Promise<T> {
  const client = await test.database.pool.connect();
  try {
    await client.query("BEGIN");
    await client.query("SELECT set_config('tributary.workspace_id', $1, true)", [workspaceId]);
    await client.query("SELECT pg_advisory_xact_lock_shared(hashtextextended('profiles ' || $1, 0))", [workspaceId]);
    await client.query(
      "INSERT INTO profile (workspace_id, profile_id, anchor_record_id) VALUES ($1, gen_random_uuid(), gen_random_uuid())",
      [workspaceId],
    );
    return await work();
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}

const begin = () => plans.begin(test.workspaceId, shop.connectionId, ASOF);

it("does not wait for a batch of another workspace", async () => {
  await people("a");
  const { outcome } = await whileWriting(workspaceIdOf("other"), begin);
  expect(outcome).toBe("building");
});

it("waits for a batch of its own, so that no mark is passed over", async () => {
  await people("a");
  let begun: string | null = null;
  const beginning = await whileWriting(test.workspaceId, async () => {
    const running = begin().then(({ outcome }) => (begun = outcome));
    await test.database.pool.query("SELECT pg_sleep(0.3)");
    expect(begun).toBeNull();
    return { running };
  });
  expect(await beginning.running).toBe("building");
});
