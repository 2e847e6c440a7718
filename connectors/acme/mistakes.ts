/** What somebody could get wrong here; `npm run test:mutation` makes each and sees that a contract test notices. */
import { mistake } from "#connectors/core/contract-suite/mistake.ts";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";

export const mistakes: readonly Mistake[] = [
  mistake("an unsubscription is read as a yes", "mapping.ts", ['unsubscribed: "withdrawn"', 'unsubscribed: "granted"']),
  mistake("amounts are taken for whole units", "mapping.ts", ["toMinor(row.total, currency)", "Number(row.total)"]),
  mistake("no overlap with the read before", "streams.ts", ["client.settings.overlapMinutes * 60_000", "0"]),
  mistake("a deleted person is passed over", "schema.ts", [
    "deleted: z.literal(true), deleted_at",
    "deleted: z.literal(false), deleted_at",
  ]),
  mistake("refused values are called written", "write-back.ts", [
    'if (status === "updated")',
    'if (status !== "not_found")',
  ]),
  mistake("a number is written as text", "write-back.ts", ['types[name] === "number"', 'types[name] === "none"']),
  mistake("a missing permission is not named", "errors.ts", ["permission: said?.permission", "permission: undefined"]),
];
