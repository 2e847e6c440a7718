import { testConnector } from "#connectors/core/contract-suite/index.ts";
import { startContractAccount } from "./contract-account.ts";
import { golden } from "./golden.ts";
import { acme } from "./index.ts";

testConnector({
  connector: acme,
  start: startContractAccount,
  golden,
  without: { otherMode: "rows do not say whether they are real" },
});
