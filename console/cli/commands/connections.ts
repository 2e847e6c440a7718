import type { Command } from "commander";
import { connectorOf } from "#connectors/registry.ts";
import { withContext } from "../context.ts";
import { print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function connectionsCommand(program: Command): void {
  program
    .command("connections")
    .description("the connected tools: state, host, what is read, what is written")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async ({ workspace, stores }) => {
        const connections = await stores.connections.listConnections(workspace.workspaceId);
        // Settings can name files and accounts: the listing leaves them out.
        const shown = connections.map(({ settings: _settings, ...connection }) => ({
          ...connection,
          host: connection.baseUrl ?? connectorOf(connection.connector).baseUrl,
          streams: Object.keys(connectorOf(connection.connector).streams),
        }));
        print(options, shown, (rows) =>
          rows.length === 0
            ? "No tool is connected yet: `tributary connect --help`; `tributary import FILE` reads a file."
            : table(
                ["tool", "name", "account", "state", "writes back", "without asking up to", "host", "reads"],
                rows.map((row) => [
                  row.connector,
                  row.name,
                  row.externalAccount === null
                    ? null
                    : `${row.externalAccount}${row.mode === null ? "" : ` (${row.mode})`}`,
                  row.statusReason === null ? row.status : `${row.status.replaceAll("_", " ")}: ${row.statusReason}`,
                  row.writeBack ? "yes" : "no",
                  row.writeBack ? limit(row.autoApplyShare) : null,
                  row.host ?? "local files",
                  row.streams.join(", "),
                ]),
              ),
        );
      }),
    );
}

/** After the first plan, which a person always approves. */
function limit(share: number | null): string {
  return share === null ? "always asks" : `${Math.round(share * 1_000) / 10} % of records`;
}
