/** Accounts whose credentials the environment holds: connected in a workspace of their own, never beside the demo. */
import { credentialsFrom } from "#connectors/core/auth.ts";
import type { Connector } from "#connectors/core/contract.ts";
import { connectors } from "#connectors/registry.ts";
import { FIRST_NAME } from "#console/connection-rules.ts";
import { connect, reconnect } from "#console/connections.ts";
import { Refusal } from "#console/refusal.ts";
import { DEMO_WORKSPACE } from "#console/workspaces.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import type { Log } from "./log.ts";

/** Where accounts named by the environment go. */
export const REAL_WORKSPACE = "main";

const ACTOR = "npm start";

export interface NamedAccount {
  connector: Connector;
  credentials: Record<string, string>;
}

export function namedAccounts(environment: Readonly<Record<string, string | undefined>>): NamedAccount[] {
  return connectors.flatMap((connector) => {
    const credentials = credentialsFrom(connector.auth, environment);
    return credentials === null ? [] : [{ connector, credentials }];
  });
}

/**
 * Whether the fictitious shop runs: where somebody asks for it, or where there is nothing else. One real account, named or
 * connected earlier, keeps it out.
 */
export function wantsDemo(
  asked: boolean | undefined,
  named: readonly NamedAccount[],
  workspaces: readonly { slug: string }[],
): boolean {
  if (asked !== undefined) return asked;
  return named.length === 0 && workspaces.every(({ slug }) => slug === DEMO_WORKSPACE);
}

/** Connects them, or says what is missing. A tool that refuses or cannot be reached never keeps the rest from starting. */
export async function connectNamedAccounts(
  deps: Dependencies,
  named: readonly NamedAccount[],
  log: Log,
): Promise<void> {
  if (named.length === 0) return;
  const titles = named.map(({ connector }) => connector.title).join(" and ");
  const workspaceId = workspaceIdOf(REAL_WORKSPACE);
  if (!(await deps.connections.listWorkspaces()).some(({ slug }) => slug === REAL_WORKSPACE)) {
    log(
      `Credentials for ${titles} are set, but there is no workspace "${REAL_WORKSPACE}" to connect them in: create it, then start again`,
    );
    return;
  }
  for (const { connector, credentials } of named) {
    const all = await deps.connections.listConnections(workspaceId);
    const known = all.find(({ connector: id, name }) => id === connector.id && name === FIRST_NAME);
    // A person's word stands above the environment's.
    if (known?.status === "paused" || known?.status === "disconnected") {
      log(`${connector.title}: ${known.status} by hand, and stays that way`);
      continue;
    }
    // Somebody signed in instead.
    if (
      known?.status === "ready" &&
      (await deps.credentials.read(workspaceId, known.connectionId))?.kind === "sign_in"
    ) {
      log(`${connector.title}: "${known.name}" is signed in; the environment's credentials are not used`);
      continue;
    }
    // They are for the tool itself, and would be sent to somebody's stand-in.
    if (known !== undefined && known.baseUrl !== null) {
      log(
        `${connector.title}: "${known.name}" is a stand-in at ${known.baseUrl}; the environment's credentials are not used`,
      );
      continue;
    }
    try {
      const { identity } =
        known === undefined
          ? await connect(deps, workspaceId, { connector: connector.id, credentials }, ACTOR)
          : await reconnect(deps, workspaceId, known, credentials, ACTOR);
      log(`${connector.title}: connected as ${identity.title}, in the workspace ${REAL_WORKSPACE}`);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      log(`${connector.title} is not connected: ${error.message}`);
    }
  }
}
