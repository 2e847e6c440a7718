/** HTTP for the twin: authentication, quotas, switches, routing, HubSpot's headers and error bodies. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { randomUUID } from "node:crypto";
import type { Account } from "./account.ts";
import type { HubspotFaults } from "./faults.ts";
import type { ObjectType } from "./journal.ts";
import {
  associations,
  batchRead,
  batchUpdate,
  getObject,
  listObjects,
  mergeContacts,
  methodNotAllowed,
  parsed,
  present,
} from "./objects-api.ts";
import type { Answer } from "./objects-api.ts";
import { contactListPage, contactPage } from "./page.ts";
import { readStatuses } from "./preferences-api.ts";
import { createGroup, createProperty, getGroup, getProperty, listProperties, patchProperty } from "./properties-api.ts";
import { rateLimited, RollingWindow } from "./quota.ts";
import { search, searchBody } from "./search.ts";
import { invalidInput, notFound, VendorError } from "./vendor-error.ts";

export interface TwinServerOptions {
  account: Account;
  faults: HubspotFaults;
  accessToken: string;
  portalId: number;
  requestsPerSecond: number | undefined;
  requests: Map<string, number>;
}

/** 190 per ten seconds (Professional), 5 searches a second. Source: https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines (2026-11). */
const GENERAL_LIMIT = 190;
const SEARCH_LIMIT = 5;
const LARGEST_BODY = 8_000_000;

interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: () => unknown;
}

interface Route {
  method: "GET" | "POST" | "PATCH";
  /** As it appears in `requests`; `:id` and `:name` stand for any one segment, `:type` for an object type. */
  path: string;
  scope?: string;
  bucket?: "search";
  handle(call: Call, parameters: Record<string, string>): Answer;
}

export function createTwinServer(options: TwinServerOptions): Server {
  const { account, faults } = options;
  const routes = routesOf(options);
  const given = options.requestsPerSecond;
  const general =
    given === undefined
      ? new RollingWindow(GENERAL_LIMIT, 10_000, "TEN_SECONDLY_ROLLING")
      : new RollingWindow(given, 1000, "TEN_SECONDLY_ROLLING");
  const searches =
    given === undefined
      ? new RollingWindow(SEARCH_LIMIT, 1000, "SECONDLY")
      : new RollingWindow(given, 1000, "SECONDLY");

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    if (!account.ready) throw new VendorError(503, "INTERNAL_ERROR", "The account is being set up.");
    account.replay();
    const url = new URL(request.url ?? "/", "http://twin");
    const text = await bodyOf(request);
    if (faults.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, faults.delayMs));
    if (request.method === "GET" && /^\/(contacts(\/\d+)?)?$/.test(url.pathname)) {
      sendPage(account, url, response);
      return;
    }
    const { route, parameters } = find(routes, request.method ?? "GET", url.pathname);
    const operation = `${route.method} ${route.path.replace(":type", parameters.type ?? "")}`;
    options.requests.set(operation, (options.requests.get(operation) ?? 0) + 1);
    refuseOnPurpose(faults);
    authorise(request, options, route.scope?.replace(":type", parameters.type ?? ""));
    const headers: Record<string, string> = {};
    if (route.bucket === "search") searches.take();
    else {
      const { remaining } = general.take();
      headers["x-hubspot-ratelimit-max"] = String(general.limit);
      headers["x-hubspot-ratelimit-remaining"] = String(remaining);
      headers["x-hubspot-ratelimit-interval-milliseconds"] = String(general.windowMs);
    }
    const { status, body } = route.handle(
      { method: route.method, path: url.pathname, query: url.searchParams, body: () => json(text) },
      parameters,
    );
    if (faults.dropReplies > 0) {
      faults.dropReplies -= 1;
      breakOff(response, JSON.stringify(body));
      return;
    }
    send(account, response, status, body, headers);
    faults.afterPage?.(operation);
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      const failure = error instanceof VendorError ? error : new VendorError(500, "INTERNAL_ERROR", "internal error");
      if (!(error instanceof VendorError)) process.emitWarning(error instanceof Error ? error : String(error));
      send(account, response, failure.status, failure.body(), failure.extras.headers ?? {});
    });
  });
  server.keepAliveTimeout = 30_000;
  return server;
}

function routesOf({ account, faults, portalId }: TwinServerOptions): Route[] {
  const typed = (parameters: Record<string, string>): ObjectType => {
    const { type } = parameters;
    if (type === "contacts" || type === "companies" || type === "deals") return type;
    throw notFound();
  };
  const read = "crm.objects.:type.read";
  const contactsOnly = (parameters: Record<string, string>): void => {
    if (typed(parameters) !== "contacts")
      throw new VendorError(403, "FORBIDDEN", "The twin takes writes to contacts alone.");
  };
  return [
    {
      method: "GET",
      path: "/account-info/v3/details",
      handle: () => ({
        status: 200,
        body: {
          portalId,
          accountType: "STANDARD",
          timeZone: "Europe/London",
          companyCurrency: "GBP",
          additionalCurrencies: [],
          utcOffset: "+00:00",
          utcOffsetMilliseconds: 0,
          uiDomain: "app.hubspot.com",
          dataHostingLocation: "eu1",
        },
      }),
    },
    {
      method: "GET",
      path: "/crm/v3/objects/:type",
      scope: read,
      handle: ({ query }, p) => listObjects(account, typed(p), query),
    },
    {
      method: "GET",
      path: "/crm/v3/objects/:type/:id",
      scope: read,
      handle: ({ query }, p) => getObject(account, typed(p), p.id ?? "", query),
    },
    {
      method: "POST",
      path: "/crm/v3/objects/:type/search",
      scope: read,
      bucket: "search",
      handle: ({ body }, p) => {
        const type = typed(p);
        const asked = parsed(searchBody, body());
        const { total, page, after } = search(account, type, asked, faults.searchCap);
        const results = page.map((object) => present(account, type, object, asked.properties, "search"));
        return {
          status: 200,
          body: { total, results, ...(after === undefined ? {} : { paging: { next: { after } } }) },
        };
      },
    },
    {
      method: "POST",
      path: "/crm/v3/objects/:type/batch/read",
      scope: read,
      handle: ({ body, query }, p) => batchRead(account, typed(p), body(), query.get("archived") === "true"),
    },
    {
      method: "POST",
      path: "/crm/v3/objects/:type/batch/update",
      scope: "crm.objects.:type.write",
      handle: ({ body }, p) => {
        contactsOnly(p);
        return batchUpdate(account, "contacts", body(), faults);
      },
    },
    {
      method: "POST",
      path: "/crm/v3/objects/contacts/merge",
      scope: "crm.objects.contacts.write",
      handle: ({ body }) => mergeContacts(account, body()),
    },
    {
      method: "POST",
      path: "/crm/v4/associations/:type/contacts/batch/read",
      scope: read,
      handle: ({ body }, p) => {
        const type = typed(p);
        if (type === "contacts") throw notFound();
        return associations(account, type, body());
      },
    },
    {
      method: "POST",
      path: "/communication-preferences/v4/statuses/batch/read",
      scope: "communication_preferences.statuses.batch.read",
      handle: ({ body, query }) => readStatuses(account, body(), query.get("channel")),
    },
    {
      method: "GET",
      path: "/crm/v3/properties/contacts",
      scope: "crm.schemas.contacts.read",
      handle: ({ query }) => listProperties(account, query.get("archived") === "true"),
    },
    {
      method: "POST",
      path: "/crm/v3/properties/contacts",
      scope: "crm.schemas.contacts.write",
      handle: ({ body }) => createProperty(account, body()),
    },
    {
      method: "GET",
      path: "/crm/v3/properties/contacts/:name",
      scope: "crm.schemas.contacts.read",
      handle: ({ query }, p) => getProperty(account, p.name ?? "", query.get("archived") === "true"),
    },
    {
      method: "PATCH",
      path: "/crm/v3/properties/contacts/:name",
      scope: "crm.schemas.contacts.write",
      handle: ({ body }, p) => patchProperty(account, p.name ?? "", body()),
    },
    {
      method: "GET",
      path: "/crm/v3/properties/contacts/groups/:name",
      scope: "crm.schemas.contacts.read",
      handle: (_, p) => getGroup(account, p.name ?? ""),
    },
    {
      method: "POST",
      path: "/crm/v3/properties/contacts/groups",
      scope: "crm.schemas.contacts.write",
      handle: ({ body }) => createGroup(account, body()),
    },
  ];
}

function find(routes: Route[], method: string, path: string): { route: Route; parameters: Record<string, string> } {
  const segments = path.split("/");
  let known = false;
  for (const route of routes) {
    const parameters = match(route.path.split("/"), segments);
    if (parameters === null) continue;
    known = true;
    if (route.method === method) return { route, parameters };
  }
  throw known ? methodNotAllowed() : notFound();
}

function match(pattern: string[], segments: string[]): Record<string, string> | null {
  if (pattern.length !== segments.length) return null;
  const parameters: Record<string, string> = {};
  for (const [n, part] of pattern.entries()) {
    const segment = segments[n] ?? "";
    if (part.startsWith(":")) parameters[part.slice(1)] = decodeURIComponent(segment);
    else if (part !== segment) return null;
  }
  return parameters;
}

function refuseOnPurpose(faults: HubspotFaults): void {
  const { throttle, breakServer } = faults;
  if (throttle.count > 0) {
    throttle.count -= 1;
    throw rateLimited(throttle.policyName ?? "TEN_SECONDLY_ROLLING", throttle.retryAfterSeconds);
  }
  if (breakServer.count > 0) {
    breakServer.count -= 1;
    const wait = breakServer.retryAfterSeconds;
    throw new VendorError(
      breakServer.status,
      "INTERNAL_ERROR",
      "internal error",
      wait === undefined ? {} : { headers: { "retry-after": String(wait) } },
    );
  }
}

function authorise(
  request: IncomingMessage,
  { accessToken, faults }: TwinServerOptions,
  scope: string | undefined,
): void {
  const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (token !== accessToken || faults.revokedTokens.has(token))
    throw new VendorError(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or invalid.");
  if (scope === undefined || !faults.missingScopes.has(scope)) return;
  throw new VendorError(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.", {
    errors: [
      { message: "One or more of the following scopes are required.", context: { requiredGranularScopes: [scope] } },
    ],
  });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const part = Buffer.from(chunk);
    size += part.length;
    if (size > LARGEST_BODY) throw new VendorError(413, "VALIDATION_ERROR", "The request is too large.");
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The vendor says no more than this either.
    throw invalidInput("Invalid input JSON");
  }
}

function send(
  account: Account,
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string>,
): void {
  if (response.headersSent) return;
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json;charset=utf-8",
    "content-length": Buffer.byteLength(text),
    date: new Date(account.now).toUTCString(),
    "x-hubspot-correlation-id": randomUUID(),
    ...headers,
  });
  response.end(text);
}

function breakOff(response: ServerResponse, text: string): void {
  response.writeHead(200, {
    "content-type": "application/json;charset=utf-8",
    "content-length": Buffer.byteLength(text),
  });
  response.write(text.slice(0, text.length / 2), () => response.destroy());
}

function sendPage(account: Account, url: URL, response: ServerResponse): void {
  const id = /^\/contacts\/(\d+)$/.exec(url.pathname)?.[1];
  const html = id === undefined ? contactListPage(account, url.searchParams.get("q") ?? "") : contactPage(account, id);
  response.writeHead(html === null ? 404 : 200, {
    "content-type": "text/html; charset=utf-8",
    // The page shows other people's text: nothing in it may run.
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
  });
  response.end(html ?? "<!doctype html><title>Not found</title><p>No such contact.</p>");
}
