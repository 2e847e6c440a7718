/** The fictitious shop: its twins and till exports, connected in a workspace of their own that nothing real enters. */
import { isWritable } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import { missingFields } from "#connectors/csv/overrides.ts";
import { connectorOf } from "#connectors/registry.ts";
import { connectFiles, keepCopy } from "#console/csv-files.ts";
import { beginSignIn, endingOf, waysOf } from "#console/sign-in.ts";
import { DEMO_WORKSPACE } from "#console/workspaces.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import type { Connection, Workspace } from "#profile/store/connections.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { openConnection } from "#workflows/open-connection.ts";
import { DEMO_REQUESTS_PER_SECOND } from "./demo-shop/accounts.ts";
import { Browser } from "./demo-shop/browser.ts";
import { TWIN_CONNECTION } from "./first-plans.ts";
import type { Log } from "./log.ts";
import type { RunningStack, Twins } from "./running-stack.ts";
import { reasonOf, StackError } from "./stack-error.ts";

/** Later plans of the demo apply by themselves up to this share of a tool's records. */
const AUTO_APPLY_SHARE = 0.25;

const ACTOR = "npm start";

/** Every tool is signed in at as a person would: by the console's link, the tool's consent page and its answer. */
export async function setUpDemo(
  deps: Dependencies,
  twins: Twins,
  { stack, refreshMinutes, log }: { stack: RunningStack; refreshMinutes: number; log: Log },
): Promise<void> {
  const workspace = await deps.connections.createWorkspace({
    ...{ slug: DEMO_WORKSPACE, name: "Fern & Kettle", defaultCountry: "GB", currency: "GBP" },
    ...{ timeZone: "Europe/London", refreshMinutes },
  });
  await leaveTwins(deps, workspace, twins);
  const signedIn: string[] = [];
  for (const [connector, twin] of Object.entries(twins.tools))
    if (await connectTwin(deps, workspace, connector, twin, stack.consoleUrl))
      signedIn.push(connectorOf(connector).title);
  if (signedIn.length > 0) log(`Signed in at ${signedIn.join(", ")} through their consent pages (OAuth)`);
  await connectTillExports(deps, workspace, stack.dataDir, twins);
}

/** A tool that the shop no longer has is called no more. */
async function leaveTwins(deps: Dependencies, { workspaceId }: Workspace, twins: Twins): Promise<void> {
  const reason = "Not used this time: the fictitious shop was started without it.";
  for (const { name, connector, connectionId, status } of await deps.connections.listConnections(workspaceId))
    if (name === TWIN_CONNECTION && status !== "paused" && !(connector in twins.tools))
      await deps.connections.setStatus(workspaceId, connectionId, "paused", reason, ACTOR);
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

/** @returns whether somebody had to sign in, rather than being signed in from an earlier start */
async function connectTwin(
  deps: Dependencies,
  { workspaceId }: Workspace,
  id: string,
  { url, given, settings }: Twins["tools"][string],
  consoleUrl: string,
): Promise<boolean> {
  const connector = connectorOf(id);
  const { connectionId, status } = await deps.connections.upsertConnection(
    workspaceId,
    {
      ...{ connector: id, name: TWIN_CONNECTION, baseUrl: url, settings, writeBack: isWritable(connector) },
      ...{ autoApplyShare: AUTO_APPLY_SHARE, requestsPerSecond: DEMO_REQUESTS_PER_SECOND },
    },
    ACTOR,
  );
  if (connector.writeBack !== undefined) await deps.plans.defineFields(workspaceId, connectionId);
  if (status === "needs_reconnect" || status === "paused")
    await deps.connections.setStatus(workspaceId, connectionId, "ready", null, ACTOR);
  const row = await deps.connections.get(workspaceId, connectionId);
  if (await isSignedIn(deps, row)) return false;
  await signIn(deps, row, given, consoleUrl);
  return true;
}

/** From an earlier start, and the twin still takes it. */
async function isSignedIn(deps: Dependencies, { workspaceId, connectionId, connector }: Connection): Promise<boolean> {
  const stored = await deps.credentials.read(workspaceId, connectionId);
  if (stored?.kind !== "sign_in") return false;
  try {
    const { connection } = await openConnection(deps, workspaceId, connectionId, AbortSignal.timeout(30_000));
    await connection.check();
    return true;
  } catch (error) {
    if (error instanceof ConnectorError && error.kind === "auth") return false;
    throw new StackError(
      `The twin of ${connectorOf(connector).title} does not answer as it should: ${reasonOf(error)}`,
    );
  }
}

async function signIn(
  deps: Dependencies,
  of: Connection,
  given: Record<string, string>,
  origin: string,
): Promise<void> {
  const connector = connectorOf(of.connector);
  const [way] = waysOf(connector);
  if (way === undefined) throw new StackError(`Nobody can sign in at ${connector.title}.`);
  const begun = await beginSignIn(deps, of.workspaceId, { connector, way, of, given, origin }, ACTOR);
  const browser = new Browser();
  const page = await browser.decide(await browser.open(`${origin}/connect/${begun.ticket}`));
  const attempt = await deps.signInAttempts.get(of.workspaceId, begun.signInId);
  const ending = attempt === null ? null : endingOf(attempt);
  if (ending?.outcome === "connected") return;
  const why = ending === null ? `${new URL(page.url).pathname} answered ${page.status}` : ending.why;
  throw new StackError(`Signing in at the twin of ${connector.title} did not work: ${why}`);
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
  if (files.length === 0) return;
  // A customer's number at the till is their user id on the site.
  await connectFiles(deps.connections, workspaceId, { name: "till", files, sharedIds: true, actor: ACTOR });
}
