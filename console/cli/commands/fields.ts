import type { Command } from "commander";
import { connectorOf } from "#connectors/registry.ts";
import { FIELDS } from "#profile/plan/fields.ts";
import { shortName } from "#profile/plan/mapping.ts";
import { OWNERSHIPS } from "#profile/plan/types.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { DestinationField } from "#profile/store/plan/fields.ts";
import { findConnection } from "../../connections.ts";
import { fieldsOf, resetField, setField, switchField, type Changed, type Choice } from "../../fields.ts";
import { actor } from "../actor.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";

type Options = OutputOptions & { connection?: string };

const FIELD = "which field, as listed: lifecycle_stage";
const CLEAR = "empty what Tributary left in the property, where nobody edited it since (default: it stays)";

export function fieldsCommand(program: Command): void {
  const fields = program
    .command("fields")
    .description(
      "which property of a tool holds what; nothing else is ever written there (without a subcommand: list)",
    );

  connectionOption(fields.command("list", { isDefault: true }).argument("[connector]", "which tool (default: all)"))
    .description("the properties that are written, and whose they are")
    .action((tool: string | undefined, options: Options) =>
      withContext(async (context) => {
        const listed = [];
        for (const connection of await chosen(context, tool, options.connection))
          listed.push({
            ...{ connector: connection.connector, connection: connection.name },
            fields: await fieldsOf(context.stores, connection),
          });
        print(options, listed, renderAll);
      }),
    );

  connectionOption(fields.command("set").argument("<connector>", "which tool").argument("<field>", FIELD))
    .description("write a field into another property, under another label or by other rules, and switch it on")
    .option("--property <name>", "the property's name in the tool: one it has already, or a new one that is made")
    .option("--label <label>", "the label of a property that is made")
    .option("--ownership <rule>", `who decides the value: ${OWNERSHIPS.join(", ")}`)
    .option("--clear", CLEAR)
    .addHelpText(
      "after",
      `
Fields: ${FIELDS.map(({ definition }) => shortName(definition.name)).join(", ")}.

ours          Tributary decides; whatever else is there is written over
theirs        Tributary never writes it
fill-empty    Tributary fills it while it is empty or still as Tributary left it
until-edited  the same, until somebody edits or empties it: then it stays theirs`,
    )
    .action((tool: string, field: string, options: Options & Choice) =>
      changing(options, tool, (context, connection) => setField(context.stores, connection, field, options, actor())),
    );

  connectionOption(fields.command("on").argument("<connector>", "which tool").argument("<field>", FIELD))
    .description("write a field again")
    .action((tool: string, field: string, options: Options) =>
      changing(options, tool, (context, connection) =>
        switchField(context.stores, connection, field, { on: true }, actor()),
      ),
    );

  connectionOption(fields.command("off").argument("<connector>", "which tool").argument("<field>", FIELD))
    .description("write a field no more")
    .option("--clear", CLEAR)
    .action((tool: string, field: string, options: Options & Choice) =>
      changing(options, tool, (context, connection) =>
        switchField(context.stores, connection, field, { on: false, clear: options.clear ?? false }, actor()),
      ),
    );

  connectionOption(fields.command("reset").argument("<connector>", "which tool").argument("<field>", FIELD))
    .description("back to a property of Tributary's own, which Tributary decides")
    .option("--clear", CLEAR)
    .action((tool: string, field: string, options: Options & Choice) =>
      changing(options, tool, (context, connection) => resetField(context.stores, connection, field, options, actor())),
    );
}

const connectionOption = (command: Command): Command =>
  command.option("--connection <name>", "which connection, where the tool has several").option("--json", "print JSON");

async function chosen(
  { stores, workspace: { workspaceId } }: Context,
  tool: string | undefined,
  name: string | undefined,
): Promise<Connection[]> {
  if (tool !== undefined) return [await findConnection(stores, workspaceId, tool, name, "--connection")];
  const all = await stores.connections.listConnections(workspaceId);
  return all.filter(
    (each) =>
      connectorOf(each.connector).writeBack !== undefined &&
      each.status !== "disconnected" &&
      (name === undefined || each.name === name),
  );
}

function changing(
  options: Options,
  tool: string,
  change: (context: Context, connection: Connection) => Promise<Changed>,
): Promise<void> {
  return withContext(async (context) => {
    const [connection] = await chosen(context, tool, options.connection);
    if (connection === undefined) return;
    print(options, await change(context, connection), ({ after, remarks }) =>
      [`${shortName(after.source)}: ${stateOf(after)}.`, ...remarks, "Next: tributary sync"].join("\n"),
    );
  });
}

function stateOf({ enabled, field, ownership, label }: DestinationField): string {
  if (!enabled) return `off; nothing is written into "${field}"`;
  return `written into "${field}"${label === null ? "" : ` (${label})`}, ${ownership}`;
}

function renderAll(all: { connector: string; connection: string; fields: DestinationField[] }[]): string {
  if (all.length === 0) return "No tool is connected that can be written to: `tributary connect --help`.";
  return table(
    ["tool", "connection", "field", "property", "made by", "ownership", "state"],
    all.flatMap(({ connector, connection, fields }) =>
      fields.map((field) => [
        ...[connector, connection, shortName(field.source), field.field],
        field.existing ? "the tool" : "Tributary",
        field.ownership,
        field.clearing ? "off, being emptied" : field.enabled ? "on" : "off",
      ]),
    ),
  );
}
