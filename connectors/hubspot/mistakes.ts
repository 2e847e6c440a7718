/** What somebody could get wrong here; `npm run test:mutation` makes each and sees that a contract test notices. */
import { mistake } from "#connectors/core/contract-suite/mistake.ts";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";

export const mistakes: readonly Mistake[] = [
  // Consent
  mistake("an unsubscription is read as a yes", "consent.ts", ['UNSUBSCRIBED: "withdrawn"', 'UNSUBSCRIBED: "granted"']),
  mistake("a false opt-out is read as an opt-out", "consent.ts", [
    'return !["", "false", "no", "0"].includes(word);',
    'return word !== "";',
  ]),
  mistake("a true opt-out is left out", "consent.ts", ["if (!hasOptedOut(row)) return said;", "return said;"]),
  mistake("a statement is dated anew at each reading", "consent.ts", [
    "at: status.timestamp ?? null",
    "at: new Date().toISOString()",
  ]),
  mistake("every basis counts as an opt-in", "consent.ts", [
    'state === "granted" ? basisOf(status.legalBasis ?? null) : "none"',
    '"opt_in" as const',
  ]),
  // Mapping
  mistake("phones are dropped", "mapping.ts", ['phones: distinct([text("phone"), text("mobilephone")])', "phones: []"]),
  mistake("a record does not say when it changed", "mapping.ts", [
    'kind: "person",\n    id: row.id,\n    updatedAt: modifiedAtOf(row)',
    'kind: "person",\n    id: row.id,\n    updatedAt: null',
  ]),
  mistake("a merged contact does not say into whom", "mapping.ts", [", mergedInto: row.id })", " })"]),
  // Reading
  mistake("no overlap with the read before", "read/objects.ts", [
    "overlapMs: client.settings.overlapMinutes * 60_000",
    "overlapMs: 0",
  ]),
  mistake("the next read begins where the list ended", "read/objects.ts", [
    "const settled = cursor?.settledAt ?? settledOf",
    "const settled = settledOf",
  ]),
  mistake("the second page of changes is dropped", "read/objects.ts", [
    "      next === null\n        ? {",
    "      results.length > 0\n        ? {",
  ]),
  mistake("the second page of deletions is dropped", "read/objects.ts", [
    "if (after !== null) return { raw, next: { ...cursor, after }, atEnd: false };",
    "",
  ]),
  mistake("a read of the changes says that it saw everything", "read/objects.ts", [
    "fullScan: since === null }",
    "fullScan: true }",
  ]),
  mistake(
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
  // Writing
  mistake("single failures of a batch are called written", "write-back.ts", [
    "results.set(id, failureOf(id, category));",
    'results.set(id, { id, outcome: "written" });',
  ]),
  mistake("what the vendor did not answer for is called written", "write-back.ts", [
    'outcome: "retry", reason: "HubSpot did not answer for this record."',
    'outcome: "written"',
  ]),
  mistake("answers are lost when a later batch is refused for the quota", "write-back.ts", [
    '    interrupted: ({ id }, { message }) => ({ id, outcome: "retry", reason: message }),\n',
    "",
  ]),
  mistake("fields are created hidden", "write-back.ts", [
    "formField: false,\n      hidden: false",
    "formField: false,\n      hidden: true",
  ]),
  mistake("a number becomes a field of text", "write-back.ts", [
    "type: PropertyCreateTypeEnum.Number, fieldTypes: [PropertyCreateFieldTypeEnum.Number]",
    "type: PropertyCreateTypeEnum.String, fieldTypes: [PropertyCreateFieldTypeEnum.Text]",
  ]),
  mistake("a property of another type counts as ours", "write-back.ts", [
    "if (found.type !== type || !fieldTypes.includes(found.fieldType)) {",
    "if (found.type === null) {",
  ]),
  mistake("a merged contact counts as live", "write-back.ts", [
    'return { id, state: "merged", mergedInto: row.id, values };',
    'return { id, state: "live", values };',
  ]),
  mistake("batches are larger than the vendor takes", "limits.ts", ["BATCH_SIZE = 100;", "BATCH_SIZE = 200;"]),
];
