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
          streams: Object.keys(connectorOf(connection.connector).streams),
        }));
        print(options, shown, (rows) =>
          rows.length === 0
            ? "No tool is connected yet. `npm start` connects the demo; `tributary import FILE` reads a file."
            : table(
                ["tool", "name", "state", "reads", "writes back", "host"],
                rows.map(({ connector, name, status, statusReason, streams, writeBack, baseUrl }) => [
                  connector,
                  name,
                  statusReason === null ? status : `${status}: ${statusReason}`,
                  streams.join(", "),
                  writeBack ? "yes" : "no",
                  baseUrl ?? connectorOf(connector).baseUrl,
                ]),
              ),
        );
      }),
    );
}
