/** What somebody could get wrong here; `npm run test:mutation` makes each and sees that a contract test notices. */
import { mistake } from "#connectors/core/contract-suite/mistake.ts";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";

export const mistakes: readonly Mistake[] = [
  mistake("a suppression does not count beside a subscription", "consent.ts", [
    "if (noes.length > 0)",
    "if (noes.length > 99)",
  ]),
  mistake("subscriptions are not asked for", "client.ts", [
    '            additionalFieldsProfile: ["subscriptions"],\n',
    "",
  ]),
  mistake("the phone is dropped", "mapping.ts", ["phones: [text(attributes.phone_number)]", "phones: [text(null)]"]),
  mistake("no overlap with the read before", "read/windows.ts", ["overlapMs: overlapMinutes * 60_000", "overlapMs: 0"]),
  mistake("the next read begins where the list ended", "read/profiles.ts", [
    "const settledAt = position?.settledAt ?? settledOf(client, startedAt, page);",
    "const settledAt = settledOf(client, startedAt, page);",
  ]),
  mistake("our own clock counts, not the vendor's", "read/windows.ts", [
    "settledAt({ startedAt, servedAt,",
    "settledAt({ startedAt, servedAt: servedAt === null ? null : startedAt,",
  ]),
  mistake("the second page of changes is dropped", "read/profiles.ts", [
    '    page.next === null\n      ? { phase: "suppressed"',
    '    page.rows.length > 0\n      ? { phase: "suppressed"',
  ]),
  mistake("a full read does not say that it saw everything", "read/profiles.ts", [", fullScan: true }", " }"]),
  mistake("everything is read once and never again", "read/profiles.ts", [
    "if (now - fullAt >= client.settings.fullReadHours * 3_600_000)",
    "if (now - fullAt >= Number.MAX_SAFE_INTEGER)",
  ]),
  mistake("changes of consent are looked for by `updated` alone", "read/profiles.ts", [
    '? { phase: "suppressed", ...WINDOW_START, since, settledAt, fullAt }',
    '? { phase: "rest", settledAt, fullAt }',
  ]),
  mistake("an open is kept of everybody", "mapping.ts", [
    "mayKeepOpens?.has(profile) !== true",
    "mayKeepOpens === undefined",
  ]),
  mistake("an order carries its amount", "mapping.ts", [
    "amountMinor: null, currency: null",
    'amountMinor: 1, currency: "GBP"',
  ]),
  mistake("a number is written as text", "encode.ts", [
    'if (type === "number") return',
    'if (type === "number" && value === "") return',
  ]),
  mistake("what is cleared is left alone", "encode.ts", ["      unset.push(name);\n", ""]),
  mistake("a job that is complete did everything", "import-job.ts", [
    "const addsUp = known && completed + failed === total && failures.size === failed && unclear === 0;",
    "const addsUp = true;",
  ]),
  mistake("failures of an import are called written", "write-back.ts", [
    "else if (code !== undefined)",
    'else if (code === "")',
  ]),
  mistake("a job of an earlier attempt is ordered again", "write-back.ts", [
    "if (job !== undefined) jobs.set(job,",
    'if (job === "") jobs.set(job,',
  ]),
  mistake("batches are split by count alone", "write-back.ts", [
    "      weight: { of: ({ bytes }) => bytes, most: IMPORT_BYTES },\n",
    "",
  ]),
  mistake("a property of Klaviyo's own is written", "write-back.ts", [
    "const OURS = /^(?!.*(consent|subscri))[a-z][a-z0-9_ -]{0,99}$/i;",
    "const OURS = /./;",
  ]),
  mistake("who unsubscribed is of unknown mind", "consent.ts", [
    'state: "withdrawn", basis: "none", explicit: isOwnWay(use, channel.method) };',
    "...NO_YES };",
  ]),
  mistake("a membership is known by its profile alone", "mapping.ts", [
    "touchpoint(`${list.id}:${id}`",
    "touchpoint(`${id}`",
  ]),
  mistake("the lists after the first are left out", "read/lists.ts", [
    "for (const { id, attributes } of open) {",
    "for (const { id, attributes } of open.slice(0, 1)) {",
  ]),
];
