/** What Tributary made of the shop: who belongs to which profile, traits, consents and orders, read from its database. */
import { z } from "zod";
import type { WorkspaceId } from "#profile/ids.ts";
import type { PlannableTraits } from "#profile/plan/fields.ts";
import type { Addresses, KnownAnswer } from "#profile/consent/decide.ts";
import type { Database } from "#profile/store/database.ts";
import { recordKey } from "./truth.ts";

export interface Stored {
  /** `recordKey` -> profile id. */
  profileOf: Map<string, string>;
  traitsOf: Map<string, PlannableTraits>;
  consentsOf: Map<string, KnownAnswer[]>;
  /** By `recordKey`: the record's own. */
  addressesOf: Map<string, Addresses>;
  /** Profile -> paid orders and their sum net of refunds in pounds' minor units. */
  ordersOf: Map<string, { count: number; spendMinor: number }>;
}

const traitValue = z.record(
  z.string(),
  z.object({
    status: z.enum(["ok", "low_confidence", "refused"]),
    value: z.unknown(),
    reasons: z.array(z.string()),
    computedAt: z.string(),
  }),
);

export async function readStored(database: Database, workspaceId: WorkspaceId): Promise<Stored> {
  return database.inWorkspace(workspaceId, async (transaction) => {
    const members = await transaction.query<{
      connector: string;
      stream: string;
      vendor_id: string;
      profile_id: string;
      email: string | null;
      phone: string | null;
    }>(
      `SELECT c.connector, s.stream, s.vendor_id, m.profile_id, s.email,
         s.phone
       FROM membership m
       JOIN source_record s ON s.workspace_id = $1 AND s.record_id = m.record_id
       JOIN connection c ON c.workspace_id = $1 AND c.connection_id = s.connection_id
       WHERE m.workspace_id = $1`,
      [workspaceId],
    );
    const traits = await transaction.query<{ profile_id: string; traits: unknown }>(
      `SELECT profile_id, json_object_agg(name, json_build_object('status', status, 'value', value, 'reasons', reasons,
         'computedAt', to_char(computed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))) AS traits
       FROM trait WHERE workspace_id = $1 GROUP BY profile_id`,
      [workspaceId],
    );
    const consents = await transaction.query<KnownAnswer & { profile_id: string }>(
      `SELECT profile_id, channel, purpose, state, addresses FROM consent_state WHERE workspace_id = $1`,
      [workspaceId],
    );
    const orders = await transaction.query<{ profile_id: string; count: number; spend_minor: number }>(
      `SELECT m.profile_id, count(*) FILTER (WHERE o.amount_minor > 0) AS count,
         coalesce(sum(o.amount_minor - o.refunded_minor) FILTER (WHERE o.currency = 'GBP'), 0)::int8 AS spend_minor
       FROM customer_order o JOIN membership m ON m.workspace_id = $1 AND m.record_id = o.person_record_id
       WHERE o.workspace_id = $1 AND NOT o.deleted AND o.status IN ('paid', 'refunded')
       GROUP BY m.profile_id`,
      [workspaceId],
    );
    return {
      profileOf: new Map(members.map((row) => [recordKey(row.connector, row.stream, row.vendor_id), row.profile_id])),
      addressesOf: new Map(
        members.map(({ connector, stream, vendor_id, email, phone }) => [
          recordKey(connector, stream, vendor_id),
          { email, phone },
        ]),
      ),
      traitsOf: new Map(traits.map((row) => [row.profile_id, traitValue.parse(row.traits)])),
      consentsOf: Map.groupBy(consents, (row) => row.profile_id),
      ordersOf: new Map(orders.map((row) => [row.profile_id, { count: row.count, spendMinor: row.spend_minor }])),
    };
  });
}
