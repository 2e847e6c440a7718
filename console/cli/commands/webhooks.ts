import type { Command } from "commander";
import type { Config } from "#config.ts";
import { connectorOf } from "#connectors/registry.ts";
import { findConnection } from "../../connections.ts";
import { keepWebhookSecret, webhooksOf, type ConnectionWebhooks } from "../../webhooks.ts";
import { withContext } from "../context.ts";
import { readSecret } from "../credentials-input.ts";
import { plural, print, when } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function webhooksCommand(program: Command): void {
  const webhooks = program
    .command("webhooks")
    .description("where tools can send their changes to, and whether they do")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async ({ config, stores, workspace }) => {
        const all = await webhooksOf(stores, workspace.workspaceId, publicUrlOf(config));
        print(options, all, (each) =>
          each.length === 0
            ? "No connected tool sends webhooks."
            : [...each.map((one) => lines(one).join("\n")), ...warning(config)].join("\n\n"),
        );
      }),
    );
  webhooks
    .command("secret")
    .argument("<connector>", "which tool")
    .description("keep the signing secret of a connection's own address; the earlier ones stay good")
    .option("--name <name>", "which connection, where the tool has several")
    .option("--token-file <file>", "read it from this file, or from standard input (-)")
    .option("--only", "forget the earlier ones")
    .option("--json", "print JSON")
    .action((tool: string, options: OutputOptions & { name?: string; tokenFile?: string; only?: boolean }) =>
      withContext(async ({ stores, workspace, checkKey }) => {
        await checkKey();
        const connection = await findConnection(stores, workspace.workspaceId, tool, options.name);
        const { title, webhooks: declared } = connectorOf(connection.connector);
        const asked = { title: "signing secret of the webhooks", where: declared?.where ?? "" };
        const secret = await readSecret(asked, title, options.tokenFile);
        const secrets = await keepWebhookSecret(stores, connection, secret, { only: options.only ?? false });
        print(
          options,
          { connectionId: connection.connectionId, secrets },
          () =>
            `Kept, encrypted. "${connection.name}" has ${plural(secrets, "signing secret")} now; the console knows within seconds.`,
        );
      }),
    );
}

/** For `status`: what has arrived and what has not. */
export function arrivalLine({ connector, name, arrived, waiting, refused }: ConnectionWebhooks): string {
  const got =
    arrived === null
      ? "none has ever arrived"
      : `${plural(arrived.events, "event")} since ${when(arrived.firstAt)}, the last one ${when(arrived.lastAt)}, ${plural(arrived.repeated, "repetition")}`;
  const left = waiting === null ? "" : `; ${plural(waiting.records, "record")} to read since ${when(waiting.since)}`;
  return `${connector}/${name}: ${got}${left}${refusedWords(refused)}`;
}

export const publicUrlOf = ({ http }: Pick<Config, "http">): string => http.publicUrl ?? http.origin;

function lines(one: ConnectionWebhooks): string[] {
  const own =
    one.secrets === null
      ? `for a sign-in with the secret in ${one.appSecretIn} of the console`
      : one.secrets === 0
        ? `no secret yet: tributary webhooks secret ${one.connector}`
        : plural(one.secrets, "secret");
  return [
    arrivalLine(one),
    `  its own address    ${one.ownAddress} (${own})`,
    `  an app's address   ${one.appAddress} (secret in ${one.appSecretIn} of the console)${refusedWords(one.refusedAtApp)}`,
    ...(one.arrived === null ? [`  ${one.where}`] : []),
  ];
}

function refusedWords(refused: ConnectionWebhooks["refused"]): string {
  if (refused.length === 0) return "";
  const words = refused.map(({ reason, requests, lastAt }) => `${requests} ${reason} (last ${when(lastAt)})`);
  return `; refused: ${words.join(", ")}`;
}

function warning({ http }: Config): string[] {
  return http.publicUrl === null
    ? ["Tools on the internet cannot reach these addresses: set TRIBUTARY_PUBLIC_URL to where a proxy hands them on."]
    : [];
}
