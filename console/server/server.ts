/**
 * The HTTP server: health, JSON for programs, pages for people. It reads only, but that it ends a sign-in which somebody began
 * on the command line; approving is the command line's.
 */
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { Logger } from "#logger.ts";
import type { PlanId, ProfileId, WorkspaceId } from "#profile/ids.ts";
import type { ConnectionStore, Workspace } from "#profile/store/connections.ts";
import type { RejectReason } from "#profile/store/views/health.ts";
import type { IdentityStore } from "#profile/store/identity/store.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";
import type { ProfileViews } from "#profile/store/views/profile.ts";
import type { Reader } from "#profile/store/views/read.ts";
import type { RunStore } from "#profile/store/runs.ts";
import { DEMO_WORKSPACE } from "../workspaces.ts";
import { ICON, LOCAL_TIMES, STYLESHEET } from "./assets.ts";
import type { SignInDependencies } from "../sign-in.ts";
import { guard } from "./border.ts";
import { connectRoutes, signInWays } from "./connect-routes.ts";
import type { Html } from "./html.ts";
import { connectionsPage } from "./pages/connections.ts";
import { page, type Section } from "./pages/layout.ts";
import { messagePage } from "./pages/message.ts";
import { overviewPage } from "./pages/overview.ts";
import { planPage } from "./pages/plan.ts";
import { plansPage } from "./pages/plans.ts";
import { profilePage } from "./pages/profile.ts";
import { profilesPage } from "./pages/profiles.ts";
import { webhookRoutes, type WebhookRoutes } from "./webhooks/routes.ts";

export interface ServerStores {
  connections: ConnectionStore;
  identity: IdentityStore;
  plans: PlanStore;
  runs: RunStore;
  reader: Reader;
  views: ProfileViews;
  rejectReasons(workspaceId: WorkspaceId): Promise<RejectReason[]>;
}

export interface ServerOptions {
  stores: ServerStores;
  /** What signing in works with. */
  signIn: SignInDependencies;
  log: Logger;
  /** Names the server is known by besides loopback's. */
  hosts: readonly string[];
  /** Repeated by `/healthz`, so that whoever started this server knows it from another. */
  instance?: string | null;
  /** Throws when the database cannot be reached. */
  ping(): Promise<void>;
  /** Left out: none are taken. */
  webhooks?: WebhookRoutes;
}

const PAGE = 50;
const SAMPLE = 25;
const PING_MS = 3_000;
const idParams = z.object({ id: z.uuid() });
const listQuery = z.object({ after: z.uuid().optional() });
/** Postgres cannot hold a NUL, and no name or address has one. */
const searchQuery = z.object({
  q: z
    .string()
    .trim()
    .max(320)
    .refine((text) => !text.includes("\0"))
    .default(""),
});

export function createServer({
  stores,
  signIn,
  log,
  hosts,
  ping,
  webhooks,
  instance = null,
}: ServerOptions): FastifyInstance {
  // Addresses of requests can name people: Fastify logs nothing (no logger), we log failures, without the address.
  const app = Fastify();
  guard(app, hosts);
  if (webhooks !== undefined) webhookRoutes(app, webhooks);

  const sendPage = (reply: FastifyReply, code: number, title: string, body: Html, at: Section | null = null) =>
    reply
      .code(code)
      .type("text/html; charset=utf-8")
      .send(page({ title, workspace: "", at, body }));
  app.setNotFoundHandler((_request, reply) =>
    sendPage(reply, 404, "Not found", messagePage("Not found", "There is no such page.")),
  );
  app.setErrorHandler(async (error, request, reply) => {
    const isInvalid = error instanceof z.ZodError;
    if (!isInvalid) log.error({ err: error, route: request.routeOptions.url }, "request failed");
    const away =
      isInvalid || (await answers(ping)) ? null : "The database does not answer. It is tried again with each request.";
    const code = isInvalid ? 400 : away === null ? 500 : 503;
    const words = isInvalid
      ? "The address of this page is invalid."
      : (away ?? "Something went wrong here; the log says what.");
    if (request.routeOptions.url?.startsWith("/api/")) return reply.code(code).send({ error: words });
    return sendPage(reply, code, "That did not work", messagePage("That did not work", words));
  });

  for (const { address, type, content } of [STYLESHEET, LOCAL_TIMES, ICON]) {
    app.get(address, (_request, reply) =>
      reply.type(type).header("cache-control", "public, max-age=31536000, immutable").send(content),
    );
  }

  const known = instance === null ? {} : { instance };
  app.get("/healthz", async (_request, reply) =>
    (await answers(ping))
      ? { ok: true, ...known }
      : reply.code(503).send({ ok: false, ...known, reason: "The database does not answer." }),
  );

  const workspace = async (): Promise<Workspace | null> => {
    const all = await stores.connections.listWorkspaces();
    // One workspace at a time: a real business before the fictitious shop.
    const first = all.find(({ slug }) => slug !== DEMO_WORKSPACE) ?? all[0];
    return first === undefined ? null : stores.connections.getWorkspace(first.workspaceId);
  };
  /** @param body null: there is no such thing */
  const show = async (
    reply: FastifyReply,
    at: Section,
    title: string,
    body: (workspace: Workspace) => Promise<Html | null>,
  ) => {
    const current = await workspace();
    if (current === null)
      return sendPage(
        reply,
        200,
        "Welcome",
        messagePage("Welcome", "There is no workspace yet: tributary workspace create makes one."),
      );
    const content = (await body(current)) ?? null;
    reply.code(content === null ? 404 : 200).type("text/html; charset=utf-8");
    return page({
      title: content === null ? "Not found" : title,
      workspace: current.name,
      at,
      body: content ?? messagePage("Not found", "Nothing here has that id."),
    });
  };

  app.get("/", (_request, reply) =>
    show(reply, "overview", "Overview", async ({ workspaceId }) => {
      const [overview, streams, [run], plans, rejects] = await Promise.all([
        stores.reader.overview(workspaceId),
        stores.reader.streams(workspaceId),
        stores.runs.lastRuns(workspaceId, 1),
        stores.plans.list(workspaceId, PAGE),
        stores.rejectReasons(workspaceId),
      ]);
      return overviewPage({
        overview,
        streams,
        run,
        rejects,
        waiting: plans.filter(({ status }) => status === "waiting"),
      });
    }),
  );

  app.get("/profiles", (request, reply) => {
    const { after } = listQuery.parse(request.query);
    return show(reply, "profiles", "Customers", async ({ workspaceId }) => {
      const rows = await stores.views.page(workspaceId, { after: after ?? null, limit: PAGE });
      const next = rows.length < PAGE ? null : (rows.at(-1)?.profileId ?? null);
      return profilesPage({ rows, first: after === undefined, next });
    });
  });

  app.get("/profiles/find", async (request, reply) => {
    const { q } = searchQuery.parse(request.query);
    const current = await workspace();
    const found = current === null || q === "" ? undefined : await stores.identity.findProfile(current.workspaceId, q);
    if (found !== undefined) return reply.redirect(`/profiles/${found}`, 303);
    return show(reply, "profiles", "Customers", async () =>
      profilesPage({ rows: [], first: true, next: null, query: q }),
    );
  });

  app.get("/profiles/:id", (request, reply) =>
    show(reply, "profiles", "Customer", async ({ workspaceId }) => {
      const { data } = idParams.safeParse(request.params);
      // Old ids lead to the profile they became.
      const profileId: ProfileId | undefined = data && (await stores.identity.findProfile(workspaceId, data.id));
      const view = profileId === undefined ? null : await stores.views.profile(workspaceId, profileId);
      if (view === null || profileId === undefined) return null;
      return profilePage(view, await stores.identity.explain(workspaceId, profileId));
    }),
  );

  app.get("/plans", (_request, reply) =>
    show(reply, "plans", "Plans", async ({ workspaceId }) => plansPage(await stores.plans.list(workspaceId, PAGE))),
  );

  app.get("/plans/:id", (request, reply) =>
    show(reply, "plans", "Plan", async ({ workspaceId }) => {
      const { data } = idParams.safeParse(request.params);
      // The store looks only inside the workspace, whatever id is asked for.
      const plan = data && (await stores.plans.show(workspaceId, data.id as PlanId, { sample: SAMPLE }));
      return plan ? planPage(plan) : null;
    }),
  );

  app.get("/connect", (_request, reply) =>
    show(reply, "connections", "Connections", async ({ workspaceId }) => {
      const [connections, signIns] = await Promise.all([
        stores.connections.listConnections(workspaceId),
        signIn.credentials.signIns(workspaceId),
      ]);
      return connectionsPage({ connections, signIns, ways: signInWays() });
    }),
  );

  connectRoutes(app, {
    deps: { ...signIn, log },
    send: (reply, code, title, body) => sendPage(reply, code, title, body, "connections"),
  });

  app.get("/api/status", async () => {
    const current = await workspace();
    if (current === null) return { workspace: null };
    const { workspaceId, slug } = current;
    return {
      workspace: slug,
      overview: await stores.reader.overview(workspaceId),
      rejects: await stores.rejectReasons(workspaceId),
      streams: await stores.reader.streams(workspaceId),
      lastRun: (await stores.runs.lastRuns(workspaceId, 1))[0] ?? null,
    };
  });

  return app;
}

/** A database that hangs counts as unreachable. */
async function answers(ping: () => Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), PING_MS);
  });
  const answered = ping().then(
    () => true,
    () => false,
  );
  return Promise.race([answered, late]).finally(() => clearTimeout(timer));
}
