/** Connects what `npm start` runs on: the demo business' twins and till exports, or the tools the environment names. */
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import { missingFields } from "#connectors/csv/overrides.ts";
import { connectorOf } from "#connectors/registry.ts";
import { connectFiles, keepCopy } from "#console/csv-files.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Workspace } from "#profile/store/connections.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { openConnection } from "#workflows/open-connection.ts";
import { createLogger } from "#logger.ts";
import {
  DEMO_HUBSPOT_SETTINGS,
  DEMO_HUBSPOT_TOKEN,
  DEMO_REQUESTS_PER_SECOND,
  DEMO_STRIPE_KEY,
} from "./demo-shop/accounts.ts";
import { TWIN_CONNECTION } from "./first-plans.ts";
import type { Log } from "./log.ts";
import type { StartOptions } from "./options.ts";
import type { RunningStack } from "./running-stack.ts";
import { StackError } from "./stack-error.ts";

/** Accepted by the twins alone. */
const TWIN_SECRETS = { hubspot: { accessToken: DEMO_HUBSPOT_TOKEN }, stripe: { apiKey: DEMO_STRIPE_KEY } };

/** Later plans of the demo apply by themselves up to this share of a tool's records. */
const AUTO_APPLY_SHARE = 0.25;

const ACTOR = "npm start";

const REAL_CONNECTION = "main";

export async function setUpDemo(
  stack: RunningStack,
  options: StartOptions & { log: Log; signal: AbortSignal },
): Promise<Workspace> {
  const log = createLogger({ name: "start", level: options.verbose ? "debug" : "warn" });
  const { dependencies, close } = createDependencies(stack, log);
  try {
    const workspace = await dependencies.connections.createWorkspace({
      ...{ slug: "demo", name: "Fern & Kettle", defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London" },
      refreshMinutes: options.refreshMinutes,
    });
    const { environment, twins } = stack;
    await connectTool(dependencies, workspace, "hubspot", twins?.hubspot ?? null, {
      accessToken: environment.HUBSPOT_ACCESS_TOKEN,
    });
    await connectTool(dependencies, workspace, "stripe", twins?.stripe ?? null, { apiKey: environment.STRIPE_API_KEY });
    await connectTillExports(dependencies, workspace, stack);
    return workspace;
  } finally {
    await close();
  }
}

async function connectTool(
  deps: Dependencies,
  { workspaceId }: Workspace,
  connector: keyof typeof TWIN_SECRETS,
  twinUrl: string | null,
  given: Record<string, string | undefined>,
): Promise<void> {
  const { connectionId } = await deps.connections.upsertConnection(
    workspaceId,
    {
      ...{ connector, name: twinUrl === null ? REAL_CONNECTION : TWIN_CONNECTION, baseUrl: twinUrl, writeBack: true },
      ...(twinUrl !== null && connector === "hubspot" ? { settings: DEMO_HUBSPOT_SETTINGS } : {}),
      ...(twinUrl === null ? {} : { autoApplyShare: AUTO_APPLY_SHARE, requestsPerSecond: DEMO_REQUESTS_PER_SECOND }),
    },
    ACTOR,
  );
  await deps.credentials.put(workspaceId, connectionId, twinUrl === null ? given : TWIN_SECRETS[connector]);
  await deps.plans.defineFields(workspaceId, connectionId);
  const { connection } = await openConnection(deps, workspaceId, connectionId, AbortSignal.timeout(30_000));
  const { account } = await connection.check().catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    throw new StackError(`${connectorOf(connector).title} does not let us in: ${why}`);
  });
  const known = await deps.connections.get(workspaceId, connectionId);
  if (known.externalAccount !== account) {
    await deps.connections.updateConnection(workspaceId, connectionId, { externalAccount: account }, ACTOR);
  }
  if (known.status === "needs_reconnect" || known.status === "paused")
    await deps.connections.setStatus(workspaceId, connectionId, "ready", null, ACTOR);
  await pauseOther(deps, workspaceId, connector, connectionId);
}

/** A twin and a real account are two connections: positions, plans and what may apply unasked must never pass over. */
async function pauseOther(
  deps: Dependencies,
  workspaceId: WorkspaceId,
  connector: string,
  used: ConnectionId,
): Promise<void> {
  for (const other of await deps.connections.listConnections(workspaceId)) {
    if (other.connector !== connector || other.connectionId === used || other.status === "paused") continue;
    const reason = `Not used by this start: ${other.name === TWIN_CONNECTION ? "credentials for the tool itself are set" : "the demo's stand-in is"}.`;
    await deps.connections.setStatus(workspaceId, other.connectionId, "paused", reason, ACTOR);
  }
}

async function connectTillExports(
  deps: Dependencies,
  workspace: Workspace,
  { dataDir, twins }: RunningStack,
): Promise<void> {
  const { currency, defaultCountry: country, timeZone, workspaceId } = workspace;
  const files = [];
  for (const { path, kind } of twins?.files ?? []) {
    const guess = await guessFile(path, { currency, country, timeZone, kind });
    const missing = missingFields(guess);
    if (missing.length > 0) throw new StackError(`${path}: ${missing.join(" ")}`);
    files.push(await keepCopy(dataDir, await csvFileOf(path, guess)));
  }
  if (files.length > 0) await connectFiles(deps.connections, workspaceId, { name: "till", files, actor: ACTOR });
}
