/**
 * Mistakes that a connector's author could make, each a small edit of a connector's source. The contract tests must notice
 * them: a suite that passes a wrong connector is worth nothing. A new connector's author adds some of the own one.
 */
export interface Mistake {
  what: string;
  /** The folder whose contract test is run. */
  vendor: string;
  /** In `connectors/`. */
  file: string;
  /** Text that stands there exactly once, and what takes its place. */
  edits: [find: string, replace: string][];
}

const hubspot = (what: string, file: string, ...edits: Mistake["edits"]): Mistake => ({
  ...{ what, vendor: "hubspot", file: `hubspot/${file}`, edits },
});
const klaviyo = (what: string, file: string, ...edits: Mistake["edits"]): Mistake => ({
  ...{ what, vendor: "klaviyo", file: `klaviyo/${file}`, edits },
});
const stripe = (what: string, file: string, ...edits: Mistake["edits"]): Mistake => ({
  ...{ what, vendor: "stripe", file: `stripe/${file}`, edits },
});

const ga4 = (what: string, file: string, ...edits: Mistake["edits"]): Mistake => ({
  ...{ what, vendor: "ga4", file: `ga4/${file}`, edits },
});

export const MISTAKES: Mistake[] = [
  // Consent
  hubspot("an unsubscription is read as a yes", "consent.ts", ['UNSUBSCRIBED: "withdrawn"', 'UNSUBSCRIBED: "granted"']),
  hubspot("a false opt-out is read as an opt-out", "consent.ts", [
    'return !["", "false", "no", "0"].includes(word);',
    'return word !== "";',
  ]),
  hubspot("a true opt-out is left out", "consent.ts", ["if (!hasOptedOut(row)) return said;", "return said;"]),
  hubspot("a statement is dated anew at each reading", "consent.ts", [
    "at: status.timestamp ?? null",
    "at: new Date().toISOString()",
  ]),
  hubspot("every basis counts as an opt-in", "consent.ts", [
    'state === "granted" ? basisOf(status.legalBasis ?? null) : "none"',
    '"opt_in" as const',
  ]),
  // Mapping
  hubspot("phones are dropped", "mapping.ts", ['phones: distinct([text("phone"), text("mobilephone")])', "phones: []"]),
  stripe("the phone is dropped", "mapping.ts", [
    "phones: present([customer.phone, customer.shipping?.phone])",
    "phones: []",
  ]),
  hubspot("a record does not say when it changed", "mapping.ts", [
    'kind: "person",\n    id: row.id,\n    updatedAt: modifiedAtOf(row)',
    'kind: "person",\n    id: row.id,\n    updatedAt: null',
  ]),
  hubspot("a merged contact does not say into whom", "mapping.ts", [", mergedInto: row.id })", " })"]),
  // Reading
  stripe("a full read does not say that it saw everything", "reading.ts", [
    "fullScan: source.listsAll === true",
    "fullScan: false",
  ]),
  hubspot("no overlap with the read before", "read/objects.ts", [
    "overlapMs: client.settings.overlapMinutes * 60_000",
    "overlapMs: 0",
  ]),
  stripe("no overlap with the read before", "reading.ts", [
    "from.since - client.settings.overlapMinutes * 60",
    "from.since",
  ]),
  hubspot("the next read begins where the list ended", "read/objects.ts", [
    "const settled = cursor?.settledAt ?? settledOf",
    "const settled = settledOf",
  ]),
  stripe("the next read begins where the list ended", "reading.ts", [
    "const startedAt: number = position?.startedAt ?? page.settledAt;",
    "const startedAt: number = page.settledAt;",
  ]),
  hubspot("the second page of changes is dropped", "read/objects.ts", [
    "      next === null\n        ? {",
    "      results.length > 0\n        ? {",
  ]),
  stripe("the second page of changes is dropped", "reading.ts", [
    "    const page: Page = await listed({ ending_before: after });\n    yield page;",
    "    const page: Page = { ...(await listed({ ending_before: after })), hasMore: false };\n    yield page;",
  ]),
  hubspot("the second page of deletions is dropped", "read/objects.ts", [
    "if (after !== null) return { raw, next: { ...cursor, after }, atEnd: false };",
    "",
  ]),
  stripe("the end of a page is the end of the list", "reading.ts", [
    "    if (!page.hasMore) {\n      const next: Cursor",
    "    if (page.rows.length < 100) {\n      const next: Cursor",
  ]),
  hubspot("a read of the changes says that it saw everything", "read/objects.ts", [
    "fullScan: since === null }",
    "fullScan: true }",
  ]),
  hubspot(
    "our own clock counts, not the vendor's",
    "read/objects.ts",
    [
      "const settled = known ?? settledOf(client, startedAt, servedAt);",
      "const settled = known ?? settledOf(client, startedAt, startedAt);",
    ],
    [
      "const settled = cursor?.settledAt ?? settledOf(client, startedAt, servedAt);",
      "const settled = cursor?.settledAt ?? settledOf(client, startedAt, startedAt);",
    ],
  ),
  // Orders
  stripe("the orders stream is empty", "mapping.ts", ["  return [order];\n", "  return [];\n"]),
  stripe("amounts are a hundred times too high", "mapping.ts", [
    "...moneyOf(paid, charge.currency)",
    "...moneyOf(paid * 100, charge.currency)",
  ]),
  // Writing
  hubspot("single failures of a batch are called written", "write-back.ts", [
    "results.set(id, failureOf(id, category));",
    'results.set(id, { id, outcome: "written" });',
  ]),
  hubspot("what the vendor did not answer for is called written", "write-back.ts", [
    'outcome: "retry", reason: "HubSpot did not answer for this record."',
    'outcome: "written"',
  ]),
  hubspot("answers are lost when a later batch is refused for the quota", "write-back.ts", [
    '    interrupted: ({ id }, { message }) => ({ id, outcome: "retry", reason: message }),\n',
    "",
  ]),
  stripe("answers are lost when a later write is refused for the quota", "write-back.ts", [
    'if (halt !== undefined && !results.some((result) => result.outcome === "written")) throw halt;',
    "if (halt !== undefined) throw halt;",
  ]),
  stripe("writes carry no idempotency key", "client.ts", ["{ metadata }, { idempotencyKey }", "{ metadata }"]),
  hubspot("fields are created hidden", "write-back.ts", [
    "formField: false,\n      hidden: false",
    "formField: false,\n      hidden: true",
  ]),
  hubspot("a number becomes a field of text", "write-back.ts", [
    "type: PropertyCreateTypeEnum.Number, fieldTypes: [PropertyCreateFieldTypeEnum.Number]",
    "type: PropertyCreateTypeEnum.String, fieldTypes: [PropertyCreateFieldTypeEnum.Text]",
  ]),
  hubspot("a property of another type counts as ours", "write-back.ts", [
    "if (found.type !== type || !fieldTypes.includes(found.fieldType)) {",
    "if (found.type === null) {",
  ]),
  hubspot("a merged contact counts as live", "write-back.ts", [
    'return { id, state: "merged", mergedInto: row.id, values };',
    'return { id, state: "live", values };',
  ]),
  stripe("values are said to fit that do not", "write-back.ts", [
    "maxValueLength: METADATA_MAX_VALUE_LENGTH",
    "maxValueLength: 10 * METADATA_MAX_VALUE_LENGTH",
  ]),
  hubspot("batches are larger than the vendor takes", "limits.ts", ["BATCH_SIZE = 100;", "BATCH_SIZE = 200;"]),
  stripe("a failed payment counts as paid", "mapping.ts", [
    'if (charge.status === "failed") return "failed";',
    'if (charge.status === "failed") return "paid";',
  ]),
  // Calls and errors
  stripe("calls go round the framework", "client.ts", [
    "    environment.call(bucket, operation, send);",
    "    bucket === operation ? environment.call(bucket, operation, send) : send();",
  ]),
  stripe("the vendor's own message is shown", "errors.ts", [
    "missingPermission: /'(rak_[a-z_]+)'/.exec(said?.message ?? \"\")?.[1]",
    "missingPermission: said?.message ?? undefined",
  ]),
  stripe("a missing permission is tried again", "errors.ts", ['kind: "permission",\n', 'kind: "transient",\n']),
  stripe("a failed connection is our mistake", "errors.ts", [
    'new ConnectorError("transient", "The connection to Stripe failed.")',
    'new ConnectorError("contract", "The connection to Stripe failed.")',
  ]),
  stripe("a row holds what JSON cannot", "row.ts", [
    "{ ...body, asRead: read }",
    "{ ...body, size: 1n, asRead: read }",
  ]),
  // Klaviyo
  klaviyo("a suppression does not count beside a subscription", "consent.ts", [
    "if (noes.length > 0)",
    "if (noes.length > 99)",
  ]),
  klaviyo("subscriptions are not asked for", "client.ts", [
    '            additionalFieldsProfile: ["subscriptions"],\n',
    "",
  ]),
  klaviyo("the phone is dropped", "mapping.ts", ["phones: [text(attributes.phone_number)]", "phones: [text(null)]"]),
  klaviyo("no overlap with the read before", "read/windows.ts", ["overlapMs: overlapMinutes * 60_000", "overlapMs: 0"]),
  klaviyo("the next read begins where the list ended", "read/profiles.ts", [
    "const settledAt = position?.settledAt ?? settledOf(client, startedAt, page);",
    "const settledAt = settledOf(client, startedAt, page);",
  ]),
  klaviyo("our own clock counts, not the vendor's", "read/windows.ts", [
    "settledAt({ startedAt, servedAt,",
    "settledAt({ startedAt, servedAt: servedAt === null ? null : startedAt,",
  ]),
  klaviyo("the second page of changes is dropped", "read/profiles.ts", [
    '    page.next === null\n      ? { phase: "suppressed"',
    '    page.rows.length > 0\n      ? { phase: "suppressed"',
  ]),
  klaviyo("a full read does not say that it saw everything", "read/profiles.ts", [", fullScan: true }", " }"]),
  klaviyo("everything is read once and never again", "read/profiles.ts", [
    "if (now - fullAt >= client.settings.fullReadHours * 3_600_000)",
    "if (now - fullAt >= Number.MAX_SAFE_INTEGER)",
  ]),
  klaviyo("changes of consent are looked for by `updated` alone", "read/profiles.ts", [
    '? { phase: "suppressed", ...WINDOW_START, since, settledAt, fullAt }',
    '? { phase: "rest", settledAt, fullAt }',
  ]),
  klaviyo("an open is kept of everybody", "mapping.ts", [
    "mayKeepOpens?.has(profile) !== true",
    "mayKeepOpens === undefined",
  ]),
  klaviyo("an order carries its amount", "mapping.ts", [
    "amountMinor: null, currency: null",
    'amountMinor: 1, currency: "GBP"',
  ]),
  klaviyo("a number is written as text", "encode.ts", [
    'if (type === "number") return',
    'if (type === "number" && value === "") return',
  ]),
  klaviyo("what is cleared is left alone", "encode.ts", ["      unset.push(name);\n", ""]),
  klaviyo("a job that is complete did everything", "import-job.ts", [
    "const addsUp = known && completed + failed === total && failures.size === failed && unclear === 0;",
    "const addsUp = true;",
  ]),
  klaviyo("failures of an import are called written", "write-back.ts", [
    "else if (code !== undefined)",
    'else if (code === "")',
  ]),
  klaviyo("a job of an earlier attempt is ordered again", "write-back.ts", [
    "if (job !== undefined) jobs.set(job,",
    'if (job === "") jobs.set(job,',
  ]),
  klaviyo("batches are split by count alone", "write-back.ts", [
    "      weight: { of: ({ bytes }) => bytes, most: IMPORT_BYTES },\n",
    "",
  ]),
  klaviyo("a property of Klaviyo's own is written", "write-back.ts", [
    "const OURS = /^(?!.*(consent|subscri))[a-z][a-z0-9_ -]{0,99}$/i;",
    "const OURS = /./;",
  ]),
  // Figures by day
  ga4("only the days that are new are read", "reading.ts", [
    "return [unsettled < corrected ? unsettled : corrected, yesterday] as const;",
    "return [from.day, yesterday] as const;",
  ]),
  ga4("the last page's rows are all that is taken of a day", "day.ts", [
    "const rows = pages.flatMap((page) =>",
    "const rows = pages.slice(-1).flatMap((page) =>",
  ]),
  ga4("a short page is taken for the end", "day.ts", [
    "pages.length === 0 || offset < expected;",
    "pages.length === 0 || (offset < expected && offset % 50_000 === 0);",
  ]),
  ga4("today counts as a day that is over", "reading.ts", [
    "const yesterday = dayAfter(today, -1);",
    "const yesterday = today;",
  ]),
  ga4("our clock says which day it is", "reading.ts", ["Math.min(client.now(), servedAt ?? Infinity)", "client.now()"]),
  ga4("a day is never settled", "reading.ts", ["settled: day <= corrected", "settled: false"]),
  ga4("revenue is taken for minor units", "reading.ts", [
    "return { value: micros, currency }",
    "return { value: micros / 10_000, currency }",
  ]),
  ga4("addresses in page paths are kept", "day.ts", [
    "const clean = withoutPeople(dimensionValues);",
    "const clean = dimensionValues;",
  ]),
  ga4("days without rows are passed over", "reading.ts", [
    "days: [{ account: client.property, day, settled: day <= corrected, flags }]",
    "days: rows.length === 0 ? [] : [{ account: client.property, day, settled: day <= corrected, flags }]",
  ]),
];
