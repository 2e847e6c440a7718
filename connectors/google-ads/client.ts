/** The calls we use, one function each, over REST: see docs/dependencies.md for why no SDK. */
import type { ConnectEnvironment } from "#connectors/core/contract.ts";
import { requestReply } from "#connectors/core/http.ts";
import type { JsonRequest } from "#connectors/core/http.ts";
import { servedAtOf } from "#connectors/core/retry-after.ts";
import { googleAccess } from "#connectors/google/access.ts";
import { ADS_SCOPE, AUDIENCE_SCOPE } from "./auth.ts";
import { dataManager } from "./data-manager.ts";
import type { DataManager } from "./data-manager.ts";
import { accessibleReply, searchReply } from "./schema.ts";
import { customerIdOf } from "./settings.ts";
import type { Credentials, Settings } from "./settings.ts";

export const ADS_ORIGIN = "https://googleads.googleapis.com";

export interface SearchPage {
  /** Unchecked. */
  rows: unknown[];
  next: string | null;
  /** Google's own clock when it answered; null: it did not say. Milliseconds. */
  servedAt: number | null;
}

export interface GoogleAdsClient {
  settings: Settings;
  /** What is read: an account, or a manager and all below it. Null: what the credentials reach. */
  customerId: string | null;
  /** The manager that the way begins at, where one was named. */
  loginCustomerId: string | null;
  dataManager: DataManager;
  pause(ms: number): Promise<void>;
  now(): number;
  /** Ids of the accounts that the credentials reach without going through another. */
  accessible(): Promise<string[]>;
  /** One page of a query in GAQL. @param root the account or manager that the way to `customer` begins at */
  search(
    operation: string,
    at: { customer: string; root: string },
    query: string,
    page: string | null,
  ): Promise<SearchPage>;
}

export function connect(environment: ConnectEnvironment<Settings, Credentials>): GoogleAdsClient {
  const { call, baseUrl, now, settings, credentials } = environment;
  const scopes = settings.audience === undefined ? [ADS_SCOPE] : [ADS_SCOPE, AUDIENCE_SCOPE];
  const access = googleAccess({
    ...{ key: credentials.key, scopes, baseUrl, ownOrigin: ADS_ORIGIN, call, bucket: "token", now },
  });
  const { customerId, loginCustomerId, developerToken } = credentials;
  // Thrown with the first call, not where a connection is merely opened.
  const through = () => (loginCustomerId === undefined ? null : customerIdOf(loginCustomerId, "login customer id"));

  async function send<Reply>(
    operation: string,
    request: JsonRequest,
    parse: (body: unknown, headers: Headers) => Reply,
  ): Promise<Reply> {
    const headers = {
      ...(await access.authorization()),
      ...(developerToken === undefined ? {} : { "developer-token": developerToken }),
      ...request.headers,
    };
    return call("operations", operation, async (signal) => {
      const path = `/${settings.apiVersion}/${request.path}`;
      const reply = await requestReply(access.originOf(ADS_ORIGIN), { ...request, path, headers, signal });
      return parse(reply.body, reply.headers);
    });
  }

  return {
    settings,
    now,
    dataManager: dataManager(environment, access),
    pause: environment.pause ?? (async () => undefined),
    get loginCustomerId() {
      return through();
    },
    get customerId() {
      return customerId === undefined ? null : customerIdOf(customerId, "customer id");
    },
    accessible: () =>
      send("customers.listAccessible", { method: "GET", path: "customers:listAccessibleCustomers" }, (body) =>
        accessibleReply.parse(body).resourceNames.map((name) => name.slice("customers/".length)),
      ),
    search: (operation, { customer, root }, query, page) =>
      send(
        operation,
        {
          method: "POST",
          path: `customers/${customer}/googleAds:search`,
          headers: loginHeader(through() ?? (customer === root ? null : root)),
          // A size of pages is refused: they have 10,000 rows.
          body: { query, ...(page === null ? {} : { pageToken: page }) },
        },
        (body, headers) => {
          const { results, nextPageToken = "" } = searchReply.parse(body);
          return { rows: results, next: nextPageToken === "" ? null : nextPageToken, servedAt: servedAtOf(headers) };
        },
      ),
  };
}

/** The manager that the way goes through: ten digits without dashes. An account reached directly has none. */
const loginHeader = (manager: string | null): Record<string, string> =>
  manager === null ? {} : { "login-customer-id": manager };
