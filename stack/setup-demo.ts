/** The fictitious shop: its twins and till exports, connected in a workspace of their own that nothing real enters. */
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import { missingFields } from "#connectors/csv/overrides.ts";
import { connectorOf } from "#connectors/registry.ts";
import { connectFiles, keepCopy } from "#console/csv-files.ts";
import { DEMO_WORKSPACE } from "#console/workspaces.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import type { Workspace } from "#profile/store/connections.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { openConnection } from "#workflows/open-connection.ts";
import { DEMO_REQUESTS_PER_SECOND } from "./demo-shop/accounts.ts";
import { TWIN_CONNECTION } from "./first-plans.ts";
import type { Twins } from "./running-stack.ts";
import { StackError } from "./stack-error.ts";

/** Later plans of the demo apply by themselves up to this share of a tool's records. */
const AUTO_APPLY_SHARE = 0.25;

const ACTOR = "npm start";

export async function setUpDemo(
  deps: Dependencies,
  twins: Twins,
  { dataDir, refreshMinutes }: { dataDir: string; refreshMinutes: number },
): Promise<void> {
  const workspace = await deps.connections.createWorkspace({
    ...{ slug: DEMO_WORKSPACE, name: "Fern & Kettle", defaultCountry: "GB", currency: "GBP" },
    ...{ timeZone: "Europe/London", refreshMinutes },
  });
  for (const [connector, twin] of Object.entries(twins.tools)) await connectTwin(deps, workspace, connector, twin);
  await connectTillExports(deps, workspace, dataDir, twins);
}

/** The shop does not run this time, so that nobody calls twins that are not there. */
export async function pauseDemo(deps: Dependencies): Promise<void> {
  const workspaceId = workspaceIdOf(DEMO_WORKSPACE);
  const reason = "Not used this time: the fictitious shop is not running.";
  for (const { name, connectionId, status } of await deps.connections.listConnections(workspaceId)) {
    if (name !== TWIN_CONNECTION || status === "paused") continue;
    await deps.connections.setStatus(workspaceId, connectionId, "paused", reason, ACTOR);
  }
}

async function connectTwin(
  deps: Dependencies,
  { workspaceId }: Workspace,
  connector: string,
  { url, credentials, settings }: Twins["tools"][string],
): Promise<void> {
  const { connectionId, status } = await deps.connections.upsertConnection(
    workspaceId,
    {
      ...{ connector, name: TWIN_CONNECTION, baseUrl: url, settings, writeBack: true },
      ...{ autoApplyShare: AUTO_APPLY_SHARE, requestsPerSecond: DEMO_REQUESTS_PER_SECOND },
    },
    ACTOR,
  );
  await deps.credentials.put(workspaceId, connectionId, credentials);
  await deps.plans.defineFields(workspaceId, connectionId);
  if (status === "needs_reconnect" || status === "paused")
    await deps.connections.setStatus(workspaceId, connectionId, "ready", null, ACTOR);
  const { connection } = await openConnection(deps, workspaceId, connectionId, AbortSignal.timeout(30_000));
  const { account } = await connection.check().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new StackError(`The twin of ${connectorOf(connector).title} does not answer as it should: ${why}`);
  });
  const { externalAccount } = await deps.connections.get(workspaceId, connectionId);
  if (externalAccount === account) return;
  await deps.connections.updateConnection(workspaceId, connectionId, { externalAccount: account, mode: "test" }, ACTOR);
}

async function connectTillExports(
  deps: Dependencies,
  { currency, defaultCountry: country, timeZone, workspaceId }: Workspace,
  dataDir: string,
  twins: Twins,
): Promise<void> {
  const files = [];
  for (const { path, kind } of twins.files) {
    const guess = await guessFile(path, { currency, country, timeZone, kind });
    const missing = missingFields(guess);
    if (missing.length > 0) throw new StackError(`${path}: ${missing.join(" ")}`);
    files.push(await keepCopy(dataDir, await csvFileOf(path, guess)));
  }
  if (files.length > 0) await connectFiles(deps.connections, workspaceId, { name: "till", files, actor: ACTOR });
}
