/** What Tributary made of the shop: who belongs to which profile, traits, consents and orders, read from its database. */
import { z } from "zod";
import type { WorkspaceId } from "#profile/ids.ts";
import type { PlannableTraits } from "#profile/plan/fields.ts";
import type { Addresses, KnownAnswer } from "#profile/consent/decide.ts";
import type { Database, Transaction } from "#profile/store/database.ts";
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
  /** Order, by `recordKey` -> profile; orders of nobody are left out. */
  profileOfOrder: Map<string, string>;
  /** Click id -> `recordKey` of whoever it was found to be of; null: nobody. */
  personOfClick: Map<string, string | null>;
  /** `recordKey` of everybody of whom opened letters are kept, with how many. */
  opensOf: Map<string, number>;
  /** By source, stream, day and name. */
  figures: Map<string, number>;
  /** Rows by `source/stream`, of facts. */
  counts: Map<string, number>;
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
    const facts = await readFacts(transaction);
    return {
      ...facts,
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

type Facts = Pick<Stored, "profileOfOrder" | "personOfClick" | "opensOf" | "figures" | "counts">;

async function readFacts(transaction: Transaction): Promise<Facts> {
  const own = [transaction.workspaceId];
  const orders = await transaction.query<{ key: string; profile: string }>(
    `SELECT concat_ws('/', c.connector, o.stream, o.vendor_id) AS key, m.profile_id AS profile
     FROM customer_order o
     JOIN membership m ON m.workspace_id = $1 AND m.record_id = o.person_record_id
     JOIN connection c ON c.workspace_id = $1 AND c.connection_id = o.connection_id
     WHERE o.workspace_id = $1 AND NOT o.deleted`,
    own,
  );
  const clicks = await transaction.query<{ click: string; person: string | null }>(
    `SELECT t.vendor_id AS click, s.stream || '/' || s.vendor_id AS person
     FROM touchpoint t LEFT JOIN source_record s ON s.workspace_id = $1 AND s.record_id = t.person_record_id
     WHERE t.workspace_id = $1 AND t.type = 'ad_clicked'`,
    own,
  );
  const opens = await transaction.query<{ key: string; count: number }>(
    `SELECT concat_ws('/', c.connector, s.stream, s.vendor_id) AS key, count(*)
     FROM touchpoint t
     JOIN source_record s ON s.workspace_id = $1 AND s.record_id = t.person_record_id
     JOIN connection c ON c.workspace_id = $1 AND c.connection_id = t.connection_id
     WHERE t.workspace_id = $1 AND t.type = 'email_opened' GROUP BY 1`,
    own,
  );
  const figures = await transaction.query<{ key: string; value: number }>(
    `SELECT concat_ws(' ', c.connector, f.stream, f.day, f.name) AS key, sum(f.value)::float8 AS value
     FROM (SELECT connection_id, stream, day, 'cost' AS name, amount_micros AS value FROM spend WHERE workspace_id = $1
           UNION ALL
           SELECT connection_id, stream, day, coalesce(nullif(dimensions ->> 'event', ''), name), value
           FROM metric WHERE workspace_id = $1 AND name <> 'users') f
     JOIN connection c ON c.workspace_id = $1 AND c.connection_id = f.connection_id GROUP BY 1`,
    own,
  );
  const counts = await transaction.query<{ key: string; count: number }>(
    `SELECT c.connector || '/' || f.stream AS key, count(*)
     FROM (SELECT connection_id, stream FROM touchpoint WHERE workspace_id = $1 AND NOT deleted
           UNION ALL SELECT connection_id, stream FROM customer_order WHERE workspace_id = $1 AND NOT deleted
           UNION ALL SELECT connection_id, stream FROM subscription WHERE workspace_id = $1 AND NOT deleted) f
     JOIN connection c ON c.workspace_id = $1 AND c.connection_id = f.connection_id GROUP BY 1`,
    own,
  );
  return {
    profileOfOrder: new Map(orders.map(({ key, profile }) => [key, profile])),
    personOfClick: new Map(clicks.map(({ click, person }) => [click, person])),
    opensOf: new Map(opens.map(({ key, count }) => [key, count])),
    figures: new Map(figures.map(({ key, value }) => [key, value])),
    counts: new Map(counts.map(({ key, count }) => [key, count])),
  };
}
