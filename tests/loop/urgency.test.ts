/** Who goes first: of calls that wait for one account's quota, and of workspaces at work in one process. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { inventedContacts } from "#connectors/hubspot/fixtures.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";

/** More than are stored together. */
const CONTACTS = 2_101;

let loop: TestLoop;
let urgencies = new Set<number | undefined>();
/** Portions of work that were done, beyond the first of each step. */
let portions = 0;
beforeAll(async () => {
  loop = await startTestLoop();
  loop.hubspot.load(inventedContacts(CONTACTS));
  const { limiterFor, givingWay } = loop.deps;
  loop.deps.limiterFor = (connector, account) => {
    const limiter = limiterFor(connector, account);
    return {
      ...limiter,
      acquire: (bucket, limit, signal, urgency) => {
        urgencies.add(urgency);
        return limiter.acquire(bucket, limit, signal, urgency);
      },
    };
  };
  loop.deps.givingWay = {
    ...givingWay,
    portions() {
      const inPortions = givingWay.portions();
      return (portion) => {
        portions += 1;
        return inPortions(portion);
      };
    },
  };
});
afterAll(() => loop.stop());

it("a large first read gives its place back where others may wait for one, and goes on in another", async () => {
  const { givingWay } = loop.deps;
  const others = Promise.withResolvers<void>();
  const queue = loop.names.vendorQueue("hubspot");
  const elsewhere = Array.from({ length: 90 }, (_, n) =>
    givingWay.step({ workspaceId: `other ${n}`, queue }, () => others.promise),
  );
  await loop.refresh();
  others.resolve();
  await Promise.all(elsewhere);
  const sync = loop.engine.client.workflow.getHandle(loop.names.sync(loop.connectionIds.hubspot, "contacts"));
  const steps = (await sync.fetchHistory()).events?.filter((event) => event.activityTaskScheduledEventAttributes);
  expect(steps?.length).toBeGreaterThan(1);
  // Each page, each batch of identity, consent and scores.
  expect(portions).toBeGreaterThanOrEqual(2 + 3 * 2);
});

it("calls are as urgent as a first read to begin with, and then as who asked for the run", async () => {
  // Reading, and comparing for the first plans.
  expect(urgencies).toEqual(new Set([4, 1]));
  urgencies = new Set();
  await loop.refresh();
  expect(urgencies).toEqual(new Set([1]));
});
