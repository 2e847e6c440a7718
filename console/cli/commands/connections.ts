import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { connectorOf } from "#connectors/registry.ts";
import { USUAL_SHARE } from "#profile/store/quota.ts";
import { findConnection } from "../../connections.ts";
import { actor } from "../actor.ts";
import { withContext } from "../context.ts";
import { print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function connectionsCommand(program: Command): void {
  const group = program.command("connections").description("the connected tools (without a subcommand: list)");

  group
    .command("list", { isDefault: true })
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
                [
                  "tool",
                  "name",
                  "account",
                  "state",
                  "writes back",
                  "without asking up to",
                  "uses of its quota",
                  "host",
                  "reads",
                ],
                rows.map((row) => [
                  row.connector,
                  row.name,
                  row.externalAccount === null
                    ? null
                    : `${row.externalAccount}${row.mode === null ? "" : ` (${row.mode})`}`,
                  row.statusReason === null ? row.status : `${row.status.replaceAll("_", " ")}: ${row.statusReason}`,
                  row.writeBack ? "yes" : "no",
                  row.writeBack ? limit(row.autoApplyShare) : null,
                  row.host === null ? null : shareWords(row.quotaShare),
                  row.host ?? "local files",
                  row.streams.join(", "),
                ]),
              ),
        );
      }),
    );

  group
    .command("set")
    .argument("<connector>", "which tool")
    .description("change a connection's settings; calls that follow go by them")
    .requiredOption(
      "--quota-share <percent>",
      "how much of what the account is allowed is used, the rest being for the customer's other apps: as in 50%, or usual",
      share,
    )
    .option("--name <name>", "which connection, where the tool has several")
    .option("--json", "print JSON")
    .action((tool: string, { quotaShare: given, name: named, ...options }: OutputOptions & ShareOptions) =>
      withContext(async ({ workspace: { workspaceId }, stores: { connections } }) => {
        const { connectionId, connector, name } = await findConnection({ connections }, workspaceId, tool, named);
        const quotaShare = given === "usual" ? null : given;
        await connections.updateConnection(workspaceId, connectionId, { quotaShare }, actor());
        print(
          options,
          { connectionId, connector, name, quotaShare },
          () => `"${name}" uses ${shareWords(quotaShare)} of what its account is allowed from the next step on.`,
        );
      }),
    );
}

interface ShareOptions {
  quotaShare: number | "usual";
  name?: string;
}

function share(text: string): number | "usual" {
  if (text === "usual") return text;
  const percent = Number(/^(\d{1,3}(?:\.\d)?) ?%?$/.exec(text)?.[1] ?? Number.NaN);
  if (percent >= 1 && percent <= 100) return percent / 100;
  throw new InvalidArgumentError("It must be a percentage from 1 to 100, as in 50%, or `usual`.");
}

const shareWords = (quotaShare: number | null): string =>
  `${Math.round(1_000 * (quotaShare ?? USUAL_SHARE)) / 10} %${quotaShare === null ? " (usual)" : ""}`;

/** After the first plan, which a person always approves. */
function limit(share: number | null): string {
  return share === null ? "always asks" : `${Math.round(share * 1_000) / 10} % of records`;
}
