import { testConnector } from "#connectors/core/contract-suite.ts";
import type { ContractAccount } from "#connectors/core/contract-suite.ts";
import { stripe } from "./index.ts";
import { customerSeed, customers, seedOf } from "./fixtures.ts";
import { startStripeTwin } from "./twin/index.ts";

/** High enough that only the switches throttle; Stripe's own figures are tested with the twin. */
const UNTHROTTLED = 100_000;

async function start(people: number): Promise<ContractAccount> {
  const twin = await startStripeTwin({ requestsPerSecond: UNTHROTTLED });
  twin.load(seedOf({ customers: customers(people) }));
  const idOf = (index: number) => customerSeed(index).id;
  return {
    settings: {},
    credentials: { apiKey: twin.apiKey },
    baseUrl: twin.url,
    async change(index) {
      twin.changeCustomer(idOf(index), { email: `moved${index}@hollowpine.co.uk` });
      return idOf(index);
    },
    async add() {
      const added = customerSeed(900_000);
      twin.addCustomer(added);
      return added.id;
    },
    async remove(index) {
      twin.deleteCustomer(idOf(index));
      return idOf(index);
    },
    throttle(count, retryAfterSeconds) {
      twin.faults.throttle = { count, ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }) };
    },
    breakServer(count) {
      twin.faults.breakServer = { count };
    },
    revoke() {
      twin.faults.revoked = true;
    },
    close: () => twin.close(),
  };
}

testConnector({ connector: stripe, stream: "customers", start });
