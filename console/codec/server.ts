/**
 * Temporal's remote codec: lets Temporal's page and its command line show what workflows hold, failures included, to
 * whoever has the master key. https://docs.temporal.io/remote-data-encoding (read 2026-11)
 */
import { createHash, timingSafeEqual } from "node:crypto";
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ValueError } from "@temporalio/common";
import type { Payload, PayloadCodec } from "@temporalio/common";
import { z } from "zod";
import type { Logger } from "#logger.ts";

export interface CodecServerOptions {
  codec: PayloadCodec;
  /** Whose payloads these are; a request that names another namespace is refused. */
  namespace: string;
  /** Null: whoever can reach it may ask, so it must listen on loopback alone. */
  token: string | null;
  /** Pages that may ask, as `http://127.0.0.1:8233`. */
  origins: readonly string[];
  /** Whether it also encrypts: then whoever may ask can hand workers inputs of their own. */
  encodes: boolean;
  log: Logger;
}

const base64 = z.base64().transform((text): Uint8Array => Buffer.from(text, "base64"));
/** Protobuf's own JSON: bytes as base64; what is empty may be left out. */
const payloads = z.object({
  payloads: z
    .array(z.object({ metadata: z.record(z.string(), base64).default({}), data: base64.default(new Uint8Array()) }))
    .max(10_000)
    .default([]),
});

/** Temporal lets a single payload have 2 MB, a third more as base64, and sends a page of them. */
const BODY_BYTES = 16 * 1024 ** 2;

const LOOPBACK = new Set(["localhost", "127.0.0.1", "[::1]"]);

export function createCodecServer(options: CodecServerOptions): FastifyInstance {
  const { codec, encodes, log } = options;
  const app = Fastify({ bodyLimit: BODY_BYTES });
  app.addHook("onRequest", async (request, reply) => {
    allowOrigin(request, reply, options);
    reply.header("cache-control", "no-store").header("x-content-type-options", "nosniff");
    const refusal = refusalOf(request, options);
    if (refusal !== null) return reply.code(refusal.code).send({ error: refusal.says });
    return undefined;
  });
  app.setErrorHandler((error, request, reply) => {
    // What is wrong with somebody's payload may be said; nothing of what is in it.
    if (error instanceof z.ZodError) return reply.code(400).send({ error: 'Expected is {"payloads": [...]}.' });
    if (error instanceof ValueError) return reply.code(400).send({ error: error.message });
    const { statusCode } = z.object({ statusCode: z.number().optional() }).parse(error);
    if (statusCode !== undefined && statusCode < 500)
      return reply.code(statusCode).send({ error: "The request is not understood." });
    log.warn({ err: error, route: request.routeOptions.url }, "a payload could not be decoded");
    return reply.code(400).send({ error: "A payload could not be read: it was changed, or is not one of ours." });
  });
  app.setNotFoundHandler((_request, reply) =>
    reply.code(404).send({ error: "There is /decode here, and nothing else." }),
  );

  const answer = async (request: FastifyRequest, work: (given: Payload[]) => Promise<Payload[]>) => ({
    payloads: (await work(payloads.parse(request.body).payloads)).map(toJson),
  });
  app.post("/decode", (request) => answer(request, (given) => decodeOurs(given, codec)));
  if (encodes) app.post("/encode", (request) => answer(request, (given) => codec.encode(given)));
  // The preflight of browsers: answered with the headers above alone.
  app.options("/*", (_request, reply) => reply.code(204).send());
  return app;
}

/** Temporal's page sends every payload it has, also those that were never encrypted: these come back as they are. */
async function decodeOurs(given: Payload[], codec: PayloadCodec): Promise<Payload[]> {
  const isOurs = ({ metadata }: Payload) =>
    Buffer.from(metadata?.["encoding"] ?? []).toString("utf8") === "binary/encrypted";
  const decoded = await codec.decode(given.filter(isOurs));
  let next = 0;
  return given.map((payload) => (isOurs(payload) ? (decoded[next++] ?? payload) : payload));
}

const text = (bytes: Uint8Array | null | undefined) => Buffer.from(bytes ?? []).toString("base64");

const toJson = ({ metadata, data }: Payload) => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, text(value)])),
  data: text(data),
});

function allowOrigin({ headers }: FastifyRequest, reply: FastifyReply, { origins }: CodecServerOptions): void {
  reply.header("vary", "Origin");
  if (headers.origin === undefined || !origins.includes(headers.origin)) return;
  reply
    .header("access-control-allow-origin", headers.origin)
    .header("access-control-allow-credentials", "true")
    .header("access-control-allow-methods", "POST, OPTIONS")
    .header("access-control-allow-headers", "authorization, content-type, x-namespace")
    .header("access-control-max-age", "600");
}

function refusalOf(
  { method, headers }: FastifyRequest,
  { namespace, token, origins }: CodecServerOptions,
): { code: number; says: string } | null {
  if (headers.origin !== undefined && !origins.includes(headers.origin))
    return { code: 403, says: "This page may not ask: name it with --origin." };
  // A page of another site can make its own name lead here (DNS rebinding); the browser then sends that name.
  if (token === null && !LOOPBACK.has((headers.host ?? "").toLowerCase().replace(/:\d+$/, "")))
    return { code: 421, says: "Without a token this server is known as localhost alone." };
  // A preflight carries no credentials.
  if (method === "OPTIONS") return null;
  if (token !== null && !isToken(headers.authorization, token))
    return { code: 401, says: "Expected is `Authorization: Bearer` with the token of this server." };
  // Temporal's command line leaves it empty where none was named to it.
  const asked = headers["x-namespace"] ?? "";
  if (asked !== "" && asked !== namespace)
    return { code: 403, says: `This server decodes payloads of the namespace ${namespace} alone.` };
  return null;
}

function isToken(header: string | undefined, token: string): boolean {
  const digest = (value: string) => createHash("sha256").update(value).digest();
  return timingSafeEqual(digest(header ?? ""), digest(`Bearer ${token}`));
}
