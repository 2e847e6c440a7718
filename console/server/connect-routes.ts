/** Signing in at a tool through a browser: the link, the vendor's answer, how it ended, and what is connected. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import { signInsOf } from "#connectors/core/auth.ts";
import { clientOf, clientVariables } from "#connectors/core/oauth/sign-in.ts";
import { connectors } from "#connectors/registry.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { Refusal } from "../refusal.ts";
import { CALLBACK_PATH, endingOf, endSignIn, openSignIn, type SignInDependencies } from "../sign-in.ts";
import type { Html } from "./html.ts";
import { beginPage, endPage, refusedPage } from "./pages/connect.ts";

/** Of a browser, however many sign-ins it has open. */
const COOKIE = "tributary_sign_in";
const SECRET = /^[\w-]{43}$/;

const ticketParams = z.object({ ticket: z.string().regex(SECRET) });
const endParams = z.object({ workspaceId: z.uuid(), signInId: z.uuid() });

export interface ConnectRoutes {
  deps: SignInDependencies;
  /** Shows a page under the section of connections. */
  send(reply: FastifyReply, code: number, title: string, body: Html): FastifyReply;
}

export interface SignInWay {
  connector: string;
  way: string;
  app: string;
  /** The operator has set the app's id and secret for this console. */
  isSetUp: boolean;
  variables: string[];
}

/** What the command line asks: which variables are set is known to the console alone. */
export function signInWays(): SignInWay[] {
  return connectors.flatMap(({ id, auth }) =>
    signInsOf(auth).map((way) => ({
      ...{ connector: id, way: way.id, app: way.app, variables: clientVariables(way) },
      isSetUp: clientOf(way, null, process.env) !== null,
    })),
  );
}

export function connectRoutes(app: FastifyInstance, { deps, send }: ConnectRoutes): void {
  const get = (path: string, handle: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply>) =>
    // A look at the head of a page must not use up its link.
    app.get(path, { exposeHeadRoute: false }, async (request, reply) => {
      try {
        return await handle(request, reply);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const code = { words: 400, missing: 404, state: 409, vendor: 502 }[error.because];
        return send(reply, code, "Not connected", refusedPage(error.message));
      }
    });

  app.get("/api/sign-ins", () => signInWays());

  get(CALLBACK_PATH, async (request, reply) => {
    const at = request.url.indexOf("?");
    const { workspaceId, signInId } = await endSignIn(
      deps,
      at < 0 ? "" : request.url.slice(at + 1),
      browserOf(request),
    );
    // The code and the state do not stay in the address, nor in what the browser remembers.
    return reply.redirect(`/connect/ended/${workspaceId}/${signInId}`, 303);
  });

  get("/connect/ended/:workspaceId/:signInId", async (request, reply) => {
    const { workspaceId, signInId } = endParams.parse(request.params);
    const attempt = await deps.signInAttempts.get(workspaceId as WorkspaceId, signInId);
    const ending = attempt === null ? null : endingOf(attempt);
    if (attempt === null || ending === null) throw new Refusal("There is no such sign-in.", "missing");
    if (ending.outcome === "refused") return send(reply, 200, "Not connected", refusedPage(ending.why));
    const { connector, connectionId } = attempt;
    const connection = await deps.connections.get(
      attempt.workspaceId,
      (connectionId ?? ending.connectionId) as Parameters<typeof deps.connections.get>[1],
    );
    return send(reply, 200, "Connected", endPage({ connector, connection, ending }));
  });

  get("/connect/:ticket", async (request, reply) => {
    const { data } = ticketParams.safeParse(request.params);
    if (data === undefined) throw new Refusal("This link is not whole: copy all of it.", "words");
    // A browser that looks ahead is not a person who opens a link.
    if (String(request.headers["sec-purpose"] ?? request.headers["purpose"] ?? "").includes("prefetch"))
      return reply.code(503).send();
    const { attempt, connector, way, browser, url } = await openSignIn(deps, data.ticket, browserOf(request));
    const workspace = await deps.connections.getWorkspace(attempt.workspaceId);
    const secure = attempt.redirectUri.startsWith("https:") ? "; Secure" : "";
    // Lax: the vendor's page leads back here, which Strict would keep it from.
    reply.header("set-cookie", `${COOKIE}=${browser}; Path=/connect; HttpOnly; SameSite=Lax${secure}`);
    const body = beginPage({ connector, way, workspace: workspace?.name ?? "", url });
    return send(reply, 200, `Connect ${connector.title}`, body);
  });
}

function browserOf({ headers }: FastifyRequest): string | null {
  for (const part of (headers.cookie ?? "").split(";")) {
    const [name, value = ""] = part.trim().split("=");
    if (name === COOKIE && SECRET.test(value)) return value;
  }
  return null;
}
