/** How urgent a step's calls are among those that wait for one account's quota: as urgent as the step itself. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { inventedContacts } from "#connectors/hubspot/fixtures.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";

let loop: TestLoop;
beforeAll(async () => {
  loop = await startTestLoop();
  loop.hubspot.load(inventedContacts(5));
});
afterAll(() => loop.stop());

it("is that of a first read to begin with, and then of who asked for the run", async () => {
  const { limiterFor } = loop.deps;
  let urgencies = new Set<number | undefined>();
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
  await loop.refresh();
  // Reading, and comparing for the first plans.
  expect(urgencies).toEqual(new Set([4, 1]));
  urgencies = new Set();
  await loop.refresh();
  expect(urgencies).toEqual(new Set([1]));
});
