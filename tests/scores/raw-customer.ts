/** A customer as the raw rows tell, counted anew without the product's own statements: what sentences are held against. */
import type { ProfileId } from "#profile/ids.ts";
import type { Shop } from "#tests/identity/shop.ts";

export interface RawCustomer {
  /** London days with money paid and kept, oldest first. */
  keptDays: string[];
  subscriptions: { status: string; startedAt: Date; endedAt: Date | null }[];
  activityDays: string[];
  /** Messages sent in the seven days before. */
  messages: { email: number; sms: number; all: number };
  firstSeenDay: string;
  /** Those one can be reached at. */
  phones: number;
  consents: {
    entryId: string;
    channel: string;
    state: string;
    explicit: boolean;
    at: Date | null;
    recordedAt: Date;
    proof: string;
  }[];
}

const days = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  year: "numeric",
  timeZone: "Europe/London",
});
const isoDays = new Intl.DateTimeFormat("en-CA", { timeZone: "Europe/London" });

/** As the reasons write a day. */
export const shownDay = (day: string | Date): string =>
  days.format(typeof day === "string" ? new Date(`${day}T12:00:00Z`) : day).replace("Sept", "Sep");
export const dayOf = (at: Date): string => isoDays.format(at);
export const plusDays = (day: string, count: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + count * 86_400_000).toISOString().slice(0, 10);

export async function rawCustomer(shop: Shop, profileId: ProfileId, now: Date): Promise<RawCustomer> {
  const about = (table: string, key = "person_record_id") =>
    `FROM ${table} t JOIN membership m ON m.workspace_id = t.workspace_id AND m.record_id = t.${key}
     WHERE t.workspace_id = $1 AND m.profile_id = $2`;
  const orders = await shop.rows<{ placed_at: Date; net: number; currency: string }>(
    `SELECT placed_at, amount_minor - refunded_minor AS net, currency ${about("customer_order")}
       AND NOT deleted AND status IN ('paid', 'refunded') AND placed_at <= $3`,
    profileId,
    now,
  );
  const kept = new Map<string, number>();
  for (const { placed_at, net, currency } of orders) {
    const key = `${dayOf(placed_at)} ${currency}`;
    kept.set(key, (kept.get(key) ?? 0) + net);
  }
  const touches = await shop.rows<{ at: Date; type: string }>(`SELECT at, type ${about("touchpoint")}`, profileId);
  const placed = await shop.rows<{ at: Date }>(
    `SELECT placed_at AS at ${about("customer_order")} AND placed_at <= $3`,
    profileId,
    now,
  );
  const recent = touches.filter(({ at }) => now.getTime() - at.getTime() < 7 * 86_400_000);
  const sent = (channel: string) => recent.filter(({ type }) => type === `${channel}_sent`).length;
  const [record] = await shop.rows<{ seen: Date }>(
    `SELECT min(source_created_at) AS seen ${about("source_record", "record_id")}`,
    profileId,
  );
  const phones = await shop.rows(
    `SELECT ${about("identifier", "record_id")} AND kind = 'phone' AND current AND quality <> 'blocked'`,
    profileId,
  );
  return {
    keptDays: [...new Set([...kept].filter(([, net]) => net > 0).map(([key]) => key.slice(0, 10)))].toSorted(),
    subscriptions: await shop.rows(
      `SELECT status, started_at AS "startedAt", ended_at AS "endedAt" ${about("subscription")}`,
      profileId,
    ),
    activityDays: [...touches.filter(({ type }) => type === "visit"), ...placed].map(({ at }) => dayOf(at)).toSorted(),
    messages: { email: sent("email"), sms: sent("sms"), all: sent("email") + sent("sms") },
    firstSeenDay: record === undefined ? "" : dayOf(record.seen),
    phones: phones.length,
    consents: await shop.rows(
      `SELECT entry_id AS "entryId", channel, state, explicit, effective_at AS at, recorded_at AS "recordedAt", proof
       ${about("consent_entry", "record_id")}`,
      profileId,
    ),
  };
}
