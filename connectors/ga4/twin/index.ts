/**
 * A stand-in for Google Analytics 4: Data API, Admin API, token address and Measurement Protocol on one port, as strict as
 * Google's discovery documents say. Google's own SDK runs against it unchanged.
 */
import { deeds } from "#connectors/core/twin/account.ts";
import type { AuthorizationServer, AuthorizationServerOptions } from "#connectors/core/twin/authorization-server.ts";
import { strikes } from "#connectors/core/twin/faults.ts";
import { tokenBucket } from "#connectors/core/twin/limiter.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Paging, Route, Routes, TwinPart } from "#connectors/core/twin/route.ts";
import { startTwin } from "#connectors/core/twin/twin.ts";
import type { Twin, TwinOptions } from "#connectors/core/twin/twin.ts";
import { besides, googleAuthorization, letsIn } from "#connectors/google/twin-sign-in.ts";
import { signIn as ga4SignIn } from "../sign-in.ts";
import { Ga4Account } from "./account.ts";
import type { Ga4Faults, Ga4Seed, Property } from "./account.ts";
import { errors, exhausted, noAccess, notFound } from "./errors.ts";
import { createExport, getExport, listExports, queryExport } from "./exports.ts";
import { eventRoutes } from "./events.ts";
import type { TakenEvents } from "./events.ts";
import { sessionsPage } from "./page.ts";
import { runReport } from "./report.ts";
import { makeServiceAccount, tokenRoute } from "./token.ts";
import type { ServiceAccount } from "./token.ts";

export interface Ga4TwinOptions extends TwinOptions, Partial<Omit<Property, "id">> {
  /** An access token that works besides those of the service account. */
  accessToken?: string;
  /** Apps that people can sign in with; the one of this machine unless given. */
  apps?: AuthorizationServerOptions["apps"];
}

const DEEDS = ["record", "recordMore", "takeBack", "join", "leave", "advance"] as const;

export interface Ga4Twin extends Twin<Ga4Seed>, Pick<Ga4Account, (typeof DEEDS)[number]> {
  readonly faults: Ga4Faults;
  readonly accessToken: string;
  readonly signIn: AuthorizationServer;
  readonly property: Property;
  /** What the quotas have been charged with. */
  readonly used: Ga4Account["used"];
  /** What the Measurement Protocol took, and what it silently dropped. */
  readonly events: TakenEvents;
  now(): number;
  yesterday(): string;
  /** The key file of a service account, made when first asked for. */
  serviceAccountKey(): string;
}

const READ = "analytics.readonly";
const PROPERTY_ID = "314159265";
const MEASUREMENT = { id: "G-TWIN000001", secret: "twin-measurement-secret" };

const paging: Paging = {
  cursors: ["pageToken"],
  rows: (body) => {
    const { rows, audienceRows } = body as { rows?: unknown[]; audienceRows?: unknown[] };
    return rows ?? audienceRows ?? null;
  },
  // The count of rows says it.
  promiseMore: () => undefined,
  stub: (row) => row,
  bad: (row) => ({ ...(row as object), metricValues: [{ value: "many" }], dimensionValues: "?" }),
};

export async function startGa4Twin(options: Ga4TwinOptions): Promise<Ga4Twin> {
  const { name = "Marlow Books", timeZone = "Europe/London", currency = "GBP" } = options;
  const account = new Ga4Account(options.now, { id: PROPERTY_ID, name, timeZone, currency });
  const accessToken = options.accessToken ?? "ya29.twin-access-token";
  const issued = new Map<string, string>();
  let service: ServiceAccount | null = null;
  const bucket = tokenBucket(options.requestsPerSecond ?? 50);
  const taken: TakenEvents = { taken: [], dropped: [] };
  const signIn = googleAuthorization("Google", account, ga4SignIn, options.apps);
  const READ_SCOPE = ga4SignIn.scopes.required[0]?.name ?? "";
  const tokens = tokenRoute(
    () => service,
    (scope) => {
      const token = `ya29.twin-${issued.size + 1}`;
      issued.set(token, scope);
      return token;
    },
  );
  const mayBreak: Route = {
    handle(call) {
      const { breakServer } = account.faults;
      if (strikes(breakServer, "count")) throw errors.broken(breakServer.status ?? 503);
      return tokens.handle(call);
    },
  };
  const open: TwinPart = {
    open: { ...eventRoutes(account, MEASUREMENT, taken), ...besides(signIn, mayBreak) },
    close: async () => undefined,
  };
  const twin = await startTwin(
    {
      title: "Google Analytics 4",
      account,
      routes: routesOf(account),
      errors,
      authorised: (headers) => {
        const token = String(headers.authorization ?? "").replace(/^Bearer /, "");
        const isHandedOut = token === accessToken || (issued.get(token) ?? "").includes(READ);
        return isHandedOut || letsIn(signIn, headers, READ_SCOPE);
      },
      admit: ({ operation }) => {
        if (bucket.take() === null) throw exhausted("concurrent");
        // A server error is counted before it is given.
        if (account.faults.breakServer.count > 0 && operation.includes("properties")) account.used.errors += 1;
        return {};
      },
      headers: () => ({ vary: "Origin, X-Origin, Referer", server: "ESF" }),
      paging,
      pages: { "/sessions": () => sessionsPage(account) },
      parts: [open],
    },
    options,
  );
  return {
    ...twin,
    ...{ accessToken, signIn, faults: account.faults, property: account.property, used: account.used, events: taken },
    load: (seed) => account.load(seed),
    now: () => account.now(),
    yesterday: () => account.yesterday(),
    serviceAccountKey: () => (service ??= makeServiceAccount()).keyFile,
    ...deeds(account, ...DEEDS),
  };
}

function routesOf(account: Ga4Account): Routes {
  /** A property that is not ours is not told from one that is not there. */
  const own = (id: string | undefined) => {
    if (id !== account.property.id) throw noAccess();
  };
  const { id, name: displayName, timeZone, currency } = account.property;
  const read = { permission: READ };
  return {
    "GET /v1beta/accountSummaries": {
      ...read,
      handle: () =>
        ok({
          accountSummaries: [
            {
              ...{ name: "accountSummaries/1", account: "accounts/1", displayName },
              propertySummaries: [
                { property: `properties/${id}`, displayName, propertyType: "PROPERTY_TYPE_ORDINARY" },
              ],
            },
          ],
        }),
    },
    "GET /v1beta/properties/:property": {
      ...read,
      handle: ({ params }) => {
        own(params["property"]);
        return ok({
          name: `properties/${id}`,
          displayName,
          timeZone,
          currencyCode: currency,
          propertyType: "PROPERTY_TYPE_ORDINARY",
        });
      },
    },
    // The verb stands behind a colon: `properties/1:runReport`.
    "POST /v1beta/properties/:property": {
      ...read,
      handle: (call) => {
        const [property, verb] = (call.params["property"] ?? "").split(":");
        own(property);
        if (verb !== "runReport") throw notFound(`The method ${verb}`);
        return runReport(account, call);
      },
    },
    "POST /v1beta/properties/:property/audienceExports": {
      ...read,
      handle: (call) => {
        own(call.params["property"]);
        return createExport(account, call);
      },
    },
    "GET /v1beta/properties/:property/audienceExports": {
      ...read,
      handle: (call) => {
        own(call.params["property"]);
        return listExports(account, call);
      },
    },
    "GET /v1beta/properties/:property/audienceExports/:name": {
      ...read,
      handle: ({ params }) => {
        own(params["property"]);
        return getExport(account, params["name"] ?? "");
      },
    },
    "POST /v1beta/properties/:property/audienceExports/:name": {
      ...read,
      handle: (call) => {
        own(call.params["property"]);
        const [name = "", verb] = (call.params["name"] ?? "").split(":");
        if (verb !== "query") throw notFound(`The method ${verb}`);
        return queryExport(account, name, call);
      },
    },
  };
}
