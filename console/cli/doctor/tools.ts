/** Do the connected tools accept our credentials? */
import { connectorOf } from "#connectors/registry.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { HeldStream } from "#profile/store/ingest/held.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { openConnection } from "#workflows/open-connection.ts";
import { globals } from "../context.ts";
import { fail, ok, skip } from "./finding.ts";
import type { Finding } from "./finding.ts";

const PATIENCE_MS = 20_000;

export async function toolFindings(deps: Dependencies): Promise<Finding[]> {
  const all = await deps.connections.listWorkspaces();
  const wanted = all.filter(({ slug }) => globals.workspace === undefined || slug === globals.workspace);
  if (wanted.length === 0)
    return [fail("workspace", "there is none yet", "make one: `tributary workspace create --help`")];
  const connections = await Promise.all(wanted.map(({ workspaceId }) => deps.connections.listConnections(workspaceId)));
  if (connections.flat().length === 0)
    return [fail("tools", "none is connected", "`tributary connect --help`; `tributary import FILE` reads a file")];
  const held = await Promise.all(wanted.map(({ workspaceId }) => deps.held.list(workspaceId)));
  const tools = await Promise.all(connections.flat().map((connection) => toolFinding(deps, connection)));
  return [...tools, ...held.flat().map(heldFinding)];
}

function heldFinding({ connector, connectionName, stream, reason }: HeldStream): Finding {
  const check = `${connectorOf(connector).title} "${connectionName}" ${stream}`;
  return fail(check, reason, "`tributary sync --accept-deletions`, or correct the key and `tributary sync`");
}

async function toolFinding(deps: Dependencies, connection: Connection): Promise<Finding> {
  const { workspaceId, connectionId, connector, name, status, statusReason } = connection;
  const check = `${connectorOf(connector).title} "${name}"`;
  if (status === "paused" || status === "disconnected") return skip(check, status);
  try {
    const opened = await openConnection(deps, workspaceId, connectionId, AbortSignal.timeout(PATIENCE_MS));
    const { title } = await opened.connection.check();
    if (status === "ready")
      return ok(check, statusReason === null ? `connected as ${title}` : `answers; ${statusReason}`);
    return fail(
      check,
      statusReason ?? status.replaceAll("_", " "),
      "grant what is missing there, then `tributary sync`",
    );
  } catch (error) {
    if (error instanceof ConnectorError) return fail(check, error.message, adviceFor(error));
    // Credentials that cannot be decrypted, settings of another version.
    const why = error instanceof Error ? error.message : String(error);
    return fail(check, why, "connect it again, or add the key it was encrypted under to TRIBUTARY_KEY");
  }
}

function adviceFor({ kind }: ConnectorError): string {
  switch (kind) {
    case "auth":
      return "give it new credentials: `tributary reconnect`";
    case "permission":
      return "grant the scope it names, in the tool's own settings";
    case "rate_limited":
    case "transient":
      return "wait a little and check again: the loop continues by itself";
    default:
      return "import or connect it again; if that does not help, report it with this line";
  }
}
