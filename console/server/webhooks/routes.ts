/**
 * `POST /webhooks/<connector>` for an app that serves all accounts, `/webhooks/<connector>/<connection>` for an account's own
 * endpoint. A request is read as bytes, believed or refused by its signature and age, and answered 2xx when its events are
 * committed. What they mean is found out afterwards, by asking the vendor.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { Connector } from "#connectors/core/contract.ts";
import { isLoopback } from "#connectors/core/loopback.ts";
import { doubtAbout, type ParsedWebhook, type Webhooks } from "#connectors/core/webhooks.ts";
import type { Logger } from "#logger.ts";
import type { ConnectionId } from "#profile/ids.ts";
import { IntakeFull, type Intake } from "./intake.ts";
import type { RefusalCounter } from "./refusals.ts";
import type { Senders } from "./secrets.ts";

export interface WebhookRoutes {
  connectors: readonly Connector[];
  senders: Senders;
  intake: Intake;
  refusals: RefusalCounter;
  /** Where vendors reach us; null: only who is on this machine can. */
  publicUrl: string | null;
  now(): number;
  log: Logger;
}

/** A hundred events of the longest kind are a fraction of it. */
const LARGEST_BODY = 1_000_000;

const withConnection = z.object({ connector: z.string(), connection: z.uuid().optional() });

/** Answered by the vendor's machines: a status, and a word for who looks at their log. */
export function webhookRoutes(app: FastifyInstance, options: WebhookRoutes): void {
  void app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser("*", { parseAs: "buffer", bodyLimit: LARGEST_BODY }, (_request, body, done) =>
      done(null, body),
    );
    scope.setErrorHandler((error, request, reply) => refuseFailed(error, request, reply, options.log));
    const handler = (request: FastifyRequest, reply: FastifyReply) => take(options, request, reply);
    scope.post("/webhooks/:connector", handler);
    scope.post("/webhooks/:connector/:connection", handler);
  });
}

async function take(options: WebhookRoutes, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  const { senders, intake, refusals } = options;
  const asked = withConnection.safeParse(request.params).data;
  const connector = options.connectors.find(({ id }) => id === asked?.connector);
  if (asked === undefined || connector?.webhooks === undefined) return answer(reply, 404, "There is no such address.");
  const connectionId = (asked.connection as ConnectionId | undefined) ?? null;
  const refuse = (reason: string, requests = 1) =>
    refusals.note({ connector: connector.id, connectionId, reason }, requests);
  const { webhooks } = connector;
  // Before anything is looked up.
  if (webhooks.signed(request.headers) === null) {
    if (connectionId === null) refuse("unsigned");
    return answer(reply, 401, "The request is not signed.");
  }
  const sender = connectionId === null ? senders.ofApp(connector) : await senders.ofConnection(connector, connectionId);
  if (sender === null) return answer(reply, 404, "There is no such address.");
  if (sender.secrets.length === 0) {
    refuse("no secret here");
    return answer(reply, 503, "No secret for this address is known here yet.");
  }
  const url = urlOf(request, options.publicUrl);
  if (url === null) {
    refuse("no public address");
    return answer(reply, 503, "TRIBUTARY_PUBLIC_URL is not set here.");
  }
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  const { method, headers } = request;
  const doubt = doubtAbout(webhooks, { method, url, headers, body }, sender.secrets, options.now());
  if (doubt !== null) {
    refuse(doubt);
    return answer(reply, 401, `Refused: ${doubt}.`);
  }
  const parsed = parsedBody(webhooks, body);
  if (parsed === null) {
    refuse("not JSON");
    return answer(reply, 400, "The body is not JSON.");
  }
  if (parsed.unreadable > 0) refuse("unknown form", parsed.unreadable);
  // A connection's own address is for its account alone, whatever an event says.
  const events = parsed.events.flatMap((event) => {
    const account = sender.account ?? event.account;
    const isForeign = account === null || (event.account !== null && event.account !== account);
    return isForeign ? [] : { ...event, account, connector: connector.id };
  });
  if (events.length < parsed.events.length) refuse("unknown account", parsed.events.length - events.length);
  if (events.length > 0) await intake.take(events);
  return answer(reply, 200, "Taken.");
}

/**
 * As the vendor called it: the host is what the operator says, never what the request does. On this machine, where nobody says,
 * it is the request's own.
 */
function urlOf(request: FastifyRequest, publicUrl: string | null): string | null {
  if (publicUrl !== null) return `${publicUrl.replace(/\/$/, "")}${request.url}`;
  const { host = "" } = request.headers;
  return isLoopback(host.replace(/:\d+$/, "")) ? `http://${host}${request.url}` : null;
}

function parsedBody(webhooks: Webhooks, body: Buffer): ParsedWebhook | null {
  try {
    return webhooks.parse(JSON.parse(body.toString("utf8")));
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

/** The vendor tries again, and what it sends then is known as a repetition should it have been stored after all. */
function refuseFailed(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger): FastifyReply {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  if (status === 413) return answer(reply, 413, "The body is too large.");
  if (error instanceof IntakeFull)
    return answer(reply.header("retry-after", "5"), 429, "Too many wait here; send it again later.");
  log.error({ err: error, route: request.routeOptions.url }, "webhooks could not be stored");
  return answer(reply.header("retry-after", "30"), 503, "It could not be stored; send it again later.");
}

function answer(reply: FastifyReply, code: number, words: string): FastifyReply {
  return reply.code(code).send({ result: words });
}
