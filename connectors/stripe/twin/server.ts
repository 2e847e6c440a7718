/** The HTTP side: who may ask, how often, which endpoint, and the faults on the way in and out. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import type { Account } from "./account.ts";
import { ApiError, serverError } from "./api-error.ts";
import { dashboardPage } from "./dashboard.ts";
import { API_VERSION, strikes } from "./faults.ts";
import type { StripeFaults } from "./faults.ts";
import { parseForm } from "./form.ts";
import { expandParam, rejectUnknown } from "./params.ts";
import { READ_ROUTES } from "./reads.ts";
import type { Context, ReadRoute, WriteRoute } from "./route.ts";
import { lockTimeout, rateLimited } from "./throttle.ts";
import type { Throttle } from "./throttle.ts";
import { WRITE_ROUTES, answerOf } from "./writes.ts";

export interface ServerParts {
  account: Account;
  faults: StripeFaults;
  throttle: Throttle;
  apiKey: string;
  requests: Map<string, number>;
  /** Writes down what happened, once the request is done with. */
  commit: () => void;
}

interface Reply {
  status: number;
  body: unknown;
  headers: Record<string, string>;
}

type Route = ReadRoute | WriteRoute;

/** Routes by method and path, ids replaced by `:id`. */
const ROUTES = new Map<string, Route>([...READ_ROUTES, ...WRITE_ROUTES].map((route) => [route.operation, route]));

const MAX_BODY_BYTES = 1_000_000;

export function createTwinServer(parts: ServerParts): Server {
  let served = 0;
  const process = parts.account.now().toString(36);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    served += 1;
    const requestId = `req_${process}${served}`;
    const url = new URL(request.url ?? "/", "http://twin");
    if (url.pathname.startsWith("/dashboard")) {
      return sendPage(response, dashboardPage(parts.account, url.pathname, url.searchParams));
    }
    const body = await bodyOf(request);
    if (parts.faults.slowMs > 0) await sleep(parts.faults.slowMs);
    // From here to the commit nothing waits: requests never interleave.
    const reply = replyTo(parts, request, url, body, requestId);
    parts.commit();
    send(parts, request, response, requestId, reply);
  };
  return createServer((request, response) => {
    // A client that went away while sending, or a fault of the twin's own: this request ends, the others go on.
    serve(request, response).catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
}

function replyTo(parts: ServerParts, request: IncomingMessage, url: URL, body: string, requestId: string): Reply {
  try {
    const { operation, route, id } = routeOf(request.method ?? "GET", url.pathname);
    parts.requests.set(operation, (parts.requests.get(operation) ?? 0) + 1);
    authenticate(parts, request);
    if (strikes(parts.faults, "rateLimitNext")) throw rateLimited("endpoint-rate", parts.faults.retryAfterSeconds);
    parts.throttle.take(operation);
    if (strikes(parts.faults, "failNext")) throw serverError();
    if (route === undefined) throw unknownUrl(request.method ?? "GET", url.pathname);
    permit(parts.faults, route.permission);
    const text = request.method === "POST" ? body : url.search.slice(1);
    const params = parseForm(text);
    rejectUnknown(params, route.params);
    expandParam(params, route.expandable);
    const key = request.headers["idempotency-key"];
    const facts = { id: requestId, idempotency_key: typeof key === "string" ? key : null };
    const context: Context = { account: parts.account, faults: parts.faults, params, id, request: facts };
    if ("read" in route) return { status: 200, body: route.read(context), headers: {} };
    return write(route, context, `${request.method} ${url.pathname}?${text}`);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return { status: error.status, body: { error: error.body }, headers: error.headers };
  }
}

function write(route: WriteRoute, context: Context, request: string): Reply {
  const { account, faults, params } = context;
  const { id: requestId, idempotency_key: key } = context.request;
  const kept = key === null ? undefined : account.keys.find(key, request, account.now());
  if (kept !== undefined) {
    const headers = { "idempotent-replayed": "true", "original-request": kept.requestId };
    if (kept.answer === "server_error") return { status: 500, body: { error: serverError().body }, headers };
    return { status: 200, body: answerOf(account, route, params, kept.answer), headers };
  }
  if (strikes(faults, "lockTimeoutNext")) throw lockTimeout();
  const keep = (answer: Parameters<typeof account.keepReply>[1]["answer"]) => {
    if (key !== null) account.keepReply(key, { at: account.now(), requestId: requestId ?? "", request, answer });
  };
  if (strikes(faults, "failAndKeepNext")) {
    keep("server_error");
    throw serverError();
  }
  const change = route.write(context);
  if (strikes(faults, "failAfterWriteNext")) {
    keep("server_error");
    throw serverError();
  }
  keep(change);
  return { status: 200, body: answerOf(account, route, params, change), headers: {} };
}

function routeOf(method: string, path: string): { operation: string; route: Route | undefined; id: string } {
  const [, version, name = "", id = "", ...more] = path.split("/");
  const operation = `${method} /${version}/${name}${id === "" ? "" : "/:id"}`;
  const route = more.length === 0 ? ROUTES.get(operation) : undefined;
  return { operation, route, id: decodeURIComponent(id) };
}

function authenticate({ faults, apiKey }: ServerParts, request: IncomingMessage): void {
  const [scheme = "", value = ""] = (request.headers.authorization ?? "").split(" ");
  const given = scheme === "Basic" ? Buffer.from(value, "base64").toString().split(":")[0] : value;
  if (scheme === "" || given === "") {
    throw new ApiError(401, { type: "invalid_request_error", message: "You did not provide an API key." });
  }
  if (given !== apiKey) {
    throw new ApiError(401, { type: "invalid_request_error", message: "Invalid API Key provided." });
  }
  if (faults.revoked) {
    throw new ApiError(401, {
      type: "invalid_request_error",
      code: "api_key_expired",
      message: "Expired API Key provided.",
    });
  }
}

function permit(faults: StripeFaults, permission: string): void {
  if (!faults.denied.has(permission)) return;
  throw new ApiError(403, {
    type: "invalid_request_error",
    message: `The provided key does not have the required permissions for this endpoint. Having the '${permission}' permission would allow this request to continue.`,
  });
}

function unknownUrl(method: string, path: string): ApiError {
  const message = `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs.`;
  return new ApiError(404, { type: "invalid_request_error", message });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Without `setEncoding` the chunks of a request are buffers.
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function send(
  parts: ServerParts,
  request: IncomingMessage,
  response: ServerResponse,
  requestId: string,
  reply: Reply,
): void {
  const body = Buffer.from(JSON.stringify(reply.body));
  const key = request.headers["idempotency-key"];
  response.writeHead(reply.status, {
    "content-type": "application/json",
    "content-length": body.length,
    date: new Date(parts.account.now()).toUTCString(),
    "request-id": requestId,
    "stripe-version": API_VERSION,
    ...(typeof key === "string" ? { "idempotency-key": key } : {}),
    ...reply.headers,
  });
  if (!strikes(parts.faults, "dropNext")) {
    response.end(body);
    return;
  }
  response.write(body.subarray(0, body.length >> 1), () => response.destroy());
}

function sendPage(response: ServerResponse, page: string | null): void {
  response.writeHead(page === null ? 404 : 200, {
    "content-type": "text/html; charset=utf-8",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'",
  });
  response.end(page ?? "<!doctype html><title>Not found</title><p>Not found</p>");
}
