/** A console, twins and a database: where sign-ins happen, all real. */
import { randomBytes } from "node:crypto";
import { readMasterKeys } from "#config.ts";
import { signInsOf } from "#connectors/core/auth.ts";
import { startGa4Twin, type Ga4Twin } from "#connectors/ga4/twin/index.ts";
import { startGoogleAdsTwin, type GoogleAdsTwin } from "#connectors/google-ads/twin/index.ts";
import { startHubspotTwin, type HubspotTwin, type HubspotTwinOptions } from "#connectors/hubspot/twin/index.ts";
import { startKlaviyoTwin, type KlaviyoTwin } from "#connectors/klaviyo/twin/index.ts";
import { connectorOf } from "#connectors/registry.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import { beginSignIn, endingOf, type SignInEnding } from "#console/sign-in.ts";
import { createServer } from "#console/server/server.ts";
import { serverStores } from "#console/server/stores.ts";
import { createLogger } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { Browser, type Decision, type Page } from "#stack/demo-shop/browser.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

export interface Place {
  test: TestDatabase;
  deps: Dependencies;
  keys: MasterKeys;
  ga4: Ga4Twin;
  googleAds: GoogleAdsTwin;
  hubspot: HubspotTwin;
  klaviyo: KlaviyoTwin;
  stripe: StripeTwin;
  origin: string;
  /** Everything that the console and the stores have logged. */
  logged(): string;
  /** Shifts every clock. */
  advance(ms: number): void;
  newWorkspace(): Promise<WorkspaceId>;
  begin(workspaceId: WorkspaceId, tool: string, options?: BeginOptions): Promise<{ link: string; signInId: string }>;
  /** The whole way: link, consent, answer. */
  signIn(workspaceId: WorkspaceId, tool: string, options?: BeginOptions & Decision): Promise<SignedInPage>;
  connectionsOf(workspaceId: WorkspaceId): Promise<Connection[]>;
  stop(): Promise<void>;
}

export interface BeginOptions {
  way?: string;
  name?: string;
  of?: Connection;
  given?: Record<string, string>;
  settings?: Record<string, unknown>;
}

export interface SignedInPage {
  page: Page;
  ending: SignInEnding | null;
}

export async function startPlace(options: { hubspot?: HubspotTwinOptions } = {}): Promise<Place> {
  let shift = 0;
  let logged = "";
  const now = () => Date.now() + shift;
  const test = await createTestDatabase();
  const keys = readMasterKeys({ TRIBUTARY_KEY: randomBytes(32).toString("base64") }, "");
  const log = createLogger({
    ...{ name: "test", level: "trace" },
    destination: { write: (line) => void (logged += line) },
  });
  const { dependencies, close } = createDependencies({ databaseUrl: test.appUrl, masterKeys: keys, now }, log);
  const fast = { requestsPerSecond: 10_000 };
  const hubspot = await startHubspotTwin({ ...fast, ...options.hubspot, now });
  const ga4 = await startGa4Twin({ ...fast, now });
  const googleAds = await startGoogleAdsTwin({ ...fast, now });
  const klaviyo = await startKlaviyoTwin({ ...fast, now });
  const stripe = await startStripeTwin({ ...fast, now });
  const server = createServer({ ...serverStores(dependencies, test.database), log, hosts: [] });
  const { port } = new URL(await server.listen({ host: "127.0.0.1", port: 0 }));
  const origin = `http://localhost:${port}`;
  const urls: Record<string, string> = {
    ga4: ga4.url,
    "google-ads": googleAds.url,
    hubspot: hubspot.url,
    klaviyo: klaviyo.url,
    stripe: stripe.url,
  };
  let shops = 0;

  const begin: Place["begin"] = async (workspaceId, tool, { way: id, name, of, settings, given = {} } = {}) => {
    const connector = connectorOf(tool);
    const ways = signInsOf(connector.auth);
    const way = id === undefined ? ways[0] : ways.find((each) => each.id === id);
    if (way === undefined) throw new Error("The tool has no such way to sign in.");
    const request = {
      connector,
      way,
      origin,
      baseUrl: urls[tool] ?? "",
      given,
      ...(name === undefined ? {} : { name }),
      ...(settings === undefined ? {} : { settings }),
    };
    const begun = await beginSignIn(dependencies, workspaceId, of === undefined ? request : { ...request, of }, "test");
    return { link: `${origin}/connect/${begun.ticket}`, signInId: begun.signInId };
  };

  return {
    ...{ test, deps: dependencies, keys, ga4, googleAds, hubspot, klaviyo, stripe, origin, begin },
    logged: () => logged,
    advance(ms) {
      shift += ms;
    },
    async newWorkspace() {
      const slug = `shop-${shops++}`;
      const words = { name: slug, defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London" };
      return (await dependencies.connections.createWorkspace({ slug, ...words })).workspaceId;
    },
    async signIn(workspaceId, tool, options = {}) {
      const { link, signInId } = await begin(workspaceId, tool, options);
      const browser = new Browser();
      const page = await browser.decide(await browser.open(link), options);
      const attempt = await dependencies.signInAttempts.get(workspaceId, signInId);
      return { page, ending: attempt === null ? null : endingOf(attempt) };
    },
    connectionsOf: (workspaceId) => dependencies.connections.listConnections(workspaceId),
    async stop() {
      await server.close();
      await Promise.all([ga4.close(), googleAds.close(), hubspot.close(), klaviyo.close(), stripe.close(), close()]);
      await test.drop();
    },
  };
}
