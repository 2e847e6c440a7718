/** HTTP for every twin: who may call, how often, which route, and the faults on the way in and out. */
import { setTimeout as sleep } from "node:timers/promises";
import { fastify } from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { strikes } from "./faults.ts";
import { IdempotencyKeys } from "./idempotency.ts";
import { disturbPage, withoutCursor } from "./page-faults.ts";
import type { Call, Reply, Route, TwinDefinition } from "./route.ts";
import { VendorError, withRetryAfter } from "./vendor-error.ts";

const LARGEST_BODY = 8_000_000;
/** Longer than any client's, so that a kept connection is not closed while a request is on its way. */
const KEEP_ALIVE_MS = 120_000;
/** A page of the outside world must not reach a twin under a name of its own (DNS rebinding). */
const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])(:\d+)?$/;
const PAGE_HEADERS = {
  "content-type": "text/html; charset=utf-8",
  // The page shows other people's text: nothing in it may run.
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
};

/** A form on it leads back to whoever sent the person here, which is on this machine. */
const FORM_HEADERS = {
  ...PAGE_HEADERS,
  "content-security-policy":
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http://localhost:* http://127.0.0.1:*",
};

export class TwinServer {
  /** Calls so far, by operation. */
  readonly requests = new Map<string, number>();
  /** Answers so far, by operation and status: `GET /v1/customers 429`. */
  readonly answers = new Map<string, number>();
  /** Calls of routes that the twin does not have. */
  readonly missingRoutes = new Set<string>();
  /** What its error replies said, in its own words. */
  readonly said = new Set<string>();
  /** Idempotency keys that came with writes; null: the vendor takes none. */
  readonly idempotencyKeys: Set<string> | null;
  /** What went wrong inside the twin itself. */
  readonly crashes: unknown[] = [];
  readonly #definition: TwinDefinition;
  readonly #app: FastifyInstance;
  readonly #keys: IdempotencyKeys | null;
  #served = 0;

  constructor(definition: TwinDefinition, keys: IdempotencyKeys | null) {
    this.#definition = definition;
    this.#keys = keys;
    this.idempotencyKeys = keys === null ? null : new Set();
    this.#app = fastify({
      bodyLimit: LARGEST_BODY,
      keepAliveTimeout: KEEP_ALIVE_MS,
      forceCloseConnections: true,
      exposeHeadRoutes: false,
      routerOptions: { maxParamLength: 1_000 },
    });
    this.#declare();
  }

  async listen(port: number): Promise<string> {
    return this.#app.listen({ port, host: "127.0.0.1" });
  }

  /** @throws AggregateError when something went wrong inside the twin: what it answered proves nothing. */
  async close(): Promise<void> {
    await this.#app.close();
    if (this.crashes.length > 0)
      throw new AggregateError(this.crashes, `The ${this.#definition.title} twin failed ${this.crashes.length} times.`);
  }

  #declare(): void {
    const app = this.#app;
    const { routes, pages, parts = [] } = this.#definition;
    // Bodies are the routes' own to parse, as strictly as the vendor does.
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", { parseAs: "string" }, (_, body, done) => done(null, body));
    app.addHook("onRequest", (request, reply, done) => {
      if (LOOPBACK.test(request.headers.host ?? "")) done();
      else void reply.code(403).send(`A twin answers to loopback names only, not to "${request.headers.host ?? ""}".`);
    });
    for (const [operation, route] of Object.entries(routes)) this.#add(operation, route, true);
    for (const { open } of parts)
      for (const [operation, route] of Object.entries(open)) this.#add(operation, route, false);
    for (const [path, render] of Object.entries(pages))
      app.get(path, (request, reply) => {
        const page = render(paramsOf(request), queryOf(request));
        return reply
          .code(page === null ? 404 : 200)
          .headers(PAGE_HEADERS)
          .send(page ?? "<!doctype html><title>Not found</title><p>There is no such record.</p>");
      });
    app.setNotFoundHandler((request, reply) => this.#unknown(request, reply));
    app.setErrorHandler((error, request, reply) =>
      this.#failed(error, callOf(this.#definition, "", request, ""), reply),
    );
  }

  #add(operation: string, route: Route, guarded: boolean): void {
    const [method = "GET", url = "/"] = operation.split(" ");
    const process = this.#definition.account.now().toString(36);
    this.#app.route({
      method,
      url,
      handler: (request, reply) => {
        const call = callOf(this.#definition, operation, request, `req_${process}${++this.#served}`);
        count(this.requests, operation);
        const delayMs = this.#definition.account.faults.delayMs + (route.delayMs?.() ?? 0);
        if (delayMs === 0) return this.#answer(call, route, guarded, reply);
        return sleep(delayMs).then(() => this.#answer(call, route, guarded, reply));
      },
    });
  }

  /** Nothing waits from here to the commit: requests never interleave. */
  #answer(call: Call, route: Route, guarded: boolean, reply: FastifyReply): FastifyReply {
    const { account } = this.#definition;
    const { faults } = account;
    try {
      if (strikes(faults.redirect, "count")) return reply.redirect(`${faults.redirect.to}${call.path}`, 307);
      if (strikes(faults.htmlError, "count")) {
        const { status } = faults.htmlError;
        count(this.answers, `${call.operation} ${status}`);
        return reply
          .code(status)
          .headers(PAGE_HEADERS)
          .send(`<html><title>${status}</title><h1>Error ${status}</h1></html>`);
      }
      if (!account.ready) throw this.#definition.errors.broken(503);
      const headers = guarded ? this.#admit(call, route) : {};
      const answer = this.#carriedOut(faults.stuckCursor ? withoutCursor(this.#definition.paging, call) : call, route);
      disturbPage(this.#definition, call, route, answer);
      this.#send(call, reply, answer, headers);
      faults.afterAnswer?.(call.operation);
    } catch (error) {
      this.#failed(error, call, reply);
    }
    return reply;
  }

  #admit(call: Call, route: Route): Record<string, string> {
    const { account, errors, authorised, admit } = this.#definition;
    const { faults } = account;
    if (!authorised(call.headers)) throw errors.unauthorised(false);
    if (faults.revoked) throw errors.unauthorised(true);
    if (strikes(faults.throttle, "count"))
      throw withRetryAfter(errors.throttled(faults.throttle.reason), faults.throttle.retryAfterSeconds);
    const headers = admit(call, route);
    if (strikes(faults.breakServer, "count"))
      throw withRetryAfter(errors.broken(faults.breakServer.status ?? 503), faults.breakServer.retryAfterSeconds);
    const { permission } = route;
    const isDenied = (name: string) =>
      faults.denied.has(name) || this.#definition.grants?.(call.headers, name) === false;
    if (permission !== undefined && isDenied(permission)) throw errors.denied(permission);
    return headers;
  }

  /** What was done is in the journal before anybody is told of it. */
  #carriedOut(call: Call, route: Route): Reply {
    try {
      if (this.#keys === null || route.idempotent !== true) return route.handle(call);
      const key = call.headers[this.#definition.idempotency?.header ?? ""];
      if (typeof key === "string") this.idempotencyKeys?.add(key);
      return this.#keys.once(call, () => route.handle(call));
    } finally {
      this.#definition.account.commit();
    }
  }

  #send(call: Call, reply: FastifyReply, answer: Reply, headers: Record<string, string>): void {
    const text = answer.page ?? JSON.stringify(answer.body);
    count(this.answers, `${call.operation} ${answer.status}`);
    const all = {
      "content-type": "application/json;charset=utf-8",
      date: new Date(this.#definition.account.now()).toUTCString(),
      ...this.#definition.headers(call),
      ...headers,
      ...(answer.page === undefined ? {} : FORM_HEADERS),
      ...answer.headers,
    };
    const isLost =
      answer.lost === true || (answer.status < 400 && strikes(this.#definition.account.faults, "dropReply"));
    if (!isLost) {
      reply.code(answer.status).headers(all).send(text);
      return;
    }
    reply.hijack();
    reply.raw.writeHead(answer.status, { ...all, "content-length": Buffer.byteLength(text) });
    reply.raw.write(text.slice(0, text.length / 2), () => reply.raw.destroy());
  }

  #failed(error: unknown, call: Call, reply: FastifyReply): void {
    if (error instanceof VendorError) {
      this.said.add(error.message);
      this.#send(call, reply, { status: error.status, body: error.body, headers: error.headers }, {});
      return;
    }
    this.crashes.push(error);
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    process.stderr.write(`The ${this.#definition.title} twin failed at ${call.method} ${call.path}:\n${stack}\n`);
    reply.code(500).type("text/plain").send(stack);
  }

  #unknown(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const { errors, routes } = this.#definition;
    const call = callOf(this.#definition, `${request.method} ${request.url}`, request, "");
    const known = Object.keys(routes).some((operation) => matches(operation.split(" ")[1] ?? "", call.path));
    this.missingRoutes.add(`${call.method} ${call.path}`);
    const make = known ? errors.wrongMethod : errors.unknownRoute;
    this.#failed(make(call.method, call.path), { ...call, operation: "unknown" }, reply);
    return reply;
  }
}

function callOf({ errors }: TwinDefinition, operation: string, request: FastifyRequest, requestId: string): Call {
  const text = typeof request.body === "string" ? request.body : "";
  const [path = "/"] = request.url.split("?");
  return {
    method: request.method,
    path,
    operation,
    params: paramsOf(request),
    query: queryOf(request),
    text,
    headers: request.headers,
    requestId,
    body(schema) {
      const parsed = schema.safeParse(jsonOf(text, () => errors.invalidBody("")));
      if (parsed.success) return parsed.data;
      throw errors.invalidBody(z.prettifyError(parsed.error).replaceAll("\n", " "));
    },
  };
}

function paramsOf(request: FastifyRequest): Record<string, string> {
  // Fastify decodes what stands in the path.
  return request.params as Record<string, string>;
}

function queryOf(request: FastifyRequest): URLSearchParams {
  const at = request.url.indexOf("?");
  return new URLSearchParams(at < 0 ? "" : request.url.slice(at + 1));
}

function jsonOf(text: string, refusal: () => Error): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal();
  }
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split("/");
  const given = path.split("/");
  return wanted.length === given.length && wanted.every((part, n) => part.startsWith(":") || part === given[n]);
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
