import type { Command } from "commander";
import { connectorOf } from "#connectors/registry.ts";
import { disconnect, findConnection, pause, resume } from "../../connections.ts";
import type { Connection } from "#profile/store/connections.ts";
import { actor } from "../actor.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";

interface StateOptions extends OutputOptions {
  name?: string;
}

/** `disconnect`, `pause` and `resume`: each is one connection and one new state. */
export function connectionStateCommands(program: Command): void {
  add(
    program,
    "disconnect",
    "delete a connection's credentials: nothing is read or written any more",
    async (context, connection) => {
      const outcome = await disconnect(context.stores, connection, actor());
      const { title } = connectorOf(connection.connector);
      return `Disconnected "${connection.name}". What was read and written stays. ${SAID[outcome].replaceAll("the tool", title)}`;
    },
  );
  add(program, "pause", "stop reading and writing until `resume`", async (context, connection) => {
    await pause(context.stores, connection, actor());
    return `Paused "${connection.name}": it is left out of every run from now on. \`tributary resume ${connection.connector}\` continues where it stopped.`;
  });
  add(program, "resume", "continue where `pause` stopped", async (context, connection) => {
    const { title } = await resume(context.stores, connection, actor());
    return `"${connection.name}" continues with the next run; the account is ${title}.`;
  });
}

const SAID: Record<Awaited<ReturnType<typeof disconnect>>, string> = {
  revoked: "The sign-in was ended at the tool, and its tokens are deleted here.",
  shared:
    "The tokens are deleted here. The access was not ended at the tool: another connection signs in with it, and would be cut off.",
  "not offered": "The tokens are deleted here; the tool lets only the account itself end the access.",
  nothing: "Its credentials are deleted here.",
  later: "The tool could not be told yet: a worker goes on trying for a week, then deletes the tokens.",
  "by hand": "Its credentials are deleted here; revoke the key at the tool too.",
};

function add(
  program: Command,
  name: string,
  description: string,
  act: (context: Context, connection: Connection) => Promise<string>,
): void {
  program
    .command(name)
    .argument("<connector>", "which tool")
    .description(description)
    .option("--name <name>", "which connection, where the tool has several")
    .option("--json", "print JSON")
    .action((tool: string, options: StateOptions) =>
      withContext(async (context) => {
        const { stores, workspace } = context;
        const found = await findConnection(stores, workspace.workspaceId, tool, options.name);
        const said = await act(context, found);
        const { connectionId, connector, name, status } = await stores.connections.get(
          workspace.workspaceId,
          found.connectionId,
        );
        print(options, { connectionId, connector, name, status }, () => said);
      }),
    );
}
