import type { Command } from "commander";
import { alertChannels } from "#workflows/alerts/channels.ts";
import { testMessage } from "#workflows/alerts/message.ts";
import { withStores } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function alertsCommand(program: Command): void {
  program
    .command("alerts")
    .description("who is told when something needs somebody")
    .command("test")
    .description("send a test alert in every way that is set up, and say whether it was taken")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withStores(async ({ config }) => {
        const channels = alertChannels(config.alerts);
        if (channels.length === 0)
          throw new CommandFailure(
            "Nobody is told of anything: set TRIBUTARY_ALERT_WEBHOOK with TRIBUTARY_ALERT_SECRET, or TRIBUTARY_ALERT_MAIL_TO, TRIBUTARY_ALERT_MAIL_FROM and TRIBUTARY_SMTP_URL, for worker and console.",
          );
        const message = testMessage(new Date());
        const told = await Promise.all(
          channels.map(async (channel) => ({
            channel: channel.name,
            failure: await channel.tell(message).then(
              () => null,
              (error: unknown) => (error instanceof Error ? error.message : String(error)),
            ),
          })),
        );
        print(options, told, (all) =>
          all.map(({ channel, failure }) => `${channel}: ${failure ?? "taken"}`).join("\n"),
        );
        if (told.some(({ failure }) => failure !== null))
          throw new CommandFailure("The test alert was not taken by all.");
      }),
    );
}
