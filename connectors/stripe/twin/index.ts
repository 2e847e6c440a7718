/**
 * A stand-in for Stripe: a stateful HTTP server in Stripe's wire format, as strict as Stripe is, with its limits and bad
 * manners behind switches. The official SDK runs against it unchanged.
 */
import type { AddressInfo } from "node:net";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { Account } from "./account.ts";
import { noFaults } from "./faults.ts";
import type { StripeFaults } from "./faults.ts";
import { openJournal } from "./journal.ts";
import { chargeFrom, customerFrom, subscriptionFrom } from "./objects.ts";
import type { ChargeState, CustomerState, SubscriptionState } from "./objects.ts";
import type { StripeSeed } from "./seed.ts";
import { createTwinServer } from "./server.ts";
import { Throttle } from "./throttle.ts";

export interface StripeTwinOptions extends TwinOptions {
  /** The one key that works; `sk_test_twin` unless given. */
  apiKey?: string;
  /** Live mode; test mode unless given. */
  livemode?: boolean;
}

/** What a merchant or their shop does at Stripe, without a request of ours. Each leaves the events Stripe would. */
export interface VendorSide {
  addCustomer(customer: StripeSeed["customers"][number]): void;
  changeCustomer(id: string, fields: Partial<Omit<CustomerState, "id" | "created">>): void;
  deleteCustomer(id: string): void;
  addCharge(charge: StripeSeed["charges"][number]): void;
  changeCharge(id: string, fields: Partial<Omit<ChargeState, "id" | "created">>, event?: string): void;
  /** Answers the refund's id. */
  refund(charge: string, amount: number): string;
  addSubscription(subscription: StripeSeed["subscriptions"][number]): void;
  changeSubscription(id: string, fields: Partial<Omit<SubscriptionState, "id" | "created">>): void;
  cancelSubscription(id: string): void;
  /** Moves Stripe's clock on. */
  advance(ms: number): void;
}

export interface StripeTwin extends Omit<Twin<StripeSeed>, "answers" | "missingRoutes">, VendorSide {
  readonly faults: StripeFaults;
  readonly apiKey: string;
  /** Milliseconds since the epoch, by Stripe's clock. */
  now(): number;
  /** As it stands; undefined: deleted or never there. */
  customer(id: string): CustomerState | undefined;
  charge(id: string): ChargeState | undefined;
}

export async function startStripeTwin(options: StripeTwinOptions): Promise<StripeTwin> {
  const faults = noFaults();
  const account = new Account({ clock: options.now ?? Date.now, faults, livemode: options.livemode ?? false });
  const journal =
    options.journal === undefined ? undefined : await openJournal(options.journal, (entry) => account.replay(entry));
  const commit = () => {
    const entry = account.takeEntry();
    if (entry !== undefined) journal?.append(entry);
  };
  const requests = new Map<string, number>();
  const apiKey = options.apiKey ?? "sk_test_twin";
  const throttle = new Throttle(options.requestsPerSecond);
  const server = createTwinServer({ account, faults, throttle, apiKey, requests, commit });
  // Longer than any client's, so that a kept connection is not closed while a request is on its way.
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(options.port ?? 0, "127.0.0.1", resolve);
  });
  // A server listening on a port has a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    apiKey,
    faults,
    requests,
    load: (seed) => account.load(seed),
    now: () => account.now(),
    customer: (id) => account.customers.get(id),
    charge: (id) => account.charges.get(id),
    ...vendorSide(account, commit),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
      journal?.close();
    },
  };
}

function vendorSide(account: Account, commit: () => void): VendorSide {
  const present = <State>(state: State | undefined, id: string): State => {
    if (state === undefined) throw new Error(`The twin has no ${id}.`);
    return state;
  };
  const committed =
    <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
    (...args: Args): Result => {
      const result = work(...args);
      commit();
      return result;
    };
  return {
    addCustomer: committed((seed) => {
      account.save({ kind: "customers", state: customerFrom(seed) }, "customer.created");
    }),
    changeCustomer: committed((id, fields) => {
      const state = present(account.customers.get(id), id);
      account.save({ kind: "customers", state: { ...state, ...fields } }, "customer.updated", {
        kind: "customers",
        state,
      });
    }),
    deleteCustomer: committed((id) => {
      account.deleteCustomer(present(account.customers.get(id), id));
    }),
    addCharge: committed((seed) => {
      account.save({ kind: "charges", state: chargeFrom(seed) }, `charge.${seed.status}`);
    }),
    changeCharge: committed((id, fields, event) => {
      const state = present(account.charges.get(id), id);
      account.save({ kind: "charges", state: { ...state, ...fields } }, event ?? "charge.updated", {
        kind: "charges",
        state,
      });
    }),
    refund: committed(
      (charge, amount) => account.refund(present(account.charges.get(charge), charge), amount).state.id,
    ),
    addSubscription: committed((seed) => {
      account.save({ kind: "subscriptions", state: subscriptionFrom(seed) }, "customer.subscription.created");
    }),
    changeSubscription: committed((id, fields) => {
      const state = present(account.subscriptions.get(id), id);
      account.save({ kind: "subscriptions", state: { ...state, ...fields } }, "customer.subscription.updated", {
        kind: "subscriptions",
        state,
      });
    }),
    cancelSubscription: committed((id) => {
      account.cancel(present(account.subscriptions.get(id), id));
    }),
    advance: (ms) => account.advance(ms),
  };
}
