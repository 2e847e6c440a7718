/** Which accounts a connection reads: one, or all that a manager has below it. Managers themselves hold no figures. */
import type { AccountIdentity } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { formOf } from "#connectors/core/stream.ts";
import type { Mode } from "#connectors/core/stream.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { GoogleAdsClient } from "./client.ts";
import { customerClientRow } from "./schema.ts";
import type { CustomerClient } from "./schema.ts";

export interface Account {
  id: string;
  currency: string;
  timeZone: string;
}

export interface Hierarchy {
  /** The account or manager that was connected. */
  root: CustomerClient;
  /** Those that hold figures and are in use, by id. */
  accounts: Account[];
  /** Those that Google lets nobody read any more: cancelled, suspended, closed. */
  closed: { id: string; status: string }[];
  /** Google's own clock; null: it did not say. Milliseconds. */
  servedAt: number | null;
}

const HIERARCHY = `SELECT customer_client.id, customer_client.level, customer_client.manager, customer_client.status,
 customer_client.currency_code, customer_client.time_zone, customer_client.descriptive_name,
 customer_client.test_account, customer_client.hidden FROM customer_client`.replaceAll("\n", "");

const modeOf = ({ testAccount }: CustomerClient): Mode => (testAccount ? "test" : "live");

/**
 * @throws ConnectorError `permission` where it is not clear which account is meant; `auth` where test and live accounts are
 *   mixed: figures of one must never stand beside those of the other
 */
export async function hierarchy(client: GoogleAdsClient): Promise<Hierarchy> {
  const id = client.customerId ?? (await onlyAccessible(client));
  const found = new Map<string, CustomerClient>();
  let servedAt: number | null = null;
  const page = (after: string | null) =>
    client.search("customer_client.search", { customer: id, root: id }, HIERARCHY, after);
  for await (const { rows, servedAt: at } of walkPages("The accounts", page)) {
    servedAt ??= at;
    for (const row of rows) {
      const parsed = customerClientRow.safeParse(row);
      // Which accounts there are has to be known whole.
      if (!parsed.success)
        throw new ConnectorError(
          "contract",
          `Google Ads lists an account in a way we do not know: ${formOf(parsed.error)}.`,
        );
      const { customerClient } = parsed.data;
      // It can hang below several managers.
      found.set(customerClient.id, customerClient);
    }
  }
  const root = found.get(id);
  if (root === undefined)
    throw new ConnectorError("contract", "Google Ads did not list the account that was asked for.");
  const all = [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  const leaves = all.filter(({ manager }) => !manager);
  const open = leaves.filter(({ status }) => status === "ENABLED");
  if (open.some((each) => modeOf(each) !== modeOf(root)))
    throw new ConnectorError(
      "auth",
      `The Google Ads account is a ${modeOf(root)} account and has ${modeOf(root) === "test" ? "live" : "test"} ones below it. Test and live figures are never mixed: connect with the customer id of accounts of one kind.`,
    );
  const closed = leaves.filter(({ status }) => status !== "ENABLED").map(({ id, status }) => ({ id, status }));
  return { root, accounts: open.map(accountOf), closed, servedAt };
}

function accountOf({ id, currencyCode, timeZone }: CustomerClient): Account {
  if (currencyCode === undefined || timeZone === undefined)
    throw new ConnectorError("contract", `Google Ads names no currency or time zone for the account ${id}.`);
  return { id, currency: currencyCode, timeZone };
}

async function onlyAccessible(client: GoogleAdsClient): Promise<string> {
  const ids = await client.accessible();
  const [only, ...others] = ids;
  if (only === undefined)
    throw new ConnectorError(
      "permission",
      "The credentials reach no Google Ads account. In Google Ads, under Admin, Access and security, give them access.",
    );
  if (others.length > 0)
    throw new ConnectorError(
      "permission",
      `The credentials reach several Google Ads accounts (${ids.join(", ")}). Say which one with its customer id.`,
    );
  return only;
}

export async function identityOf(client: GoogleAdsClient): Promise<AccountIdentity> {
  const { root } = await hierarchy(client);
  return { account: root.id, title: root.descriptiveName === "" ? root.id : root.descriptiveName, mode: modeOf(root) };
}
