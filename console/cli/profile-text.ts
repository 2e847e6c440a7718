/** One customer as a page of text. */
import type { ProfileExplanation } from "#profile/store/identity/explain.ts";
import type { ProfileRecord, ProfileView } from "#profile/store/views/profile.ts";
import { customerName } from "../customer-name.ts";
import { groupEvidence } from "../evidence.ts";
import { money } from "../money.ts";
import { fieldEntries, traitTitle, valueWords } from "../trait-words.ts";
import { heading, moments, plural, table, when, zone } from "./output.ts";

/** `--json` has them all. */
const SHOWN = 12;

export function renderProfile(view: ProfileView, why: ProfileExplanation): string {
  const { display, facts, evidence, refusals, weighed } = why;
  const parts = [
    display.name ?? customerName(view.records.map(({ person }) => person)),
    [display.email, display.phone].filter(Boolean).join(", "),
    `Profile ${view.profileId}${view.aliases.length > 0 ? `, formerly ${view.aliases.join(", ")}` : ""}`,
    heading("Known, from where, and why this"),
    known(facts),
    heading("Traits, and why"),
    traits(view),
    heading("Consent"),
    consents(view),
    heading("Orders"),
    orders(view),
    heading(`Known from ${plural(view.records.length, "record")}`),
    records(view.records),
    ...(evidence.length === 0 ? [] : [heading("Why these records are one person"), merged(evidence)]),
    ...(refusals.length === 0
      ? []
      : [heading("Kept apart from others although something matches"), shortened(refusals)]),
    ...(weighed.length === 0 ? [] : [heading("What says less than it seems to"), shortened(weighed)]),
    heading("Written into tools"),
    deliveries(view),
  ];
  return parts.filter((part) => part !== "").join("\n");
}

function known(facts: ProfileExplanation["facts"]): string {
  if (facts.length === 0) return "Nothing.";
  return table(
    ["what", "value", "record", "why this one"],
    facts.map(({ title, value, record, why }) => [title, value, record, why]),
  );
}

function traits({ traits: list }: ProfileView): string {
  if (list.length === 0) return "Not scored yet: `tributary sync` does it.";
  return list
    .map(({ name, status, value, reasons, method, computedAt }) => {
      const words = valueWords(name, value);
      const raw = typeof value === "string" && words !== value ? ` (${value})` : "";
      const answer = status === "refused" ? "no answer" : `${words ?? "no answer"}${raw}`;
      return [
        `${traitTitle(name)}: ${answer}${status === "low_confidence" ? ", not sure" : ""}`,
        ...reasons.map((reason) => `    ${reason}`),
        `    By ${method}, ${when(computedAt)}.`,
      ].join("\n");
    })
    .join("\n");
}

function consents({ consents: list }: ProfileView): string {
  if (list.length === 0) return "Nothing is on record: marketing by e-mail or text message is not allowed.";
  return table(
    ["what for", "state", `since (${zone()})`, "why"],
    list.map(({ purpose, channel, state, effectiveAt, reason }) => [
      channel === "any" ? purpose : `${purpose} by ${channel}`,
      state,
      effectiveAt === null ? "-" : moments(effectiveAt),
      reason,
    ]),
  );
}

function orders({ orders: list }: ProfileView): string {
  if (list.length === 0) return "None known.";
  return list
    .map(
      ({ count, netMinor, currency, firstAt, lastAt }) =>
        `${plural(count, "order")} worth ${money(netMinor, currency)} after refunds; first ${when(firstAt)}, last ${when(lastAt)}`,
    )
    .join("\n");
}

function records(list: ProfileRecord[]): string {
  const shown = list
    .slice(0, SHOWN)
    .map((record) => [
      record.connector,
      `${record.stream}/${record.vendorId}${record.deleted ? " (deleted there)" : ""}`,
      [record.person.firstName, record.person.lastName].filter(Boolean).join(" ") || null,
      record.person.emails.join(" ") || null,
      record.person.phones.join(" ") || null,
      moments(record.firstSeenAt),
    ]);
  const text = table(["tool", "record", "name", "e-mail", "phone", `first seen (${zone()})`], shown);
  return list.length > SHOWN ? `${text}\nand ${plural(list.length - SHOWN, "more record")}: --json shows all` : text;
}

function merged(evidence: string[]): string {
  return groupEvidence(evidence)
    .map(({ reason, pairs }) =>
      pairs.length === 1
        ? `${pairs[0]}: ${reason}`
        : [
            `${pairs.length} times ${reason}:`,
            ...shortened(pairs)
              .split("\n")
              .map((line) => `    ${line}`),
          ].join("\n"),
    )
    .join("\n");
}

function shortened(lines: string[]): string {
  const shown = lines.slice(0, SHOWN);
  const rest = lines.length - shown.length;
  return [...shown, ...(rest > 0 ? [`and ${rest.toLocaleString("en")} more: --json shows all`] : [])].join("\n");
}

function deliveries({ deliveries: list }: ProfileView): string {
  if (list.length === 0) return "Nothing yet.";
  return list
    .map(({ connector, vendorId, values, deliveredAt, planId }) =>
      [
        `${connector} ${vendorId}, ${when(deliveredAt)}, by plan ${planId}`,
        ...fieldEntries(values).map(([field, value]) => `    ${field} = ${value ?? "(cleared)"}`),
      ].join("\n"),
    )
    .join("\n");
}
