/** What somebody could get wrong here; `npm run test:mutation` makes each and sees that a contract test notices. */
import { mistake } from "#connectors/core/contract-suite/mistake.ts";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";

export const mistakes: readonly Mistake[] = [
  // Mapping
  mistake("the phone is dropped", "mapping.ts", [
    "phones: present([customer.phone, customer.shipping?.phone])",
    "phones: []",
  ]),
  // Reading
  mistake("a full read does not say that it saw everything", "reading.ts", [
    "fullScan: source.listsAll === true",
    "fullScan: false",
  ]),
  mistake("no overlap with the read before", "reading.ts", [
    "from.since - client.settings.overlapMinutes * 60",
    "from.since",
  ]),
  mistake("the next read begins where the list ended", "reading.ts", [
    "const startedAt: number = position?.startedAt ?? page.settledAt;",
    "const startedAt: number = page.settledAt;",
  ]),
  mistake("the second page of changes is dropped", "reading.ts", [
    "    const page: Page = await listed({ ending_before: after });\n    yield page;",
    "    const page: Page = { ...(await listed({ ending_before: after })), hasMore: false };\n    yield page;",
  ]),
  mistake("the end of a page is the end of the list", "reading.ts", [
    "    if (!page.hasMore) {\n      const next: Cursor",
    "    if (page.rows.length < 100) {\n      const next: Cursor",
  ]),
  // Orders
  mistake("the orders stream is empty", "mapping.ts", ["  return [order];\n", "  return [];\n"]),
  mistake("amounts are a hundred times too high", "mapping.ts", [
    "...moneyOf(paid, charge.currency)",
    "...moneyOf(paid * 100, charge.currency)",
  ]),
  // Writing
  mistake("answers are lost when a later write is refused for the quota", "../core/write-each.ts", [
    'if (halt !== undefined && !results.some(({ outcome }) => outcome === "written")) throw halt;',
    "if (halt !== undefined) throw halt;",
  ]),
  mistake("writes carry no idempotency key", "client.ts", ["{ metadata }, { idempotencyKey }", "{ metadata }"]),
  mistake("values are said to fit that do not", "write-back.ts", [
    "maxValueLength: METADATA_MAX_VALUE_LENGTH",
    "maxValueLength: 10 * METADATA_MAX_VALUE_LENGTH",
  ]),
  mistake("a failed payment counts as paid", "mapping.ts", [
    'if (charge.status === "failed") return "failed";',
    'if (charge.status === "failed") return "paid";',
  ]),
  // Calls and errors
  mistake("calls go round the framework", "client.ts", [
    "    environment.call(bucket, operation, send);",
    "    bucket === operation ? environment.call(bucket, operation, send) : send();",
  ]),
  mistake("the vendor's own message is shown", "errors.ts", [
    "missingPermission: /'(rak_[a-z_]+)'/.exec(said?.message ?? \"\")?.[1]",
    "missingPermission: said?.message ?? undefined",
  ]),
  mistake("a missing permission is tried again", "errors.ts", ['kind: "permission",\n', 'kind: "transient",\n']),
  mistake("a failed connection is our mistake", "errors.ts", [
    'new ConnectorError("transient", "The connection to Stripe failed.")',
    'new ConnectorError("contract", "The connection to Stripe failed.")',
  ]),
  mistake("a row holds what JSON cannot", "row.ts", [
    "{ ...body, asRead: read }",
    "{ ...body, size: 1n, asRead: read }",
  ]),
];
