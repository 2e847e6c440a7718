/** The loop up to the scores over a small demo shop, without Temporal: real twins, connectors and Postgres. */
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import { connectorOf } from "#connectors/registry.ts";
import { FIELDS } from "#profile/plan/fields.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createScoreStore } from "#profile/store/scores/store.ts";
import { CONNECTING, sinksOf, startTools, TOOL_NAMES } from "#stack/demo-shop/tools.ts";
import { openShop, type ShopFacts } from "#stack/demo-shop/write.ts";
import type { TestDatabase } from "#tests/support/database.ts";

const LIMIT = 2_000;

export async function openShopLoop(folder: string, facts: ShopFacts, { database, workspaceId }: TestDatabase) {
  const opening = { folder: null, portOf: () => 0, requestsPerSecond: 10_000, now: () => facts.now };
  const tools = await startTools(TOOL_NAMES, opening);
  const shop = await openShop(folder, facts, sinksOf(tools));
  const guessed = { currency: "GBP", country: "GB", timeZone: "Europe/London" };
  const files = await Promise.all(shop.files.map(async ({ path }) => csvFileOf(path, await guessFile(path, guessed))));
  const accounts = [
    ...TOOL_NAMES.map((tool) => {
      const { settings, key } = CONNECTING[tool];
      return { connector: tool, baseUrl: tools[tool]?.url ?? null, settings, credentials: key };
    }),
    { connector: "csv", baseUrl: null, settings: { files, sharedIds: true }, credentials: {} },
  ];
  const connections = createConnectionStore(database);
  const ingest = createIngestStore(database);
  const at = new Date(facts.now).toISOString();
  const now = () => facts.now;
  const open = ({ connector: id, baseUrl, settings, credentials }: (typeof accounts)[number]) => {
    const connector = connectorOf(id);
    const call = createVendorCall({ connector, limiter: unlimited, now });
    return { connector, connection: connector.open({ settings, credentials, baseUrl: baseUrl ?? "", call, now }) };
  };

  const twinOf = <Tool extends (typeof TOOL_NAMES)[number]>(tool: Tool) => {
    const twin = tools[tool];
    if (twin === undefined) throw new Error(`The shop has no ${tool}.`);
    return twin;
  };
  return {
    tools,
    hubspot: twinOf("hubspot"),
    twins: Object.fromEntries(TOOL_NAMES.map((tool) => [tool, twinOf(tool).url])),
    truthFolder: shop.truthFolder,
    async pull() {
      for (const account of accounts) {
        const { connector, connection } = open(account);
        const { connectionId } = await connections.upsertConnection(workspaceId, { ...account, name: "demo" }, "test");
        for (const stream of Object.keys(connector.streams)) {
          let { cursor: from } = await ingest.streamState(workspaceId, connectionId, stream);
          for await (const page of connection.read(stream, from)) {
            await ingest.savePage(workspaceId, { connectionId, stream, from, page });
            from = page.next;
          }
        }
      }
    },
    async compute() {
      const identity = createIdentityStore(database);
      const consent = createConsentStore(database);
      const scores = createScoreStore(database);
      while ((await identity.resolveBatch(workspaceId, { limit: LIMIT })).more);
      while ((await consent.refreshBatch(workspaceId, { limit: LIMIT, at })).more);
      await scores.refreshBaseline(workspaceId, at);
      while ((await scores.scoreBatch(workspaceId, { limit: LIMIT, asOf: at })).more);
    },
    /** Makes our fields in HubSpot, empty. */
    async defineFields() {
      for (const account of accounts) {
        if (account.connector !== "hubspot") continue;
        await open(account).connection.ensureFields(FIELDS.map((field) => field.definition));
      }
    },
    close: () => Promise.all(TOOL_NAMES.map((tool) => twinOf(tool).close())),
  };
}
