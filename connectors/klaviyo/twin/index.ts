/**
 * A stateful stand-in of a Klaviyo account, over real HTTP on loopback: our written understanding of the vendor. When
 * Klaviyo disagrees, this is corrected first.
 */
import { keyOrSignIn } from "#connectors/core/twin/access.ts";
import { deeds } from "#connectors/core/twin/account.ts";
import { authorizationServer } from "#connectors/core/twin/authorization-server.ts";
import type { AuthorizationServer, AuthorizationServerOptions } from "#connectors/core/twin/authorization-server.ts";
import { rollingWindow } from "#connectors/core/twin/limiter.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Paging, Route, Routes } from "#connectors/core/twin/route.ts";
import { startTwin } from "#connectors/core/twin/twin.ts";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { signIn as klaviyoSignIn } from "../sign-in.ts";
import { KlaviyoAccount } from "./account.ts";
import type { KlaviyoFaults, MemberRow } from "./account.ts";
import { errors, invalid, notFound, throttled } from "./errors.ts";
import { readImport, readImportErrors, startImport } from "./imports.ts";
import { cursorOf, linkTo, list } from "./lists.ts";
import { profileListPage, profilePage } from "./page.ts";
import { events, lists, members, metrics, presentProfile, profiles } from "./resources.ts";
import type { KlaviyoSeed } from "./seed.ts";
import { klaviyoWebhooks, type KlaviyoWebhooks } from "./webhooks.ts";

export interface KlaviyoTwinOptions extends TwinOptions {
  /** The one key the account accepts. */
  apiKey?: string;
  /** Apps that people can sign in with; the one of this machine unless given. */
  apps?: AuthorizationServerOptions["apps"];
}

const DEEDS = ["edit", "subscribe", "setProperty", "create", "remove", "track", "join", "finishJobs"] as const;

/** Everything besides the wire happens "at the vendor". */
export interface KlaviyoTwin extends Twin<KlaviyoSeed>, Pick<KlaviyoAccount, (typeof DEEDS)[number]> {
  readonly apiKey: string;
  readonly signIn: AuthorizationServer;
  readonly webhooks: KlaviyoWebhooks;
  readonly faults: KlaviyoFaults;
  readonly now: () => number;
  /** Custom properties of a profile as they stand; null where there is no such profile. */
  properties(id: string): Record<string, unknown> | null;
  profileIds(): string[];
}

const REVISION = "2026-07-15";
const DEFAULT_API_KEY = "pk_twin_0000000000000000000000000000000000";

/** Calls in a second and a minute. Source: https://developers.klaviyo.com/en/docs/rate_limits_and_error_handling (2026-11). */
const CLASSES = { XS: [1, 15], M: [10, 150], L: [75, 750], XL: [350, 3_500] } as const;

const ACCOUNT = {
  ...{ type: "account", id: "TrbTwn" },
  attributes: {
    ...{
      test_account: true,
      industry: null,
      timezone: "Europe/London",
      preferred_currency: "GBP",
      public_api_key: "TrbTwn",
    },
    ...{ locale: "en-GB", contact_information: { organization_name: "Klaviyo twin" } },
  },
  links: { self: "https://a.klaviyo.com/api/accounts/TrbTwn/" },
};

/** A second account that a person can choose by mistake: only who it is can be asked. */
const SISTER_ID = "TrbSis";

const rowsIn = (body: unknown) => (body as { data?: unknown }).data;
const paging: Paging = {
  cursors: ["page[cursor]"],
  // Lists and metrics are on the way to what a stream is about; faults of rows are for the rows.
  rows: (body) => {
    const rows = rowsIn(body);
    const kind = Array.isArray(rows) ? (rows[0] as { type?: string } | undefined)?.type : undefined;
    return Array.isArray(rows) && (kind === "profile" || kind === "event") ? rows : null;
  },
  promiseMore: (body, call) => {
    const cursor = `~${call.query.get("page[cursor]") ?? cursorOf("", "")}`;
    Object.assign(body as object, { links: { self: linkTo(call, null), next: linkTo(call, cursor), prev: null } });
  },
  stub: (row) => ({ type: (row as { type: string }).type, id: (row as { id: string }).id }),
  bad: (row) => ({ ...(row as object), attributes: 7 }),
};

export async function startKlaviyoTwin(options: KlaviyoTwinOptions = {}): Promise<KlaviyoTwin> {
  const account = new KlaviyoAccount(options.now);
  const apiKey = options.apiKey ?? DEFAULT_API_KEY;
  const signIn = signInOf(account, options);
  const webhooks = klaviyoWebhooks(account);
  const isKey = ({ authorization }: Call["headers"]) => authorization === `Klaviyo-API-Key ${apiKey}`;
  const twin = await startTwin(
    {
      title: "Klaviyo",
      account,
      routes: routesOf(account, signIn),
      errors,
      ...keyOrSignIn(
        isKey,
        signIn.tokenOf,
        ({ account: id, scopes }, permission) =>
          (id === ACCOUNT.id || permission === "accounts:read") && scopes.includes(permission),
      ),
      parts: [signIn, webhooks],
      admit: budgets(options),
      headers: () => ({ "content-type": "application/vnd.api+json" }),
      paging,
      pages: {
        "/profiles": (_, query) => profileListPage(account, query),
        "/profiles/:id": ({ id = "" }) => profilePage(account, id),
      },
    },
    options,
  );
  return {
    ...twin,
    ...{ apiKey, signIn, webhooks },
    faults: account.faults,
    now: () => account.now(),
    load: (seed) => account.load(seed),
    ...deeds(account, ...DEEDS),
    properties: (id) => account.profile(id)?.properties ?? null,
    profileIds: () => account.byId.slice(0, account.byId.length).map(({ id }) => id),
  };
}

function routesOf(account: KlaviyoAccount, signIn: AuthorizationServer): Routes {
  const read = (permission: string, budget: keyof typeof CLASSES, handle: Route["handle"]): Route => ({
    permission,
    budget,
    handle,
  });
  return {
    "GET /api/accounts": read("accounts:read", "XS", ({ headers }) =>
      ok({
        data: [{ ...ACCOUNT, id: signIn.tokenOf(headers)?.account ?? ACCOUNT.id }],
        links: { self: "https://a.klaviyo.com/api/accounts/" },
      }),
    ),
    "GET /api/profiles": read("profiles:read", "L", (call) => list(account, call, profiles)),
    "GET /api/profiles/:id": read("profiles:read", "L", (call) => readProfile(account, call)),
    "GET /api/events": read("events:read", "XL", (call) => list(account, call, events(account))),
    "GET /api/metrics": read("metrics:read", "M", (call) => list(account, call, metrics)),
    "GET /api/lists": read("lists:read", "L", (call) => list(account, call, lists)),
    "GET /api/lists/:id/profiles": read("lists:read", "L", (call) => readMembers(account, call)),
    "POST /api/profile-bulk-import-jobs": read("profiles:write", "M", (call) => startImport(account, call)),
    "GET /api/profile-bulk-import-jobs/:id": read("profiles:read", "M", (call) => readImport(account, call)),
    "GET /api/profile-bulk-import-jobs/:id/import-errors": read("profiles:read", "M", (call) =>
      readImportErrors(account, call),
    ),
  };
}

/** An hour; a refresh token ends after 90 days without use, and the one that each refresh gives is kept [U]. */
function signInOf(account: KlaviyoAccount, { apps }: KlaviyoTwinOptions): AuthorizationServer {
  return authorizationServer({
    title: "Klaviyo",
    account,
    apps,
    accounts: [
      { id: ACCOUNT.id, title: "This account" },
      { id: SISTER_ID, title: "Another account, which is empty" },
    ],
    paths: { authorize: "/oauth/authorize", token: "/oauth/token", revoke: "/oauth/revoke" },
    scopes: Object.fromEntries(klaviyoSignIn.scopes.required.map(({ name, purpose }) => [name, purpose])),
    authenticate: "basic",
    pkce: "required",
    accessSeconds: 3_600,
    refresh: "rotate",
    unusedDays: 90,
    answer: ({ access, scopes }, refreshToken) => ({
      ...{ access_token: access, refresh_token: refreshToken, expires_in: 3_600, token_type: "bearer" },
      scope: scopes.join(" "),
    }),
  });
}

function readMembers(account: KlaviyoAccount, call: Call) {
  const { id = "" } = call.params;
  if (account.lists.get(id) === undefined) throw notFound(`A list with id ${id} does not exist.`);
  const isOn = ({ list: on, profile }: MemberRow) => on === id && account.profile(profile) !== undefined;
  return list(account, call, members(account), isOn);
}

function readProfile(account: KlaviyoAccount, { params, query }: Call) {
  const profile = account.profile(params.id ?? "");
  if (profile === undefined) throw notFound(`A profile with id ${params.id} does not exist.`);
  const fields = (type: string) => query.get(`fields[${type}]`)?.split(",") ?? null;
  return ok({ data: presentProfile(profile, fields, () => false) });
}

/** Per endpoint: a window of a second and one of a minute. */
function budgets({ requestsPerSecond }: TwinOptions) {
  const windows = new Map<
    string,
    [burst: ReturnType<typeof rollingWindow>, steady: ReturnType<typeof rollingWindow>]
  >();
  return (call: Call, { budget = "L" }: Route): Record<string, string> => {
    if (call.headers.revision !== REVISION)
      throw invalid(`The revision header must name a known revision, such as ${REVISION}.`, { parameter: "revision" });
    const [second, minute] = CLASSES[budget as keyof typeof CLASSES];
    const window = windows.get(call.operation) ?? [
      rollingWindow(requestsPerSecond ?? second, 1_000),
      rollingWindow(requestsPerSecond === undefined ? minute : requestsPerSecond * 60, 60_000),
    ];
    windows.set(call.operation, window);
    if (window[0].take() === null) throw throttled(1);
    const remaining = window[1].take();
    if (remaining === null) throw throttled(30);
    const limit = requestsPerSecond === undefined ? minute : requestsPerSecond * 60;
    return { "ratelimit-limit": String(limit), "ratelimit-remaining": String(remaining), "ratelimit-reset": "60" };
  };
}
