import { InvalidArgumentError } from "commander";
import type { Command } from "commander";
import { isWritable } from "#connectors/core/contract.ts";
import type { Connector } from "#connectors/core/contract.ts";
import { signInsOf } from "#connectors/core/auth.ts";
import { clientVariables } from "#connectors/core/oauth/sign-in.ts";
import { connectors } from "#connectors/registry.ts";
import { z } from "zod";
import { connect, connectable, findConnection, reconnect } from "../../connections.ts";
import type { Connected } from "../../connections.ts";
import { actor } from "../actor.ts";
import { withContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { readCredentials } from "../credentials-input.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { signInByBrowser, wayToSignIn } from "../sign-in.ts";
import type { SignInOptions } from "../sign-in.ts";

type ConnectOptions = OutputOptions & SignInOptions;

const SECRETS = `
Where the operator has set up an app, you sign in at the tool in a browser: the link is opened or printed, and the command
waits for your answer. Else, or with --key, credentials are used.
Credentials are asked for without echo, or come from a file or from the environment; never from an argument, which other
users of the machine could see. What each tool needs:
${connectors.flatMap(toolHelp).join("\n")}`;

export function connectCommand(program: Command): void {
  program
    .command("connect")
    .argument("<connector>", "which tool")
    .allowExcessArguments(true)
    .description(
      "connect an account: you sign in at the tool, or give its credentials; they are checked and stored encrypted",
    )
    .option("--name <name>", 'tells a second account of one tool from the first (default: "main")')
    .option("--token-file <file>", "read the credentials from a file; - is standard input")
    .option("--base-url <url>", "for operators: a stand-in or proxy in place of the tool's own host")
    .option("--sign-in", "sign in at the tool in a browser, also where no terminal is")
    .option("--key", "give credentials, also where one could sign in")
    .option("--way <way>", "how to sign in, where a tool has several ways")
    .option("--no-open", "print the link only, without opening a browser")
    .option(
      "--requests-per-second <n>",
      "for operators: what this account is allowed, where that is more than the tool publishes",
      rate,
    )
    .option("--settings <json>", "the tool's own settings, as its README lists them; no secrets", settingsOf)
    .option("--json", "print JSON")
    .addHelpText("after", SECRETS)
    .action((tool: string, options: ConnectOptions, command: Command) => {
      refuseArguments(command);
      return withContext(async (context) => {
        const { stores, workspace, checkKey } = context;
        await checkKey();
        const connector = connectable(tool);
        const { name, baseUrl, requestsPerSecond, settings } = options;
        const way = await wayToSignIn(context, connector, options, baseUrl ?? null);
        if (way !== null) {
          const signedIn = await signInByBrowser(context, { connector, way, options });
          const verb = signedIn.renewed ? "Signed in again to" : "Connected";
          print(options, shown(signedIn), () => render(signedIn, workspace.slug, verb));
          return;
        }
        const input = {
          connector: connector.id,
          credentials: await readCredentials(connector, options.tokenFile),
          ...(name === undefined ? {} : { name }),
          ...(baseUrl === undefined ? {} : { baseUrl }),
          ...(requestsPerSecond === undefined ? {} : { requestsPerSecond }),
          ...(settings === undefined ? {} : { settings }),
        };
        const connected = await connect(stores, workspace.workspaceId, input, actor());
        print(options, shown(connected), () => render(connected, workspace.slug, "Connected"));
      });
    });

  program
    .command("reconnect")
    .argument("<connector>", "which tool")
    .allowExcessArguments(true)
    .description("give a connection new credentials for the same account")
    .option("--name <name>", "which connection, where the tool has several")
    .option("--token-file <file>", "read the credentials from a file; - is standard input")
    .option("--sign-in", "sign in at the tool in a browser, also where no terminal is")
    .option("--key", "give credentials, also where one could sign in")
    .option("--way <way>", "how to sign in, where a tool has several ways")
    .option("--no-open", "print the link only, without opening a browser")
    .option("--json", "print JSON")
    .addHelpText("after", SECRETS)
    .action((tool: string, options: Omit<ConnectOptions, "baseUrl">, command: Command) => {
      refuseArguments(command);
      return withContext(async (context) => {
        const { stores, workspace, checkKey } = context;
        await checkKey();
        const { workspaceId, slug } = workspace;
        const connection = await findConnection(stores, workspaceId, tool, options.name);
        const connector = connectable(connection.connector);
        const way = await wayToSignIn(context, connector, options, connection.baseUrl);
        if (way !== null) {
          const signedIn = await signInByBrowser(context, { connector, way, of: connection, options });
          print(options, shown(signedIn), () => render(signedIn, slug, "Signed in again to"));
          return;
        }
        const credentials = await readCredentials(connector, options.tokenFile);
        const connected = await reconnect(stores, workspaceId, connection, credentials, actor());
        print(options, shown(connected), () => render(connected, slug, "Reconnected"));
      });
    });
}

function toolHelp({ id, auth }: Connector): string[] {
  const fields = auth.kind === "token" ? auth.fields : [];
  return [
    ...fields.flatMap(({ title, env, where }) => [`  ${id}: ${title} (${env})`, `    ${where}`]),
    ...signInsOf(auth).map(
      (way) => `  ${id}, to sign in: ${way.app} (${clientVariables(way).join(", ")}), way ${way.id}`,
    ),
  ];
}

/** Whatever else was given may be the secret: it is not repeated, as the usual message would. */
function refuseArguments({ args }: Command): void {
  if (args.length <= 1) return;
  throw new CommandFailure(
    "Only the tool is named on the command line. Credentials are asked for, or come from --token-file or the environment. Others may have seen one given here: replace it with a new one.",
    2,
  );
}

function settingsOf(text: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new InvalidArgumentError(`It must be a JSON object, as '{"name": "value"}'.`);
  }
}

function rate(text: string): number {
  const value = Number(text);
  if (!Number.isFinite(value) || value <= 0 || value > 100_000)
    throw new InvalidArgumentError("It must be a number above 0.");
  return value;
}

function shown({ connection, identity, lacking }: Connected) {
  const { connectionId, connector, name, status, mode, baseUrl, writeBack, autoApplyShare } = connection;
  return {
    ...{ connectionId, connector, name, status, mode, baseUrl, writeBack, autoApplyShare },
    ...{ account: identity.account, title: identity.title, lacking },
  };
}

function render({ connection, connector, identity, lacking }: Connected, workspace: string, verb: string): string {
  const { title } = identity;
  const named = title.includes(connector.title) ? title : `${connector.title} account ${title}`;
  return [
    `${verb} ${named} as "${connection.name}" in the workspace ${workspace}.`,
    modeWords(connection, connector.title),
    "The credentials are stored encrypted.",
    ...lacking.map(({ stream, reason }) => `Its ${stream} cannot be read with them: ${reason}`),
    ...(isWritable(connector) ? ["Nothing is written to it until you approve a plan."] : []),
    "Next: tributary sync",
  ].join("\n");
}

function modeWords({ baseUrl, mode }: Connected["connection"], title: string): string {
  if (baseUrl !== null)
    return `It is reached at ${baseUrl} in place of ${title}'s own host, and counts as a test account.`;
  if (mode === "live") return "It is a live account: its customers are real.";
  if (mode === "test") return "It is a test account: its customers are made up.";
  return `${title} does not say whether this is a live or a test account.`;
}
