import type { Command } from "commander";
import type { PersonRecord } from "#connectors/core/records.ts";
import type { ProfileView } from "#profile/store/profile-view.ts";
import { withContext } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { heading, money, print, table, when } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function profileCommand(program: Command): void {
  program
    .command("profile")
    .argument("<email|id>", "e-mail address, phone number, profile id (old ids too) or a tool's own record id")
    .description("one customer: from which records, why merged, consent, traits with reasons, what was written where")
    .option("--json", "print JSON")
    .action((query: string, options: OutputOptions) =>
      withContext(async ({ workspace, stores }) => {
        const profileId = await stores.identity.findProfile(workspace.workspaceId, query);
        const view = profileId && (await stores.views.profile(workspace.workspaceId, profileId));
        if (!view || profileId === undefined) {
          throw new CommandFailure("No profile has that. Try another address, or an id as a tool shows it.", 3);
        }
        const why = await stores.identity.explain(workspace.workspaceId, profileId);
        print(options, { ...view, why }, (shown) => render(shown, why));
      }),
    );
}

function render(view: ProfileView, why: { evidence: string[]; refusals: string[] }): string {
  return [
    `${nameOf(view.records.map((record) => record.person))}   profile ${view.profileId}`,
    view.aliases.length > 0 ? `Formerly ${view.aliases.join(", ")}` : "",
    heading(`Known from ${view.records.length} ${view.records.length === 1 ? "record" : "records"}`),
    table(
      ["tool", "record", "name", "e-mail", "phone", "first seen"],
      view.records.map(({ connector, stream, vendorId, person, deleted, firstSeenAt }) => [
        connector,
        `${stream}/${vendorId}${deleted ? " (deleted there)" : ""}`,
        nameOf([person]),
        person.emails.join(" ") || null,
        person.phones.join(" ") || null,
        when(firstSeenAt),
      ]),
    ),
    ...section("Why they are one person", why.evidence),
    ...section("Kept apart from others although something matches", why.refusals),
    heading("Orders"),
    view.orders.length === 0
      ? "None known."
      : view.orders
          .map(
            (orders) =>
              `${orders.count} worth ${money(orders.netMinor, orders.currency)}, first ${when(orders.firstAt)}, last ${when(orders.lastAt)}`,
          )
          .join("\n"),
    heading("Consent"),
    view.consents.length === 0
      ? "Nothing recorded: marketing is not allowed."
      : table(
          ["purpose", "channel", "state", "why"],
          view.consents.map(({ purpose, channel, state, reason }) => [purpose, channel, state, reason]),
        ),
    heading("Traits"),
    view.traits.length === 0
      ? "Not scored yet; the next sync does it."
      : view.traits
          .map(({ name, status, value, reasons }) =>
            [
              `${name}: ${status === "refused" ? "no answer" : String(value)}`,
              ...reasons.map((reason) => `    ${reason}`),
            ].join("\n"),
          )
          .join("\n"),
    heading("Written back"),
    view.deliveries.length === 0
      ? "Nothing yet."
      : view.deliveries
          .map(
            ({ connector, vendorId, values, deliveredAt }) =>
              `${connector} ${vendorId}, ${when(deliveredAt)}\n` +
              Object.entries(values)
                .map(([field, value]) => `    ${field} = ${value ?? "(cleared)"}`)
                .join("\n"),
          )
          .join("\n"),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function section(title: string, lines: string[]): string[] {
  return lines.length === 0 ? [] : [heading(title), ...lines];
}

function nameOf(people: PersonRecord[]): string {
  const named = people.find((person) => person.firstName !== null || person.lastName !== null);
  return [named?.firstName, named?.lastName].filter(Boolean).join(" ") || "(no name)";
}
