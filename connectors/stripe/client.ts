/** The calls to Stripe we make, one function each, through the official SDK. */
import { Stripe } from "stripe";
import type { AccountIdentity, ConnectEnvironment } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { nullWhen } from "#connectors/core/missing.ts";
import { servedAtOf } from "#connectors/core/retry-after.ts";
import type { Mode } from "#connectors/core/stream.ts";
import { settledAt } from "#connectors/core/walk.ts";
import { isMissing } from "./errors.ts";
import { StripeHttpClient } from "./http-client.ts";
import { PAGE_SIZE } from "./limits.ts";
import type { Bucket } from "./limits.ts";
import { accountReply, API_VERSION, customerMetadata, listReply } from "./schema.ts";
import type { Credentials, Settings } from "./settings.ts";

/** The SDK's own patience per attempt, below the framework's so that the SDK is the one that hangs up. */
const REQUEST_TIMEOUT_MS = 45_000;

export type Resource = "customers" | "charges" | "refunds" | "subscriptions";

export interface Page {
  /** Newest first, whichever way one pages; unchecked. */
  rows: unknown[];
  hasMore: boolean;
  /** Stripe's clock when it answered, seconds. */
  servedAt: number;
  /** The earlier of that and our own when it was asked: either may run ahead and would make the next read skip. */
  settledAt: number;
}

export interface PageQuery {
  starting_after?: string;
  ending_before?: string;
  created?: { gte?: number; lt?: number; lte?: number };
  limit?: number;
}

export interface StripeClient {
  readonly settings: Settings;
  /** What the key is for, as it says itself; null: it does not. */
  readonly mode: Mode | null;
  account(): Promise<AccountIdentity>;
  list(resource: Resource, query: PageQuery): Promise<Page>;
  events(types: string[], query: PageQuery): Promise<Page>;
  disputes(charge: string): Promise<Page>;
  refundsOf(charge: string): Promise<Page>;
  items(subscription: string, query: PageQuery): Promise<Page>;
  /** Null: no such object (any more). */
  retrieve(resource: Resource, id: string): Promise<unknown>;
  /** Null: deleted, or never existed. */
  metadata(customer: string): Promise<Record<string, string> | null>;
  /** Answers the metadata as it then stands; null: deleted. */
  mergeMetadata(
    customer: string,
    metadata: Record<string, string>,
    idempotencyKey: string,
  ): Promise<Record<string, string> | null>;
}

type Reply = Promise<Stripe.Response<object>>;

export function connect(environment: ConnectEnvironment<Settings, Credentials>): StripeClient {
  const { apiKey } = environment.credentials;
  const mode = modeOf(apiKey) ?? environment.credentials.mode ?? null;
  const sdk = new Stripe(apiKey, {
    ...addressOf(environment.baseUrl),
    apiVersion: API_VERSION,
    // Retries and their delays are the framework's.
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: REQUEST_TIMEOUT_MS,
    httpClient: new StripeHttpClient(environment.baseUrl),
  });
  const call = <T>(bucket: Bucket, operation: string, send: () => Promise<T>) =>
    environment.call(bucket, operation, send);

  const pageOf = (bucket: Bucket, operation: string, send: () => Reply): Promise<Page> =>
    call(bucket, operation, async () => {
      const askedAt = environment.now();
      const reply = await send();
      const { data: rows, has_more: hasMore } = listReply.parse(reply);
      // Not the end, and no place to go on from: https://github.com/stripe/stripe-ruby/issues/507 (2026-11)
      if (rows.length === 0 && hasMore)
        throw new ConnectorError("transient", "Stripe sent an empty page and says that more follows.");
      const servedAt = servedAtOf(reply.lastResponse.headers) ?? askedAt;
      const settled = settledAt({ startedAt: askedAt, servedAt, overlapMs: 0 });
      return {
        rows,
        hasMore,
        servedAt: Math.floor(servedAt / 1000),
        settledAt: Math.floor(settled / 1000),
      };
    });

  const lists: Record<Resource, (query: PageQuery) => Reply> = {
    customers: (query) => sdk.customers.list(query),
    charges: (query) => sdk.charges.list(query),
    // A refund names no person; its charge does.
    refunds: (query) => sdk.refunds.list({ ...query, expand: ["data.charge"] }),
    // Without it cancelled subscriptions are left out.
    subscriptions: (query) => sdk.subscriptions.list({ ...query, status: "all" }),
  };
  const retrieves: Record<Resource, (id: string) => Promise<unknown>> = {
    customers: (id) => sdk.customers.retrieve(id),
    charges: (id) => sdk.charges.retrieve(id),
    refunds: (id) => sdk.refunds.retrieve(id, { expand: ["charge"] }),
    subscriptions: (id) => sdk.subscriptions.retrieve(id),
  };
  const limit = PAGE_SIZE;

  return {
    settings: environment.settings,
    mode,
    account: () =>
      call("account", "account.retrieve", async () => {
        const account = accountReply.parse(await sdk.accounts.retrieveCurrent());
        const title = account.settings?.dashboard?.display_name ?? account.business_profile?.name ?? account.id;
        return { account: account.id, title, ...(mode === null ? {} : { mode }) };
      }),
    list: (resource, query) => pageOf(resource, `${resource}.list`, () => lists[resource]({ limit, ...query })),
    events: (types, query) => pageOf("events", "events.list", () => sdk.events.list({ limit, ...query, types })),
    disputes: (charge) => pageOf("disputes", "disputes.list", () => sdk.disputes.list({ limit, charge })),
    refundsOf: (charge) => pageOf("refunds", "refunds.list", () => sdk.refunds.list({ limit, charge })),
    items: (subscription, query) =>
      pageOf("subscription_items", "subscriptionItems.list", () =>
        sdk.subscriptionItems.list({ limit, subscription, ...query }),
      ),
    retrieve: (resource, id) =>
      nullWhen(
        call(resource === "customers" ? "customer_read" : resource, `${resource}.retrieve`, () =>
          retrieves[resource](id),
        ),
        isMissing,
      ),
    metadata: (customer) =>
      nullWhen(
        call("customer_read", "customers.retrieve", async () => {
          const reply = customerMetadata.parse(await sdk.customers.retrieve(customer));
          return reply.deleted === true ? null : (reply.metadata ?? {});
        }),
        isMissing,
      ),
    mergeMetadata: (customer, metadata, idempotencyKey) =>
      call("customer_write", "customers.update", async () => {
        const reply = customerMetadata.parse(await sdk.customers.update(customer, { metadata }, { idempotencyKey }));
        if (reply.deleted === true) return null;
        // What stands with another customer says nothing of this one.
        return reply.id === customer ? (reply.metadata ?? {}) : {};
      }),
  };
}

function addressOf(baseUrl: string) {
  const { protocol, hostname, port } = new URL(baseUrl);
  return {
    host: hostname,
    protocol: protocol === "http:" ? ("http" as const) : ("https" as const),
    ...(port === "" ? {} : { port }),
  };
}

/** A key says it itself. Read 2026-11: https://docs.stripe.com/keys#test-live-modes */
function modeOf(key: string): Mode | null {
  const named = /^[a-z]+_(live|test)_/.exec(key)?.[1];
  return named === "live" || named === "test" ? named : null;
}
