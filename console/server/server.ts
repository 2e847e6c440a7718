/** The HTTP server: health, JSON for programs, pages for people. It reads only; approving is the command line's. */
import Fastify from "fastify";
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import type { Logger } from "#logger.ts";
import type { PlanId, ProfileId } from "#profile/ids.ts";
import type { ConnectionStore, Workspace } from "#profile/store/connections.ts";
import type { IdentityStore } from "#profile/store/identity.ts";
import type { PlanStore } from "#profile/store/plans.ts";
import type { ProfileViews } from "#profile/store/profile-view.ts";
import type { Reader } from "#profile/store/read.ts";
import type { RunStore } from "#profile/store/runs.ts";
import { html } from "./html.ts";
import type { Html } from "./html.ts";
import { page } from "./pages/layout.ts";
import { overviewPage } from "./pages/overview.ts";
import { planPage, plansPage } from "./pages/plans.ts";
import { profilePage, profilesPage } from "./pages/profile.ts";

export interface ServerStores {
  connections: ConnectionStore;
  identity: IdentityStore;
  plans: PlanStore;
  runs: RunStore;
  reader: Reader;
  views: ProfileViews;
}

export interface ServerOptions {
  stores: ServerStores;
  log: Logger;
  /** Throws when the database cannot be reached. */
  ping(): Promise<void>;
}

const PAGE = 50;
const idParams = z.object({ id: z.uuid({ error: "must be an id" }) });
const listQuery = z.object({ after: z.uuid().optional() });
const searchQuery = z.object({ q: z.string().trim().max(320).default("") });

export function createServer({ stores, log, ping }: ServerOptions): FastifyInstance {
  // Addresses of requests can name people: requests are not logged, failures are, without the address.
  const app = Fastify({ disableRequestLogging: true });

  app.addHook("onSend", async (_request, reply) => {
    reply.header(
      "content-security-policy",
      "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; form-action 'self'",
    );
    reply.header("x-content-type-options", "nosniff");
    reply.header("referrer-policy", "no-referrer");
    reply.header("cache-control", "no-store");
  });
  app.setErrorHandler((error, _request, reply) => {
    if (error instanceof z.ZodError)
      return reply.code(400).send({ error: error.issues[0]?.message ?? "The address is off." });
    log.error({ err: error }, "request failed");
    return reply.code(500).send({ error: "Something went wrong here; the log says what." });
  });

  app.get("/healthz", async (_request, reply) => {
    try {
      await ping();
      return { ok: true };
    } catch {
      return reply.code(503).send({ ok: false, reason: "The database does not answer." });
    }
  });

  const workspace = async (): Promise<Workspace | null> => {
    const [first] = await stores.connections.listWorkspaces();
    return first === undefined ? null : stores.connections.getWorkspace(first.workspaceId);
  };
  const show = async (reply: FastifyReply, title: string, body: (workspace: Workspace) => Promise<Html | null>) => {
    const current = await workspace();
    const content =
      current === null
        ? html`<h1>Welcome</h1>
            <p>There is no workspace yet: run <code>npm start</code>.</p>`
        : await body(current);
    reply.type("text/html; charset=utf-8");
    if (content !== null) return page(title, current?.name ?? "", content);
    return reply.code(404).send(
      page(
        "Not found",
        current?.name ?? "",
        html`<h1>Not found</h1>
          <p>Nothing here has that id.</p>`,
      ),
    );
  };

  app.get("/", (_request, reply) =>
    show(reply, "Overview", async ({ workspaceId }) => {
      const [overview, streams, [run]] = await Promise.all([
        stores.reader.overview(workspaceId),
        stores.reader.streams(workspaceId),
        stores.runs.lastRuns(workspaceId, 1),
      ]);
      return overviewPage(overview, streams, run);
    }),
  );

  app.get("/profiles", (request, reply) =>
    show(reply, "Profiles", async ({ workspaceId }) => {
      const { after } = listQuery.parse(request.query);
      const rows = await stores.views.page(workspaceId, { after: after ?? null, limit: PAGE });
      return profilesPage(rows, "", rows.length < PAGE ? null : (rows.at(-1)?.profileId ?? null));
    }),
  );

  app.get("/profiles/find", async (request, reply) => {
    const { q } = searchQuery.parse(request.query);
    const current = await workspace();
    const found = current === null || q === "" ? undefined : await stores.identity.findProfile(current.workspaceId, q);
    if (found !== undefined) return reply.redirect(`/profiles/${found}`, 303);
    return show(
      reply,
      "Profiles",
      async () =>
        html`${profilesPage([], q, null)}
          <p>Nobody has that e-mail, phone or id.</p>`,
    );
  });

  app.get("/profiles/:id", (request, reply) =>
    show(reply, "Profile", async ({ workspaceId }) => {
      const { id } = idParams.parse(request.params);
      // Old ids lead to the profile they became.
      const profileId: ProfileId | undefined = await stores.identity.findProfile(workspaceId, id);
      const view = profileId === undefined ? null : await stores.views.profile(workspaceId, profileId);
      if (view === null || profileId === undefined) return null;
      return profilePage(view, await stores.identity.explain(workspaceId, profileId));
    }),
  );

  app.get("/plans", (_request, reply) =>
    show(reply, "Plans", async ({ workspaceId }) => plansPage(await stores.plans.list(workspaceId, PAGE))),
  );

  app.get("/plans/:id", (request, reply) =>
    show(reply, "Plan", async ({ workspaceId }) => {
      const { id } = idParams.parse(request.params);
      // The store looks only inside the workspace, whatever id is asked for.
      const plan = await stores.plans.show(workspaceId, id as PlanId, { sample: 25 });
      return plan === null ? null : planPage(plan);
    }),
  );

  app.get("/api/status", async () => {
    const current = await workspace();
    if (current === null) return { workspace: null };
    const { workspaceId, slug } = current;
    return {
      workspace: slug,
      overview: await stores.reader.overview(workspaceId),
      streams: await stores.reader.streams(workspaceId),
      lastRun: (await stores.runs.lastRuns(workspaceId, 1))[0] ?? null,
    };
  });

  return app;
}
