/** What the owner of a workspace said about it once, and every step leans on. */
import { z } from "zod";
import type { Transaction } from "./database.ts";

export interface WorkspaceSettings {
  /** IANA name. */
  timeZone: string;
  /** ISO 4217 */
  currency: string;
  /** ISO 3166-1 alpha-2: how national phone numbers are read where a record names no country. */
  country: string;
  consentPolicy: ConsentPolicy;
}

/** What is left out of the column is the careful choice; so is what a later version wrote and this one does not know. */
export const consentPolicy = z.object({
  optOutRules: z.boolean().default(false),
  strictProof: z.boolean().default(false),
  /** Somebody said yes to us, not to a tool: then what was said of addresses is looked up as well. Set by itself. */
  ownGrants: z.boolean().default(false),
  /** A yes of somebody of whom nothing was heard for so long has ended; null: never. */
  inactivityMonths: z.number().int().min(1).max(600).nullable().default(null),
});
export type ConsentPolicy = z.infer<typeof consentPolicy>;

const row = z.object({
  ...{ time_zone: z.string(), currency: z.string(), default_country: z.string() },
  consent_policy: consentPolicy,
});

export async function settingsOf(transaction: Transaction): Promise<WorkspaceSettings> {
  const rows = await transaction.query(
    "SELECT time_zone, currency, default_country, consent_policy FROM workspace WHERE workspace_id = $1",
    [transaction.workspaceId],
  );
  const { time_zone: timeZone, currency, default_country: country, consent_policy } = row.parse(rows[0]);
  return { timeZone, currency, country, consentPolicy: consent_policy };
}

/** ISO 3166-1 alpha-2: how national phone numbers are read where a record names no country. */
export async function defaultCountryOf(transaction: Transaction): Promise<string> {
  const [row] = await transaction.query<{ default_country: string }>(
    "SELECT default_country FROM workspace WHERE workspace_id = $1",
    [transaction.workspaceId],
  );
  if (row === undefined) throw new Error("There is no such workspace.");
  return row.default_country;
}
