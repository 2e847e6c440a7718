/**
 * Connecting a business' own accounts: what the command line does, and pages can do. Credentials are tried at the vendor
 * before anything is stored, and nothing made here ever writes without an approved plan.
 */
import { isWritable } from "#connectors/core/contract.ts";
import type { AccountIdentity, Connector } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { secretsIn } from "#connectors/core/webhooks.ts";
import { connectors } from "#connectors/registry.ts";
import { connectionIdOf, type WorkspaceId } from "#profile/ids.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import type { SignedIn } from "#profile/store/credentials.ts";
import { openStored, openWith } from "#workflows/open-connection.ts";
import type { OpenedConnection } from "#workflows/open-connection.ts";
import { wayOf, type Revoked } from "#workflows/sign-ins/sign-ins.ts";
import {
  checkedSettings,
  checkedUrl,
  FIRST_NAME,
  freeName,
  modeOf,
  refuseDemo,
  refuseMixing,
  refuseOtherAccount,
  refuseSameAccount,
} from "./connection-rules.ts";
import { Refusal } from "./refusal.ts";

const PATIENCE_MS = 60_000;

export type ConnectionDependencies = Pick<
  Dependencies,
  "connections" | "credentials" | "plans" | "limiterFor" | "now" | "telemetry" | "signIns"
>;

export interface Connected {
  connection: Connection;
  connector: Connector;
  identity: AccountIdentity;
  /** What a stream cannot read with these credentials, in the vendor's words; empty when all can be read. */
  lacking: { stream: string; reason: string }[];
}

export interface ConnectInput {
  connector: string;
  name?: string;
  /** For the connector's schema; from a person, a file or the environment. */
  credentials: unknown;
  settings?: Record<string, unknown>;
  /** Another host than the vendor's. An operator's word only, never a vendor's. */
  baseUrl?: string | null;
  /** What the vendor allows this account, where that is more than it publishes. */
  requestsPerSecond?: number;
}

/** @throws Refusal when there is no such connector, or nobody can be asked for credentials of its kind */
export function connectable(id: string): Connector {
  const connector = connectors.find((candidate) => candidate.id === id.toLowerCase());
  const known = connectors.filter(({ auth }) => auth.kind !== "none").map(({ id }) => id);
  if (connector === undefined)
    throw new Refusal(
      // A key given here by mistake is not repeated.
      `There is no ${/^[a-z0-9-]{1,30}$/i.test(id) ? `connector "${id}"` : "such connector"}; there are: ${known.join(", ")}.`,
      "words",
    );
  const { auth, title } = connector;
  if (auth.kind === "none") throw new Refusal(`${title} need not be connected: ${auth.instead}.`, "words");
  return connector;
}

/**
 * Makes a connection, after the vendor has said whose the credentials are.
 *
 * @throws Refusal when they are wrong, the account is connected already, or it does not belong beside the others
 */
export async function connect(
  deps: ConnectionDependencies,
  workspaceId: WorkspaceId,
  input: ConnectInput,
  actor: string,
): Promise<Connected> {
  refuseDemo(workspaceId);
  const connector = connectable(input.connector);
  const all = await deps.connections.listConnections(workspaceId);
  const name = freeName(connector, input.name, all);
  const row = rowFor(workspaceId, connector, name, input, all);
  const proof = await tried(deps, connector, row, input.credentials);
  refuseSameAccount(connector, name, proof.identity, all);
  return add(deps, workspaceId, { connector, name, row, proof, all }, actor);
}

/** New credentials of the same account. @throws Refusal as `connect` does, and when they belong to another account */
export async function reconnect(
  deps: ConnectionDependencies,
  workspaceId: WorkspaceId,
  connection: Connection,
  given: unknown,
  actor: string,
): Promise<Connected> {
  const connector = connectable(connection.connector);
  const proof = await tried(deps, connector, connection, given);
  return renew(deps, workspaceId, { connector, connection, proof }, actor);
}

/**
 * The same by a sign-in. An account that is connected already is one connection still: it is signed in again.
 *
 * @param of the connection that is signed in again; null: whichever the account has, or a new one
 */
export async function connectSignedIn(
  deps: ConnectionDependencies,
  workspaceId: WorkspaceId,
  { of, ...input }: Omit<ConnectInput, "credentials"> & { of: Connection | null; signedIn: SignedIn },
  actor: string,
): Promise<Connected & { renewed: boolean }> {
  refuseDemo(workspaceId, of);
  const connector = connectable(input.connector);
  const { signedIn } = input;
  const given = wayOf(connector.id, signedIn.way).credentials(signedIn.tokens);
  const all = await deps.connections.listConnections(workspaceId);
  const row = of ?? rowFor(workspaceId, connector, input.name ?? FIRST_NAME, input, []);
  const proof = { ...(await tried(deps, connector, row, given)), signedIn };
  const { account } = proof.identity;
  const same = all.find((each) => each.connector === connector.id && each.externalAccount === account);
  // The same account as a stand-in plays it is none of the vendor's.
  if (of === null && same !== undefined && same.baseUrl !== row.baseUrl)
    refuseSameAccount(connector, "", proof.identity, all);
  const connection = of ?? same ?? null;
  if (connection !== null) {
    const { settings } = input;
    const renewed = await renew(deps, workspaceId, { connector, connection, proof, settings }, actor);
    return { ...renewed, renewed: true };
  }
  const name = freeName(connector, input.name, all);
  const made = rowFor(workspaceId, connector, name, input, all);
  return { ...(await add(deps, workspaceId, { connector, name, row: made, proof, all }, actor)), renewed: false };
}

interface Row extends Pick<
  Connection,
  "connector" | "connectionId" | "externalAccount" | "baseUrl" | "settings" | "requestsPerSecond"
> {}

/** As the connection will be; one of that name that was disconnected comes back. */
function rowFor(
  workspaceId: WorkspaceId,
  connector: Connector,
  name: string,
  input: Omit<ConnectInput, "credentials">,
  all: readonly Connection[],
): Row {
  const earlier = all.find((each) => each.connector === connector.id && each.name === name) ?? null;
  return {
    connector: connector.id,
    connectionId: connectionIdOf(workspaceId, connector.id, name),
    externalAccount: earlier?.externalAccount ?? null,
    baseUrl: input.baseUrl === undefined ? (earlier?.baseUrl ?? null) : checkedUrl(connector, input.baseUrl),
    settings: checkedSettings(connector, input.settings ?? earlier?.settings ?? {}),
    requestsPerSecond: input.requestsPerSecond ?? earlier?.requestsPerSecond ?? null,
  };
}

async function add(
  deps: ConnectionDependencies,
  workspaceId: WorkspaceId,
  made: { connector: Connector; name: string; row: Row; proof: Proof; all: readonly Connection[] },
  actor: string,
): Promise<Connected> {
  const { connector, name, row, proof, all } = made;
  const earlier = all.find((each) => each.connector === connector.id && each.name === name) ?? null;
  if (earlier !== null) refuseOtherAccount(connector, earlier, proof.identity);
  refuseMixing(connector, modeOf(proof.identity, row.baseUrl), name, all);
  const lacking = await permissionsMissing(proof.opened);
  const { settings, baseUrl, requestsPerSecond } = row;
  await deps.connections.upsertConnection(
    workspaceId,
    // No share: every plan of a newly made connection waits for a person.
    {
      connector: connector.id,
      name,
      baseUrl,
      settings,
      requestsPerSecond,
      writeBack: isWritable(connector),
      autoApplyShare: null,
    },
    actor,
  );
  return keep(deps, workspaceId, { connector, row, proof, lacking }, actor);
}

async function renew(
  deps: ConnectionDependencies,
  workspaceId: WorkspaceId,
  {
    connector,
    connection,
    proof,
    settings,
  }: { connector: Connector; connection: Connection; proof: Proof; settings?: ConnectInput["settings"] },
  actor: string,
): Promise<Connected> {
  refuseOtherAccount(connector, connection, proof.identity);
  const all = await deps.connections.listConnections(workspaceId);
  refuseMixing(connector, modeOf(proof.identity, connection.baseUrl), connection.name, all);
  const lacking = await permissionsMissing(proof.opened);
  if (settings !== undefined) {
    const changed = { connector: connector.id, name: connection.name, settings: checkedSettings(connector, settings) };
    await deps.connections.upsertConnection(workspaceId, changed, actor);
  }
  return keep(deps, workspaceId, { connector, row: connection, proof, lacking }, actor);
}

/** For so long a vendor is told that a sign-in is over. */
const REVOKED_WITHIN_MS = 7 * 24 * 3_600_000;

/**
 * Forgets the credentials, and tells the vendor where it is a sign-in. What stays to be told a worker tells. What was read and
 * written stays; nothing is read or written any more.
 */
export async function disconnect(
  deps: ConnectionDependencies,
  connection: Connection,
  actor: string,
): Promise<Revoked | "later" | "by hand"> {
  const { workspaceId, connectionId } = connection;
  // First: whoever is at work finds the connection closed, not its credentials missing.
  await deps.connections.setStatus(workspaceId, connectionId, "disconnected", null, actor);
  const from = new Date(deps.now());
  const tried = { from, until: new Date(from.getTime() + REVOKED_WITHIN_MS) };
  if (!(await deps.credentials.startRevoking(workspaceId, connectionId, tried))) {
    await deps.credentials.remove(workspaceId, connectionId);
    return "by hand";
  }
  try {
    return await deps.signIns.revoke(connection);
  } catch (error) {
    if (error instanceof ConnectorError) return "later";
    throw error;
  }
}

/** @throws Refusal when there is nothing to pause */
export async function pause(deps: ConnectionDependencies, connection: Connection, actor: string): Promise<void> {
  const { workspaceId, connectionId, name, status } = connection;
  if (status === "disconnected") throw new Refusal(`"${name}" is disconnected: there is nothing to pause.`, "state");
  await deps.connections.setStatus(workspaceId, connectionId, "paused", null, actor);
}

/** Continues where it stopped, provided that the vendor still accepts the credentials. @throws Refusal when it does not */
export async function resume(
  deps: ConnectionDependencies,
  connection: Connection,
  actor: string,
): Promise<AccountIdentity> {
  const { workspaceId, connectionId, name, status } = connection;
  const connector = connectable(connection.connector);
  if (status === "disconnected")
    throw new Refusal(`"${name}" is disconnected: connect ${connector.title} again with its credentials.`, "state");
  const stored = await deps.credentials.read(workspaceId, connectionId);
  const open = () => openStored(deps, connection, stored, AbortSignal.timeout(PATIENCE_MS));
  const { identity } = await checked(connector, connection, open);
  refuseOtherAccount(connector, connection, identity);
  await deps.connections.setStatus(workspaceId, connectionId, "ready", null, actor);
  return identity;
}

/**
 * The connection a person means by a tool and perhaps a name.
 *
 * @param option by which they can give the name
 * @throws Refusal when there is none, or several and no name
 */
export async function findConnection(
  deps: Pick<ConnectionDependencies, "connections">,
  workspaceId: WorkspaceId,
  tool: string,
  name: string | undefined,
  option = "--name",
): Promise<Connection> {
  const all = await deps.connections.listConnections(workspaceId);
  const ofTool = all.filter(({ connector }) => connector === tool.toLowerCase());
  const meant = name === undefined ? ofTool : ofTool.filter((connection) => connection.name === name);
  const [only, ...others] = meant;
  const names = ofTool.map((connection) => `"${connection.name}"`).join(", ");
  if (only === undefined) {
    if (ofTool.length > 0) throw new Refusal(`There is no "${name}"; ${tool} is connected as ${names}.`, "missing");
    const connected = [...new Set(all.map(({ connector }) => connector))].join(", ");
    throw new Refusal(
      `${tool} is not connected here${connected === "" ? "; nothing is yet" : `; connected: ${connected}`}.`,
      "missing",
    );
  }
  if (others.length > 0) throw new Refusal(`Which one? Add ${option} with one of ${names}.`, "words");
  return only;
}

/** Credentials that the vendor has accepted, and whose they are. */
interface Proof {
  credentials: unknown;
  /** They come from a sign-in, which is what is kept. */
  signedIn?: SignedIn;
  identity: AccountIdentity;
  opened: OpenedConnection;
}

async function tried(deps: ConnectionDependencies, connector: Connector, row: Row, given: unknown): Promise<Proof> {
  const credentials = parsed(connector, given);
  const open = async () => openWith(deps, row, credentials, AbortSignal.timeout(PATIENCE_MS));
  return { credentials, ...(await checked(connector, row, open)) };
}

async function checked(
  connector: Connector,
  { baseUrl }: Pick<Row, "baseUrl">,
  open: () => Promise<OpenedConnection>,
): Promise<Pick<Proof, "identity" | "opened">> {
  try {
    const opened = await open();
    return { opened, identity: await opened.connection.check() };
  } catch (error) {
    throw refusalOf(error, connector, baseUrl);
  }
}

/** Of a schema's error only the fields are named: the value is a secret. */
function parsed(connector: Connector, given: unknown): unknown {
  try {
    return connector.parseCredentials(given);
  } catch {
    const { auth } = connector;
    const fields = auth.kind === "token" ? auth.fields.map(({ title }) => title).join(", ") : "";
    throw new Refusal(`${connector.title} needs ${fields === "" ? "other credentials" : `its ${fields}`}.`, "words");
  }
}

/** Each cause asks for something different of the person, hence a sentence for each. */
export function refusalOf(error: unknown, { title, baseUrl: own }: Connector, baseUrl: string | null): unknown {
  if (!(error instanceof ConnectorError)) return error;
  const at = baseUrl ?? own ?? "";
  switch (error.kind) {
    case "auth": {
      // The usual sentence is for a connection that worked before: it says to connect again.
      const usual = error.message.startsWith(`${title} rejected the credentials`);
      const why = usual ? "They were not stored; copy them anew and whole from where they are made." : error.message;
      return new Refusal(`${title} rejected the credentials. ${why}`, "vendor");
    }
    case "permission":
      return new Refusal(`${title} accepted the credentials, but they lack a permission: ${error.message}`, "vendor");
    case "rate_limited":
      return new Refusal(`${title} is limiting calls at the moment; try again later. ${error.message}`, "vendor");
    case "transient":
      return error.details.status === undefined
        ? new Refusal(
            `${title} could not be reached at ${at}: whether the credentials are right is not known.`,
            "vendor",
          )
        : new Refusal(
            `${title} could not answer (HTTP ${error.details.status}): whether the credentials are right is not known. Try again later.`,
            "vendor",
          );
    default:
      return new Refusal(`What answers at ${at} does not behave like ${title}: ${error.message}`, "vendor");
  }
}

/** Reads the first page of every stream and keeps nothing of it, so that a missing permission shows now, not tonight. */
async function permissionsMissing({ connector, connection }: OpenedConnection): Promise<Connected["lacking"]> {
  const lacking: Connected["lacking"] = [];
  for (const stream of Object.keys(connector.streams)) {
    const pages = connection.read(stream, null);
    try {
      await pages.next();
    } catch (error) {
      if (error instanceof ConnectorError && error.kind === "permission")
        lacking.push({ stream, reason: error.message });
      // Any other fault shows at the first run, which retries it.
    } finally {
      await pages.return(undefined);
    }
  }
  return lacking;
}

async function keep(
  deps: ConnectionDependencies,
  workspaceId: WorkspaceId,
  made: Pick<Connected, "connector" | "lacking"> & { row: Pick<Row, "connectionId" | "baseUrl">; proof: Proof },
  actor: string,
): Promise<Connected> {
  const { connector, row, proof, lacking } = made;
  const { connectionId } = row;
  const { identity, signedIn } = proof;
  if (signedIn === undefined)
    await deps.credentials.put(workspaceId, connectionId, await withSecrets(deps, made, workspaceId));
  else await deps.credentials.putSignIn(workspaceId, connectionId, signedIn);
  const mode = modeOf(identity, row.baseUrl);
  await deps.connections.updateConnection(
    workspaceId,
    connectionId,
    { externalAccount: identity.account, mode },
    actor,
  );
  if (connector.writeBack !== undefined) await deps.plans.defineFields(workspaceId, connectionId);
  const [first] = lacking;
  // Last: from now on a run may use it.
  await deps.connections.setStatus(
    workspaceId,
    connectionId,
    first === undefined ? "ready" : "needs_permission",
    first === undefined ? null : first.reason,
    actor,
  );
  return { connection: await deps.connections.get(workspaceId, connectionId), connector, identity, lacking };
}

/** Another key for the account is no other endpoint: what signs its webhooks stays. */
async function withSecrets(
  { credentials }: Pick<ConnectionDependencies, "credentials">,
  { row, proof }: { row: Pick<Row, "connectionId">; proof: Proof },
  workspaceId: WorkspaceId,
): Promise<unknown> {
  const stored = await credentials.read(workspaceId, row.connectionId);
  const webhookSecrets = stored?.kind === "key" ? secretsIn(stored.credentials) : [];
  return webhookSecrets.length === 0 ? proof.credentials : { webhookSecrets, ...Object(proof.credentials) };
}
