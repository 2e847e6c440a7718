import { testConnector } from "#connectors/core/contract-suite/index.ts";
import { startContractAccount } from "./contract-account.ts";
import { golden } from "./golden.ts";
import { googleAds } from "./index.ts";

testConnector({
  connector: googleAds,
  start: startContractAccount,
  golden,
  rereads: {
    clicks: "a report has no change times: the clicks of today and of the days before come again",
  },
  without: {
    stub: "a report has no deleted rows",
    otherMode: "rows do not tell; accounts do, and are refused (accounts.test.ts)",
    misplacedRow: "a report has no order of changes",
  },
});
