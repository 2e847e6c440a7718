/** A stand-in for Google Ads: a stateful HTTP server in Google's wire format, as strict as Google is. */
import { deeds } from "#connectors/core/twin/account.ts";
import type { AuthorizationServer, AuthorizationServerOptions } from "#connectors/core/twin/authorization-server.ts";
import { markup, page, table } from "#connectors/core/twin/html.ts";
import { rollingWindow } from "#connectors/core/twin/limiter.ts";
import type { Call, Paging } from "#connectors/core/twin/route.ts";
import { startTwin } from "#connectors/core/twin/twin.ts";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { besides, googleAuthorization, letsIn } from "#connectors/google/twin-sign-in.ts";
import { signIn as adsSignIn } from "../sign-in.ts";
import { dataManagerRoutes } from "./data-manager.ts";
import { GoogleAdsAccount } from "./account.ts";
import type { GoogleAdsFaults } from "./account.ts";
import { adsError, errors } from "./errors.ts";
import { positionOf, tokenAt } from "./gaql.ts";
import { routesOf } from "./routes.ts";
import type { GoogleAdsSeed } from "./seed.ts";
import { TokenAddress } from "./token-address.ts";
import type { Credentials } from "./token-address.ts";

export interface GoogleAdsTwinOptions extends TwinOptions, Partial<Credentials> {
  version?: string;
  /** Operations that the Cloud project may make in 24 hours; those of Explorer access unless given. */
  operationsPerDay?: number;
  /** Apps that people can sign in with; the one of this machine unless given. */
  apps?: AuthorizationServerOptions["apps"];
}

const DEEDS = [
  ...(["addAccount", "addCampaign", "renameCampaign", "setFigure", "dropFigure", "addClick", "advance"] as const),
] as const;

export interface GoogleAdsTwin extends Twin<GoogleAdsSeed>, Pick<GoogleAdsAccount, (typeof DEEDS)[number]> {
  readonly faults: GoogleAdsFaults;
  readonly accessToken: string;
  readonly signIn: AuthorizationServer;
  /** Milliseconds since the epoch, by Google's clock. */
  now(): number;
  /** The identifiers of each member of the audience with this integration code. */
  membersOf(code: string): string[];
}

const DAY_MS = 24 * 3_600_000;
/** https://developers.google.com/google-ads/api/docs/api-policy/access-levels (2026-11) */
const EXPLORER_OPERATIONS = 2_880;

// Rows are what the routes have made.
type Rendered = Record<string, Record<string, unknown>>;

const paging: Paging = {
  cursors: [],
  // The accounts are no list to be disturbed: without them nothing is known to be read.
  rows: (body) => {
    const { results, fieldMask = "" } = body as { results?: unknown[]; fieldMask?: string };
    return fieldMask.startsWith("customer_client") ? null : (results ?? null);
  },
  promiseMore: (body, call) => {
    const { pageToken } = JSON.parse(call.text) as { pageToken?: string };
    Object.assign(body as object, { nextPageToken: tokenAt(positionOf(pageToken)) });
  },
  stub: (row) => row,
  bad: (row) => ({ ...(row as Rendered), campaign: { ...(row as Rendered)["campaign"], name: 7 } }),
};

export async function startGoogleAdsTwin(options: GoogleAdsTwinOptions = {}): Promise<GoogleAdsTwin> {
  const account = new GoogleAdsAccount(options.now);
  const accessToken = options.accessToken ?? "ya29.twin-access";
  const tokens = new TokenAddress({ ...options, accessToken }, account);
  const signIn = googleAuthorization("Google", account, adsSignIn, options.apps);
  const ADS_SCOPE = adsSignIn.scopes.required[0]?.name ?? "";
  const operations = rollingWindow(
    options.requestsPerSecond === undefined ? (options.operationsPerDay ?? EXPLORER_OPERATIONS) : Infinity,
    DAY_MS,
  );
  const twin = await startTwin(
    {
      title: "Google Ads",
      account,
      routes: { ...routesOf(account, options.version ?? "v26"), ...dataManagerRoutes(account) },
      errors,
      authorised: (headers) =>
        tokens.accepts(String(headers.authorization ?? "")) || letsIn(signIn, headers, ADS_SCOPE),
      // A key file is given every scope it asks for; a person may leave some out.
      grants: (headers, permission) => signIn.tokenOf(headers)?.scopes.includes(permission) ?? true,
      admit: (_, { budget }) => {
        if (budget !== "operations") return {};
        if (operations.take() !== null) return {};
        throw adsError(429, "quotaError", "RESOURCE_EXHAUSTED", "Too many requests. Retry in 3600 seconds.", {
          ...{ retrySeconds: 3_600, rateName: "Number of operations for explorer access" },
        });
      },
      headers: ({ requestId }: Call) => ({ "request-id": requestId }),
      paging,
      pages: { "/campaigns": () => campaignsPage(account) },
      parts: [{ open: besides(signIn, tokens.route), close: () => tokens.close() }],
    },
    options,
  );
  return {
    ...twin,
    accessToken,
    signIn,
    faults: account.faults,
    load: (seed) => account.load(seed),
    now: () => account.now(),
    membersOf: (code) => account.membersOf(code),
    ...deeds(account, ...DEEDS),
  };
}

const SHOWN = 200;

function campaignsPage(account: GoogleAdsAccount): string {
  const rows = [...account.campaigns.values()]
    .slice(0, SHOWN)
    .map(({ id, account: of, name }) => [id, name, account.accounts.get(of)?.name ?? of]);
  const audiences = [...account.lists.values()].map((list) => [
    ...[list.displayName, list.integrationCode, list.membershipStatus],
    String(account.membersOf(list.integrationCode).length),
  ]);
  return page(
    "Google Ads",
    "Campaigns",
    markup`${table(["Campaign", "Name", "Account"], rows)}
<h2>Audiences</h2>${table(["Audience", "Code", "State", "Members"], audiences)}`,
  );
}
