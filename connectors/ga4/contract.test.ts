import { testConnector } from "#connectors/core/contract-suite/index.ts";
import { startContractAccount, STREAMS } from "./contract-account.ts";
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
