/** One profile as a person wants to see it: from which records, with what permission, which traits, what was written where. */
import type { PersonRecord } from "#connectors/core/records.ts";
import type { KnownAnswer } from "#profile/consent/decide.ts";
import type { ProfileId, RecordId, WorkspaceId } from "#profile/ids.ts";
import type { Database, Transaction } from "../database.ts";

export type ViewedPerson = Omit<PersonRecord, "nationalIds">;

export interface ProfileRecord {
  recordId: RecordId;
  connector: string;
  connection: string;
  stream: string;
  vendorId: string;
  /** Numbers of persons are left out: what is stored of them is no use to a reader. */
  person: ViewedPerson;
  deleted: boolean;
  firstSeenAt: Date;
}

export interface ProfileConsent {
  channel: string;
  purpose: string;
  state: string;
  reason: string;
  effectiveAt: Date | null;
}

export interface ProfileTrait {
  name: string;
  status: "ok" | "low_confidence" | "refused";
  value: unknown;
  reasons: string[];
  method: string;
  modelVersion: string;
  computedAt: Date;
}

export interface ProfileDelivery {
  connector: string;
  connection: string;
  vendorId: string;
  values: Record<string, string | null>;
  deliveredAt: Date;
  planId: string;
}

export interface ProfileOrders {
  currency: string;
  count: number;
  netMinor: number;
  firstAt: Date;
  lastAt: Date;
}

export interface ProfileView {
  profileId: ProfileId;
  /** Ids that led here through merges. */
  aliases: string[];
  records: ProfileRecord[];
  orders: ProfileOrders[];
  consents: ProfileConsent[];
  traits: ProfileTrait[];
  /** What was last written into each record, the latest first. */
  deliveries: ProfileDelivery[];
}

export interface ProfileRow {
  profileId: ProfileId;
  /** Live records only; null when all were deleted at their vendors. */
  people: ViewedPerson[] | null;
  consents: KnownAnswer[];
  traits: Record<string, { value: unknown; reasons: string[] }> | null;
}

export function createProfileViews(database: Database) {
  return {
    /** Null when there is no such profile; aliases are for `findProfile` to resolve. */
    profile: (workspaceId: WorkspaceId, profileId: ProfileId): Promise<ProfileView | null> =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const records = await recordsOf(transaction, profileId);
        if (records.length === 0) return null;
        return {
          profileId,
          aliases: await aliasesOf(transaction, profileId),
          records,
          orders: await ordersOf(transaction, profileId),
          consents: await consentsOf(transaction, profileId),
          traits: await traitsOf(transaction, profileId),
          deliveries: await deliveriesOf(transaction, profileId),
        };
      }),

    /** A page of profiles in id order, for lists and exports. `after` is the last id of the page before. */
    page: (workspaceId: WorkspaceId, options: { after: string | null; limit: number }): Promise<ProfileRow[]> =>
      database.inWorkspace(workspaceId, (transaction) => pageOf(transaction, options.after, options.limit)),
  };
}

export type ProfileViews = ReturnType<typeof createProfileViews>;

const recordsOf = (transaction: Transaction, profileId: ProfileId) =>
  transaction.query<ProfileRecord>(
    `SELECT record_id AS "recordId", connection.connector, connection.name AS connection, record.stream,
       record.vendor_id AS "vendorId", (content.data::jsonb - 'nationalIds') AS person, record.deleted, record.first_seen_at AS "firstSeenAt"
     FROM membership JOIN source_record record USING (workspace_id, record_id)
     JOIN source_content content USING (workspace_id, record_id, hash)
     JOIN connection USING (workspace_id, connection_id)
     WHERE workspace_id = $1 AND profile_id = $2
     ORDER BY record.source_created_at NULLS LAST, record_id`,
    [transaction.workspaceId, profileId],
  );

async function aliasesOf(transaction: Transaction, profileId: ProfileId): Promise<string[]> {
  const rows = await transaction.query<{ alias_id: string }>(
    "SELECT alias_id FROM profile_alias WHERE workspace_id = $1 AND profile_id = $2 ORDER BY since, alias_id",
    [transaction.workspaceId, profileId],
  );
  return rows.map((row) => row.alias_id);
}

const ordersOf = (transaction: Transaction, profileId: ProfileId) =>
  transaction.query<ProfileOrders>(
    `SELECT placed.currency, count(*) AS count, sum(placed.amount_minor - placed.refunded_minor)::bigint AS "netMinor",
       min(placed.placed_at) AS "firstAt", max(placed.placed_at) AS "lastAt"
     FROM membership JOIN customer_order placed
       ON placed.workspace_id = membership.workspace_id AND placed.person_record_id = membership.record_id
     WHERE membership.workspace_id = $1 AND membership.profile_id = $2
       AND NOT placed.deleted AND placed.status IN ('paid', 'refunded')
     GROUP BY placed.currency ORDER BY count(*) DESC`,
    [transaction.workspaceId, profileId],
  );

const consentsOf = (transaction: Transaction, profileId: ProfileId) =>
  transaction.query<ProfileConsent>(
    `SELECT channel, purpose, state, reason, effective_at AS "effectiveAt" FROM consent_state
     WHERE workspace_id = $1 AND profile_id = $2 ORDER BY purpose, channel`,
    [transaction.workspaceId, profileId],
  );

const traitsOf = (transaction: Transaction, profileId: ProfileId) =>
  transaction.query<ProfileTrait>(
    `SELECT name, status, value, reasons, method, model_version AS "modelVersion", computed_at AS "computedAt"
     FROM trait WHERE workspace_id = $1 AND profile_id = $2 ORDER BY name`,
    [transaction.workspaceId, profileId],
  );

const deliveriesOf = (transaction: Transaction, profileId: ProfileId) =>
  transaction.query<ProfileDelivery>(
    `SELECT connection.connector, connection.name AS connection, record.vendor_id AS "vendorId", written.held AS values,
       written.written_at AS "deliveredAt", written.plan_id AS "planId"
     FROM membership JOIN last_written written USING (workspace_id, record_id)
     JOIN source_record record USING (workspace_id, record_id)
     JOIN connection ON connection.workspace_id = $1 AND connection.connection_id = written.connection_id
     WHERE membership.workspace_id = $1 AND membership.profile_id = $2
     ORDER BY written.written_at DESC, record.vendor_id`,
    [transaction.workspaceId, profileId],
  );

const pageOf = (transaction: Transaction, after: string | null, limit: number) =>
  transaction.query<ProfileRow>(
    `SELECT page.profile_id AS "profileId",
       (SELECT json_agg(content.data ORDER BY record.source_created_at NULLS LAST, record_id)
        FROM membership JOIN source_record record USING (workspace_id, record_id)
        JOIN source_content content USING (workspace_id, record_id, hash)
        WHERE workspace_id = $1 AND membership.profile_id = page.profile_id AND NOT record.deleted) AS people,
       coalesce((SELECT jsonb_agg(jsonb_build_object('channel', state.channel, 'purpose', state.purpose,
          'state', state.state, 'addresses', state.addresses)) FROM consent_state state
        WHERE state.workspace_id = $1 AND state.profile_id = page.profile_id), '[]') AS consents,
       (SELECT jsonb_object_agg(trait.name, jsonb_build_object('value', trait.value, 'reasons', trait.reasons))
        FROM trait WHERE trait.workspace_id = $1 AND trait.profile_id = page.profile_id) AS traits
     FROM (SELECT profile_id FROM profile WHERE workspace_id = $1 AND ($2::uuid IS NULL OR profile_id > $2)
       ORDER BY profile_id LIMIT $3) AS page
     ORDER BY page.profile_id`,
    [transaction.workspaceId, after, limit],
  );
