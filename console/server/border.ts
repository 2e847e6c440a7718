/** What stands between the pages and the world: who may ask, how, and what a browser may do with the answer. */
import type { FastifyInstance } from "fastify";
import type { Config } from "#config.ts";

/** Nothing from elsewhere, nothing inline, no frames: a hostile name in a page can neither run nor call home. */
const POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** Addresses that carry nothing about anybody; a health check may use any host name. */
const OPEN = /^\/healthz$/;

/** Called by vendors' machines, under whichever name: each request is believed by its signature alone. */
const WEBHOOK = /^\/webhooks\//;

/**
 * @param hosts names the server is known by besides loopback's. A page of another site can make its own name lead here
 *   (DNS rebinding); the browser then sends that name, and it is refused.
 */
export function guard(app: FastifyInstance, hosts: readonly string[]): void {
  app.addHook("onRequest", async (request, reply) => {
    if (request.method === "POST" && WEBHOOK.test(request.url)) return undefined;
    if (request.method !== "GET" && request.method !== "HEAD") {
      return reply
        .code(405)
        .header("allow", "GET, HEAD")
        .send({ error: "The console is read-only: nothing is changed here." });
    }
    if (!OPEN.test(request.url) && !isOurs(request.headers.host, hosts)) {
      return reply
        .code(421)
        .send({ error: "This server is not known by that name; open it as localhost, or set TRIBUTARY_PUBLIC_URL." });
    }
    return undefined;
  });
  app.addHook("onSend", async (_request, reply) => {
    reply.header("content-security-policy", POLICY);
    reply.header("x-content-type-options", "nosniff");
    reply.header("x-frame-options", "DENY");
    reply.header("referrer-policy", "no-referrer");
    reply.header("cross-origin-opener-policy", "same-origin");
    reply.header("cross-origin-resource-policy", "same-origin");
    if (!reply.hasHeader("cache-control")) reply.header("cache-control", "no-store");
  });
}

/** Names the server is known by besides loopback's: where it listens, and where a proxy in front of it is reached. */
export function hostNames({ host, publicUrl }: Pick<Config["http"], "host" | "publicUrl">): string[] {
  return publicUrl === null ? [host] : [host, new URL(publicUrl).hostname];
}

function isOurs(header: string | undefined, hosts: readonly string[]): boolean {
  const name = (header ?? "").toLowerCase().replace(/:\d+$/, "");
  return name === "localhost" || name === "127.0.0.1" || name === "[::1]" || hosts.includes(name);
}
