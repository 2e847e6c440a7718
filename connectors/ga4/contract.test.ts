import { expect, it } from "vitest";
import { openForContract, readToEnd, testConnector } from "#connectors/core/contract-suite/index.ts";
import { NOON, startContractAccount, STREAMS, YESTERDAY } from "./contract-account.ts";
import { golden } from "./golden.ts";
import { ga4 } from "./index.ts";

testConnector({
  connector: ga4,
  // Members of audiences come as snapshots, at most one an hour: audience.test.ts.
  streams: STREAMS,
  start: startContractAccount,
  golden,
  without: {
    stub: "figures have no deletions: a row is gone with its day",
    otherMode: "a property is neither live nor a test",
    misplacedRow: "there is no list of changes",
  },
});

it("takes no day for one before it is over", async () => {
  const account = await startContractAccount(1, () => NOON);
  const { pages } = await readToEnd(openForContract(ga4, account), "channels");
  await account.close();
  expect(pages.flatMap(({ days = [] }) => days).at(-1)?.day).toBe(YESTERDAY);
});
