/** The calls to Stripe we make, one function each, through the official SDK. */
import { Stripe } from "stripe";
import { z } from "zod";
import type { AccountIdentity, ConnectEnvironment } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { PAGE_SIZE } from "./limits.ts";
import type { Bucket } from "./limits.ts";
import { accountReply, customerMetadata, eventBody, listReply, listedObject } from "./schema.ts";
import type { StripeEvent } from "./schema.ts";

export const credentials = z.strictObject({ apiKey: z.string().min(1) });
export type Credentials = z.infer<typeof credentials>;

export const settings = z.strictObject({
  /** How far an incremental read reaches back before the last one: events become visible late and out of order. */
  overlapMinutes: z
    .number()
    .int()
    .min(1)
    .max(24 * 60)
    .default(5),
  /** Take only live (true) or only test (false) records. Left out: whatever the key gives. */
  livemode: z.boolean().optional(),
});
export type Settings = z.infer<typeof settings>;

/** The API version this code was written for; events rendered in another one are fetched anew. */
export const API_VERSION = Stripe.API_VERSION;

/** The SDK's own patience per attempt, below the framework's so that the SDK is the one that hangs up. */
const REQUEST_TIMEOUT_MS = 45_000;

export type Resource = "customers" | "charges" | "refunds" | "subscriptions";

export interface Listed {
  id: string;
  /** Seconds. */
  created: number;
  body: unknown;
}

export interface Page<Row> {
  /** Newest first, whichever way one pages. */
  rows: Row[];
  hasMore: boolean;
  /** Stripe's clock when it answered, seconds: our own may run ahead and would make the next read skip. */
  servedAt: number;
}

export interface PageQuery {
  starting_after?: string;
  ending_before?: string;
  created?: { gte?: number; lt?: number; lte?: number };
  limit?: number;
}

export interface StripeClient {
  readonly settings: Settings;
  readonly now: () => number;
  account(): Promise<AccountIdentity>;
  list(resource: Resource, query: PageQuery): Promise<Page<Listed>>;
  events(types: string[], query: PageQuery): Promise<Page<StripeEvent>>;
  /** Null: no such object (any more). */
  retrieve(resource: Resource, id: string): Promise<unknown>;
  /** Null: deleted, or never existed. */
  metadata(customer: string): Promise<Record<string, string> | null>;
  /** Throws what the SDK throws, so that the caller can tell a refused record from a failed call. */
  mergeMetadata(
    customer: string,
    metadata: Record<string, string>,
    idempotencyKey: string,
  ): Promise<Record<string, string>>;
  /** Waits for the write quota, then sends. */
  writing<T>(send: () => Promise<T>): Promise<T>;
}

export function connect(environment: ConnectEnvironment<Settings, Credentials>): StripeClient {
  const sdk = new Stripe(environment.credentials.apiKey, {
    ...addressOf(environment.baseUrl),
    apiVersion: API_VERSION,
    // Retries and their delays are the framework's.
    maxNetworkRetries: 0,
    telemetry: false,
    timeout: REQUEST_TIMEOUT_MS,
  });
  const call = <T>(bucket: Bucket, operation: string, send: () => Promise<T>) =>
    environment.call(bucket, operation, send);
  const mode = environment.settings.livemode;

  const pageOf = <Row extends { livemode?: boolean | undefined }>(
    reply: Stripe.Response<object>,
    parseRow: (body: unknown) => Row,
  ): Page<Row> => {
    const { data, has_more } = listReply.parse(reply);
    const rows = data.map((body) => parseRow(body));
    if (mode !== undefined && rows.some((row) => row.livemode === !mode)) {
      throw new ConnectorError(
        "auth",
        `This connection takes ${modeName(mode)} records only; the key is for the other mode.`,
      );
    }
    const served = Date.parse(reply.lastResponse.headers.date ?? "");
    return {
      rows,
      hasMore: has_more,
      servedAt: Math.floor((Number.isNaN(served) ? environment.now() : served) / 1000),
    };
  };

  const lists: Record<Resource, (query: PageQuery) => Promise<Stripe.Response<object>>> = {
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

  return {
    settings: environment.settings,
    now: environment.now,
    account: () =>
      call("account", "account.retrieve", async () => {
        const account = accountReply.parse(await sdk.accounts.retrieveCurrent());
        const title = account.settings?.dashboard?.display_name ?? account.business_profile?.name ?? account.id;
        const mode = modeOf(environment.credentials.apiKey);
        return { account: account.id, title, ...(mode === undefined ? {} : { mode }) };
      }),
    list: (resource, query) =>
      call(resource, `${resource}.list`, async () =>
        pageOf(await lists[resource]({ limit: PAGE_SIZE, ...query }), (body) => {
          const { id, created, livemode } = listedObject.parse(body);
          return { id, created, livemode, body };
        }),
      ),
    events: (types, query) =>
      call("events", "events.list", async () =>
        pageOf(await sdk.events.list({ limit: PAGE_SIZE, ...query, types }), (body) => eventBody.parse(body)),
      ),
    retrieve: (resource, id) =>
      call(resource === "customers" ? "customer_read" : resource, `${resource}.retrieve`, () =>
        nullWhenMissing(() => retrieves[resource](id)),
      ),
    metadata: (customer) =>
      call("customer_read", "customers.retrieve", () =>
        nullWhenMissing(async () => {
          const reply = customerMetadata.parse(await sdk.customers.retrieve(customer));
          return reply.deleted === true ? null : (reply.metadata ?? {});
        }),
      ),
    mergeMetadata: async (customer, metadata, idempotencyKey) => {
      const reply = await sdk.customers.update(customer, { metadata }, { idempotencyKey });
      return customerMetadata.parse(reply).metadata ?? {};
    },
    writing: (send) => call("customer_write", "customers.update", send),
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

async function nullWhenMissing<T>(send: () => Promise<T>): Promise<T | null> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof Stripe.errors.StripeInvalidRequestError && error.code === "resource_missing") return null;
    throw error;
  }
}

/** A key says it itself. Read 2026-11: https://docs.stripe.com/keys#test-live-modes */
function modeOf(key: string): "live" | "test" | undefined {
  const named = /^[a-z]+_(live|test)_/.exec(key)?.[1];
  return named === "live" || named === "test" ? named : undefined;
}

function modeName(livemode: boolean): string {
  return livemode ? "live" : "test";
}
