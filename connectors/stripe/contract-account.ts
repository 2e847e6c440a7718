/** A Stripe account for the contract suite, every stream of it filled. */
import type { ContractAccount } from "#connectors/core/contract-suite/account.ts";
import { hostTwin } from "#connectors/core/contract-suite/twin-host.ts";
import { chargeSeed, customerSeed, instant, seedOf } from "./fixtures.ts";
import { startStripeTwin } from "./twin/index.ts";
import type { StripeTwin } from "./twin/index.ts";
import type { StripeSeed } from "./twin/seed.ts";

const ADDED = 900_000;

/** What happens to the nth object of each stream. */
const STREAMS: Record<
  string,
  {
    permission: string;
    idOf(index: number): string;
    change(twin: StripeTwin, id: string): void;
    add(twin: StripeTwin): string;
  }
> = {
  customers: {
    permission: "rak_customer_read",
    idOf: (index) => customerSeed(index).id,
    change: (twin, id) => twin.changeCustomer(id, { email: `moved.${id}@hollowpine.co.uk` }),
    add(twin) {
      twin.addCustomer(customerSeed(ADDED));
      return customerSeed(ADDED).id;
    },
  },
  charges: {
    permission: "rak_charge_read",
    idOf: (index) => chargeSeed(index).id,
    change: (twin, id) => twin.changeCharge(id, { amountRefunded: 500 }),
    add(twin) {
      twin.addCharge(chargeSeed(ADDED, { customer: customerSeed(0).id }));
      return chargeSeed(ADDED).id;
    },
  },
  refunds: {
    permission: "rak_charge_read",
    idOf: (index) => refundSeed(index).id,
    change: (twin, id) => twin.change("refunds", id, { amount: 77 }, "refund.updated"),
    add: (twin) => twin.refund(chargeSeed(0).id, 5),
  },
  subscriptions: {
    permission: "rak_subscription_read",
    idOf: (index) => subscriptionSeed(index).id,
    change: (twin, id) => twin.changeSubscription(id, { amount: 7700 }),
    add(twin) {
      twin.addSubscription(subscriptionSeed(ADDED));
      return subscriptionSeed(ADDED).id;
    },
  },
};

export async function startContractAccount(size: number, now: () => number): Promise<ContractAccount> {
  const seed = filled(size);
  const host = await hostTwin(now, async (options) => {
    const twin = await startStripeTwin(options);
    twin.load(seed);
    return twin;
  });
  const handsOf = (stream: string) => {
    const hands = STREAMS[stream];
    if (hands === undefined) throw new Error(`Stripe has no stream ${stream}.`);
    return hands;
  };
  const idOf = (stream: string, index: number) => handsOf(stream).idOf(index);
  return host.account({
    credentials: { apiKey: host.twin.apiKey },
    idOf,
    change: async (stream, index) => handsOf(stream).change(host.twin, idOf(stream, index)),
    add: async (stream) => handsOf(stream).add(host.twin),
    remove: async (stream, index) => host.twin.deleteCustomer(idOf(stream, index)),
    load(stream, row) {
      // A refund is of a charge, whose customer is on file.
      const charges = stream === "refunds" ? [chargeSeed(0, { customer: customerSeed(0).id })] : [];
      host.twin.load({ ...seedOf({ charges }), [stream]: [row] });
    },
    vendor: {
      permissionOf: (stream) => handsOf(stream).permission,
      permissionToWrite: "rak_customer_write",
    },
  });
}

function filled(size: number): StripeSeed {
  const indexes = Array.from({ length: size }, (_, index) => index);
  return {
    customers: indexes.map((index) => customerSeed(index)),
    charges: indexes.map((index) => chargeSeed(index, { customer: customerSeed(index).id })),
    refunds: indexes.map(refundSeed),
    subscriptions: indexes.map(subscriptionSeed),
  };
}

function refundSeed(index: number): StripeSeed["refunds"][number] {
  const id = `re_${String(index).padStart(6, "0")}`;
  const facts = { amount: 5, currency: "gbp", status: "succeeded" as const, createdAt: instant(index) };
  return { id, charge: chargeSeed(index).id, ...facts };
}

function subscriptionSeed(index: number): StripeSeed["subscriptions"][number] {
  return {
    ...{ id: `sub_${String(index).padStart(6, "0")}`, customer: customerSeed(index % ADDED).id, status: "active" },
    ...{ amount: 900, currency: "gbp", interval: "month", endedAt: null },
    ...{ startedAt: instant(index), currentPeriodEnd: instant(index + 43_200) },
  };
}
