/**
 * A stand-in for Stripe: a stateful HTTP server in Stripe's wire format, as strict as Stripe is, with its limits and bad
 * manners behind switches. The official SDK runs against it unchanged.
 */
import { keyOrSignIn } from "#connectors/core/twin/access.ts";
import { deeds } from "#connectors/core/twin/account.ts";
import { tokenBucket } from "#connectors/core/twin/limiter.ts";
import type { Allowance } from "#connectors/core/twin/limiter.ts";
import type { AuthorizationServerOptions } from "#connectors/core/twin/authorization-server.ts";
import type { Call, Paging } from "#connectors/core/twin/route.ts";
import { startTwin } from "#connectors/core/twin/twin.ts";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { StripeAccount } from "./account.ts";
import type { StripeFaults } from "./account.ts";
import { customerList, customerPage } from "./dashboard.ts";
import { errors, idempotency } from "./errors.ts";
import type { ChargeState, CustomerState } from "./objects.ts";
import { WHO_AM_I } from "./reads.ts";
import { API_VERSION } from "./render.ts";
import type { Rendered } from "./render.ts";
import { routesOf } from "./routes.ts";
import type { StripeSeed } from "./seed.ts";
import { ACCOUNT_ID, signInsOf } from "./sign-in.ts";
import type { StripeSignIns } from "./sign-in.ts";
import { stripeWebhooks, type StripeWebhooks } from "./webhooks.ts";

export interface StripeTwinOptions extends TwinOptions {
  /** The one key that works; `sk_test_twin` unless given. */
  apiKey?: string;
  /** Live mode; test mode unless given. */
  livemode?: boolean;
  /** Apps and platforms that people can sign in with; the one of this machine unless given. */
  apps?: AuthorizationServerOptions["apps"];
}

/** What a merchant or their shop does at Stripe, without a request of ours. Each leaves the events Stripe would. */
const DEEDS = [
  ...(["addCustomer", "changeCustomer", "deleteCustomer", "addCharge", "changeCharge", "refund"] as const),
  ...(["addSubscription", "changeSubscription", "cancelSubscription", "change", "advance"] as const),
] as const;

export interface StripeTwin extends Twin<StripeSeed>, Pick<StripeAccount, (typeof DEEDS)[number]> {
  readonly faults: StripeFaults;
  readonly apiKey: string;
  readonly signIns: StripeSignIns;
  readonly webhooks: StripeWebhooks;
  /** The merchant disconnects us: the key is refused, and endpoints are told. */
  deauthorize(): void;
  /** Milliseconds since the epoch, by Stripe's clock. */
  now(): number;
  /** As it stands; undefined: deleted or never there. */
  customer(id: string): CustomerState | undefined;
  charge(id: string): ChargeState | undefined;
}

/** Requests a second as Stripe publishes them, per endpoint and over all. https://docs.stripe.com/rate-limits (2026-11-21) */
const PER_ENDPOINT = 25;
const PER_ACCOUNT = 100;

// Rows are what the routes have rendered.
const paging: Paging = {
  cursors: ["starting_after", "ending_before"],
  rows: (body) => (body as { data?: Rendered[] }).data ?? null,
  promiseMore: (body) => Object.assign(body as Rendered, { has_more: true }),
  stub: (row) => ({ id: (row as Rendered).id, object: (row as Rendered).object, deleted: true }),
  bad: (row) => ({ ...(row as Rendered), created: null, amount: "much", status: 7, email: 7 }),
  otherMode: (row) => ({ ...(row as Rendered), livemode: (row as Rendered).livemode !== true }),
};

export async function startStripeTwin(options: StripeTwinOptions): Promise<StripeTwin> {
  const account = new StripeAccount(options.now, options.livemode ?? false);
  const apiKey = options.apiKey ?? "sk_test_twin";
  const signIns = signInsOf(account, options.apps);
  const isKey = ({ authorization }: Call["headers"]) => keyOf(String(authorization ?? "")) === apiKey;
  // Both give out of one table.
  const tokenIn = (headers: Call["headers"]) => signIns.connect.tokenOf(headers);
  const webhooks = stripeWebhooks(account, ACCOUNT_ID);
  const twin = await startTwin(
    {
      title: "Stripe",
      account,
      routes: routesOf(account, ({ headers }) => tokenIn(headers)?.account ?? ACCOUNT_ID),
      errors,
      ...keyOrSignIn(isKey, tokenIn, ({ account: id }, permission) => id === ACCOUNT_ID || permission === WHO_AM_I),
      parts: [signIns.connect, signIns.app, webhooks],
      admit: budgets(options.requestsPerSecond),
      headers: ({ headers, requestId }) => ({
        "request-id": requestId,
        "stripe-version": API_VERSION,
        ...(typeof headers["idempotency-key"] === "string" ? { "idempotency-key": headers["idempotency-key"] } : {}),
      }),
      paging,
      idempotency,
      pages: {
        "/dashboard/customers": (_, query) => customerList(account, query),
        "/dashboard/customers/:id": ({ id = "" }) => customerPage(account, id),
      },
    },
    options,
  );
  return {
    ...twin,
    apiKey,
    signIns,
    webhooks,
    deauthorize() {
      account.faults.revoked = true;
      webhooks.happened({
        ...{ id: account.newId("evt"), object: "event", type: "account.application.deauthorized" },
        ...{ created: account.seconds(), livemode: account.livemode, api_version: API_VERSION },
        data: { object: { id: "ca_twin", object: "application", name: "Tributary" } },
      });
    },
    faults: account.faults,
    load: (seed) => account.load(seed),
    now: () => account.now(),
    customer: (id) => account.find("customers", id),
    charge: (id) => account.find("charges", id),
    ...deeds(account, ...DEEDS),
  };
}

function keyOf(authorization: string): string {
  const [scheme = "", value = ""] = authorization.split(" ");
  return scheme === "Basic" ? (Buffer.from(value, "base64").toString().split(":")[0] ?? "") : value;
}

function budgets(requestsPerSecond: number | undefined): (call: Call) => Record<string, string> {
  const all = tokenBucket(requestsPerSecond ?? PER_ACCOUNT);
  const endpoints = new Map<string, Allowance>();
  return ({ operation }) => {
    const endpoint = endpoints.get(operation) ?? tokenBucket(requestsPerSecond ?? PER_ENDPOINT);
    endpoints.set(operation, endpoint);
    if (all.take() === null) throw errors.throttled("global-rate");
    if (endpoint.take() === null) throw errors.throttled("endpoint-rate");
    return {};
  };
}
