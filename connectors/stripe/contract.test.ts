import { testConnector } from "#connectors/core/contract-suite/index.ts";
import { startContractAccount } from "./contract-account.ts";
import { golden } from "./golden.ts";
import { stripe } from "./index.ts";

testConnector({
  connector: stripe,
  start: startContractAccount,
  golden,
  without: {
    partial207: "one call per customer: there are no batch answers",
    entryError: "one call per customer: a refused record is a refused call",
    misplacedRow: "events never change",
  },
});
