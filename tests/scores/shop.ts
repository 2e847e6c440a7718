/** Lays a shop's resolved people straight into the tables, so that scoring and planning are tested by themselves. */
import {
  connectionIdOf,
  profileIdOf,
  recordIdOf,
  type ConnectionId,
  type ProfileId,
  type WorkspaceId,
} from "#profile/ids.ts";
import type { Database } from "#profile/store/database.ts";

export interface Shop {
  connectionId: ConnectionId;
  /** One person record with its own profile and an e-mail address each. */
  addPeople(vendorIds: string[]): Promise<void>;
  /** `[vendorId, day]`, at noon; 25.00 each. */
  addOrders(orders: [vendorId: string, day: string][], amountMinor?: number): Promise<void>;
  setConsent(vendorId: string, purpose: string, channel: string, state: string): Promise<void>;
  /** What ingest does when facts about a person change. */
  touch(vendorIds: string[]): Promise<void>;
  profileOf(vendorId: string): ProfileId;
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
}

export async function openShop(database: Database, workspaceId: WorkspaceId, name = "crm"): Promise<Shop> {
  const connectionId = connectionIdOf(workspaceId, "hubspot", name);
  const recordOf = (vendorId: string) => recordIdOf(connectionId, "contacts", vendorId);
  const profileOf = (vendorId: string) => profileIdOf(recordOf(vendorId));
  const query = <Row extends object>(sql: string, values: unknown[] = []) =>
    database.inWorkspace(workspaceId, (transaction) => transaction.query<Row>(sql, values));
  await query(
    "INSERT INTO connection (workspace_id, connection_id, connector, name, write_back) VALUES ($1, $2, 'hubspot', $3, true)",
    [workspaceId, connectionId, name],
  );
  let orders = 0;
  const touch = async (vendorIds: string[]) => {
    await query(
      `UPDATE profile SET touched_seq = nextval('change_seq') WHERE workspace_id = $1 AND profile_id = ANY($2::uuid[])`,
      [workspaceId, vendorIds.map(profileOf)],
    );
  };
  return {
    touch,
    connectionId,
    profileOf,
    query,
    async addPeople(vendorIds) {
      const records = vendorIds.map(recordOf);
      const profiles = vendorIds.map(profileOf);
      await query(
        `INSERT INTO source_record (workspace_id, record_id, connection_id, stream, vendor_id, kind, hash, source_created_at)
         SELECT $1, record_id, $2, 'contacts', vendor_id, 'person', '', '2026-01-05T10:00:00Z'
         FROM unnest($3::uuid[], $4::text[]) AS t (record_id, vendor_id)`,
        [workspaceId, connectionId, records, vendorIds],
      );
      await query(
        `INSERT INTO identifier (workspace_id, value_id, kind, value, record_id, quality)
         SELECT $1, gen_random_uuid(), 'email', vendor_id || '@brightleaf.co.uk', record_id, 'strong'
         FROM unnest($2::uuid[], $3::text[]) AS t (record_id, vendor_id)`,
        [workspaceId, records, vendorIds],
      );
      await query(
        `INSERT INTO profile (workspace_id, profile_id, anchor_record_id)
         SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])`,
        [workspaceId, profiles, records],
      );
      await query(
        `INSERT INTO membership (workspace_id, record_id, profile_id) SELECT $1, * FROM unnest($2::uuid[], $3::uuid[])`,
        [workspaceId, records, profiles],
      );
    },
    async addOrders(list, amountMinor = 2_500) {
      const ids = list.map(() => `o${(orders += 1)}`);
      await query(
        `INSERT INTO customer_order (workspace_id, record_id, connection_id, stream, vendor_id, person_record_id, placed_at,
           amount_minor, refunded_minor, currency, status, channel, hash)
         SELECT $1, record_id, $2, 'orders', vendor_id, person, at, $7, 0, 'GBP', 'paid', 'online', ''
         FROM unnest($3::uuid[], $4::text[], $5::uuid[], $6::timestamptz[]) AS t (record_id, vendor_id, person, at)`,
        [
          workspaceId,
          connectionId,
          ids.map((id) => recordIdOf(connectionId, "orders", id)),
          ids,
          list.map(([vendorId]) => recordOf(vendorId)),
          list.map(([, day]) => `${day}T12:00:00Z`),
          amountMinor,
        ],
      );
      await touch([...new Set(list.map(([vendorId]) => vendorId))]);
    },
    async setConsent(vendorId, purpose, channel, state) {
      await query(
        `INSERT INTO consent_state (workspace_id, profile_id, channel, purpose, state, entry_ids, addresses, reason)
         VALUES ($1, $2, $3, $4, $5, '{}', CASE WHEN $5 = 'granted' THEN ARRAY[NULL]::text[] ELSE '{}' END, 'said so')
         ON CONFLICT (workspace_id, profile_id, channel, purpose) DO UPDATE SET state = excluded.state, addresses = excluded.addresses`,
        [workspaceId, profileOf(vendorId), channel, purpose, state],
      );
      await touch([vendorId]);
    },
  };
}
