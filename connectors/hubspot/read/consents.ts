/** What HubSpot knows of a contact's subscriptions: asked for by address, besides the contact itself. */
import { inBatches } from "../../core/batches.ts";
import type { Reject } from "../../core/contract.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Statements, Use } from "../../core/statements.ts";
import type { HubspotClient } from "../client.ts";
import { consentsOf, hasOptedOut } from "../consent.ts";
import type { Statuses } from "../consent.ts";
import { BATCH_SIZE, HISTORY_BATCH_SIZE } from "../limits.ts";
import type { ObjectRow, SubscriptionStatus } from "../schema.ts";

/** What a subscription type permits unless the settings say otherwise. */
const USUAL: Use = { channel: "email", purpose: "marketing" };

/** Connections whose token may not read statuses: said once, then not asked again. */
const refusing = new WeakSet<HubspotClient>();

export async function readConsents(
  client: HubspotClient,
  rows: ObjectRow[],
): Promise<{ consents: Map<string, Statements>; rejects: Reject[] }> {
  const { statuses, rejects, refused } = await readStatuses(client, rows);
  const optedOut = await optOutTimes(client, rows.filter(hasOptedOut));
  const useOf = (subscriptionId: string) => client.settings.subscriptions[subscriptionId] ?? USUAL;
  const uses = [USUAL, ...Object.values(client.settings.subscriptions)];
  const consents = new Map<string, Statements>();
  for (const row of rows) {
    const email = addressOf(row);
    const answer = email === null ? null : (statuses.get(email) ?? null);
    const found = consentsOf(row, answer, { useOf, uses, optedOutAt: optedOut.get(row.id) ?? null });
    consents.set(row.id, found);
    if (!refused) rejects.push(...found.doubts.map(({ ref, reason }) => ({ ref, id: row.id, reason, raw: null })));
  }
  return { consents, rejects };
}

/**
 * By lower-case address. Where HubSpot does not let this token read them, or no longer, all are unknown: a yes from before
 * may have been taken back since. That is said once.
 */
async function readStatuses(
  client: HubspotClient,
  rows: ObjectRow[],
): Promise<{ statuses: Map<string, Statuses>; rejects: Reject[]; refused: boolean }> {
  const emails = [...new Set(rows.flatMap((row) => addressOf(row) ?? []))];
  const forbidden = () =>
    new Map(
      emails.map((email) => [email, { unknown: "HubSpot does not let this connection read subscription statuses" }]),
    );
  if (refusing.has(client)) return { statuses: forbidden(), rejects: [], refused: true };
  if (emails.length === 0) return { statuses: new Map(), rejects: [], refused: false };
  try {
    const answers = await inBatches<string, Statuses>(emails, {
      size: BATCH_SIZE,
      keyOf: (email) => email,
      send: async (batch) => {
        const { rows: answered, problems } = await client.subscriptionStatuses(batch);
        // A failure on everybody is no address' fault, and would cost everybody's consent.
        if (answered.length === 0 && problems.length > 0 && batch.length > 1)
          throw new ConnectorError("transient", "HubSpot failed for all of the addresses it was asked about.");
        return byAddress(answered);
      },
      refused: () => ({ unknown: "HubSpot finds the contact's address malformed" }),
      unanswered: () => ({ unknown: "HubSpot did not answer for the contact's address" }),
    });
    const statuses = new Map(emails.map((email, n) => [email, answers[n] ?? { known: [] }]));
    return { statuses, rejects: [], refused: false };
  } catch (error) {
    if (!(error instanceof ConnectorError) || error.kind !== "permission") throw error;
    const isSaid = refusing.has(client);
    refusing.add(client);
    // By the page before, which was asked about at the same time.
    if (isSaid) return { statuses: forbidden(), rejects: [], refused: true };
    const reason = `Subscription statuses cannot be read, so consent stays unknown for all contacts. ${error.message}`;
    return { statuses: forbidden(), rejects: [{ ref: "subscription-statuses", reason, raw: null }], refused: true };
  }
}

/** An address may come in several parts, one a business unit. */
function byAddress(
  rows: { subscriberIdString: string; statuses: (SubscriptionStatus | null)[] }[],
): Map<string, Statuses> {
  const found = new Map<string, { known: (SubscriptionStatus | null)[] }>();
  for (const { subscriberIdString, statuses } of rows) {
    const address = subscriberIdString.trim().toLowerCase();
    found.set(address, { known: [...(found.get(address)?.known ?? []), ...statuses] });
  }
  return found;
}

function addressOf(row: ObjectRow): string | null {
  return row.properties.email?.trim().toLowerCase() || null;
}

/**
 * When contacts opted out of everything, by id; null: not known. Only the property's history says so: statuses of single
 * lists have other dates, and the record's modified date moves with each of our writes.
 */
async function optOutTimes(client: HubspotClient, rows: ObjectRow[]): Promise<Map<string, string | null>> {
  const property = "hs_email_optout";
  const ids = rows.map(({ id }) => id);
  const times = await inBatches<string, string | null>(ids, {
    size: HISTORY_BATCH_SIZE,
    keyOf: (id) => id,
    send: async (batch) => {
      const { rows: answered } = await client.history(batch, property);
      return new Map(answered.map((row) => [row.id, lastSetTrue(row.propertiesWithHistory[property] ?? [])]));
    },
    refused: () => null,
    unanswered: () => null,
  });
  return new Map(ids.map((id, n) => [id, times[n] ?? null]));
}

/** Null where the newest value is another one, or an entry without a time could be the newest. */
function lastSetTrue(history: { value?: string | null | undefined; timestamp: string | null }[]): string | null {
  const dated = history.flatMap(({ value, timestamp }) => (timestamp === null ? [] : [{ value, timestamp }]));
  if (dated.length < history.length) return null;
  const newest = dated.toSorted((a, b) => (a.timestamp < b.timestamp ? -1 : 1)).at(-1);
  return newest?.value === "true" ? newest.timestamp : null;
}
