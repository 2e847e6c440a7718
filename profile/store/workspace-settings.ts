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
}

const row = z.object({ time_zone: z.string(), currency: z.string(), default_country: z.string() });

export async function settingsOf(transaction: Transaction): Promise<WorkspaceSettings> {
  const rows = await transaction.query(
    "SELECT time_zone, currency, default_country FROM workspace WHERE workspace_id = $1",
    [transaction.workspaceId],
  );
  const { time_zone: timeZone, currency, default_country: country } = row.parse(rows[0]);
  return { timeZone, currency, country };
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
