/**
 * Who may be in an advertising audience. The vendor does not say, so this does: what it was told of somebody stays here until it
 * has confirmed that they are out. Changes go through plans like any others.
 */
import type { AudiencePerson } from "#connectors/core/audience.ts";
import type { AudienceCandidate, AudienceMember, MemberChange } from "#profile/plan/audience.ts";
import type { Addresses } from "#profile/consent/decide.ts";
import {
  uuidOf,
  type ConnectionId,
  type PlanId,
  type ProfileId,
  type RecordId,
  type WorkspaceId,
} from "#profile/ids.ts";
import { normalisePhone } from "#profile/identity/normalise/phone.ts";
import { usesOf } from "#profile/plan/fields.ts";
import type { PlanChange } from "#profile/plan/types.ts";
import type { Database, Transaction } from "./database.ts";
import { readByIndex } from "./database.ts";
import { insertInto } from "./insert.ts";
import { addChanges, nextPlanId, seal, supersedeOpen, newestOutput, type Sealed } from "./plan/build.ts";
import { knownAnswers } from "./plan/columns.ts";
import { lockConnection, unfinishedPlan, type PlanSummary } from "./plan/rows.ts";
import { settingsOf } from "./workspace-settings.ts";

export type Proposed =
  | { outcome: "nothing" }
  /** The same change waits already. */
  | { outcome: "waiting"; plan: PlanSummary }
  /** A plan has to be carried out first. */
  | { outcome: "unfinished"; plan: PlanSummary }
  | { outcome: "sealed"; planId: PlanId; sealed: Sealed; superseded: PlanId | null };

export interface Proposal {
  audience: string;
  joining: MemberChange[];
  leaving: MemberChange[];
  /** ISO 8601 */
  at: string;
}

/** A member as a plan that is carried out needs them. */
export interface PlannedMember {
  memberId: RecordId;
  /** The record whose addresses are meant. */
  recordId: RecordId;
  sent: string | null;
  confirmed: boolean;
  /** The plan takes them out. */
  leaving: boolean;
}

export interface AudienceStore {
  /** Those who spent most in the last year, in the shop's own currency, and said yes to audiences; best first. */
  best(workspaceId: WorkspaceId, query: { limit: number; asOf: string }): Promise<AudienceCandidate[]>;
  members(workspaceId: WorkspaceId, connectionId: ConnectionId, audience: string): Promise<AudienceMember[]>;
  /** Those who leave go first and by themselves; who joins waits for the next plan, and for approval like everything. */
  propose(workspaceId: WorkspaceId, connectionId: ConnectionId, proposal: Proposal): Promise<Proposed>;
  planned(workspaceId: WorkspaceId, planId: PlanId, memberIds: readonly RecordId[]): Promise<PlannedMember[]>;
  /** Before anybody knows what comes of it: from now on they may be in it. */
  noteSent(workspaceId: WorkspaceId, sent: readonly { memberId: RecordId; member: string }[]): Promise<void>;
  noteIn(workspaceId: WorkspaceId, memberIds: readonly RecordId[]): Promise<void>;
  noteOut(workspaceId: WorkspaceId, memberIds: readonly RecordId[]): Promise<void>;
}

export const memberIdOf = (connectionId: ConnectionId, audience: string, profileId: ProfileId): RecordId =>
  uuidOf("member", connectionId, audience, profileId) as RecordId;

export function createAudienceStore(database: Database): AudienceStore {
  const inside =
    <Args extends unknown[], Result>(work: (transaction: Transaction, ...args: Args) => Promise<Result>) =>
    (workspaceId: WorkspaceId, ...args: Args) =>
      database.inWorkspace(workspaceId, (transaction) => work(transaction, ...args));
  return {
    best: inside(best),
    members: inside(members),
    propose: inside(propose),
    planned: inside(planned),
    noteSent: inside(noteSent),
    noteIn: inside((transaction, ids: readonly RecordId[]) => mark(transaction, ids, "confirmed = sent IS NOT NULL")),
    noteOut: inside((transaction, ids: readonly RecordId[]) =>
      mark(transaction, ids, "sent = NULL, confirmed = false"),
    ),
  };
}

interface CandidateRow extends AudiencePerson {
  profileId: ProfileId;
  recordId: RecordId;
  consents: unknown;
}

async function best(
  transaction: Transaction,
  { limit, asOf }: { limit: number; asOf: string },
): Promise<AudienceCandidate[]> {
  const settings = await settingsOf(transaction);
  const rows = await transaction.query<CandidateRow>(
    `WITH spender AS MATERIALIZED (
       SELECT m.profile_id, sum(o.amount_minor - o.refunded_minor) AS spent
       FROM customer_order o JOIN membership m ON m.workspace_id = $1 AND m.record_id = o.person_record_id
       WHERE o.workspace_id = $1 AND NOT o.deleted AND o.status IN ('paid', 'refunded') AND o.currency = $2
         AND o.placed_at <= $3 AND o.placed_at > $3::timestamptz - interval '1 year'
         AND EXISTS (SELECT FROM consent_state s WHERE s.workspace_id = $1 AND s.profile_id = m.profile_id
           AND s.purpose = 'ad_audience' AND s.channel = 'ads' AND s.state = 'granted')
       GROUP BY 1 HAVING sum(o.amount_minor - o.refunded_minor) > 0
       ORDER BY 2 DESC, 1 LIMIT $4
     )
     SELECT spender.profile_id AS "profileId", s.record_id AS "recordId", s.email, s.phone, s.first_name AS "firstName",
       s.last_name AS "lastName", s.postcode, c.data ->> 'country' AS country,
       (SELECT json_agg(json_build_object('purpose', k.purpose, 'channel', k.channel, 'state', k.state, 'addresses', k.addresses))
        FROM consent_state k WHERE k.workspace_id = $1 AND k.profile_id = spender.profile_id) AS consents
     FROM spender
     JOIN membership m ON m.workspace_id = $1 AND m.profile_id = spender.profile_id
     JOIN source_record s ON s.workspace_id = $1 AND s.record_id = m.record_id AND s.kind = 'person' AND NOT s.deleted
     LEFT JOIN source_content c ON c.workspace_id = $1 AND c.record_id = s.record_id AND c.hash = s.hash
     WHERE s.email IS NOT NULL OR s.phone IS NOT NULL
     ORDER BY spender.spent DESC, spender.profile_id, s.source_created_at, s.record_id`,
    [transaction.workspaceId, settings.currency, asOf, limit],
  );
  return rows.map(({ consents, profileId, recordId, ...row }) => {
    const addresses: Addresses = { email: row.email, phone: row.phone };
    const country = row.country ?? settings.country;
    const person: AudiencePerson = { ...row, country, phone: phoneOf(row.phone, country) };
    return { profileId, recordId, addresses, person, consents: knownAnswers.parse(consents ?? []) };
  });
}

/** Only a number that is one, of one person. */
function phoneOf(written: string | null, country: string): string | null {
  if (written === null) return null;
  const { key, quality } = normalisePhone(written, country);
  return quality === "strong" ? key : null;
}

async function members(
  transaction: Transaction,
  connectionId: ConnectionId,
  audience: string,
): Promise<AudienceMember[]> {
  return transaction.query<AudienceMember>(
    `SELECT member_id AS "memberId", profile_id AS "profileId", record_id AS "recordId", sent FROM audience_member
     WHERE workspace_id = $1 AND connection_id = $2 AND audience = $3 AND sent IS NOT NULL ORDER BY member_id`,
    [transaction.workspaceId, connectionId, audience],
  );
}

const writeMembers = insertInto<MemberChange>({
  table: "audience_member",
  constants: ["connection_id", "audience"],
  columns: {
    member_id: { type: "uuid", of: ({ memberId }) => memberId },
    profile_id: { type: "uuid", of: ({ profileId }) => profileId },
    record_id: { type: "uuid", of: ({ recordId }) => recordId },
  },
  key: ["member_id"],
  onConflict: "update",
});

const LEAVING = "It only takes people out of an audience, and that waits for nobody.";

async function propose(
  transaction: Transaction,
  connectionId: ConnectionId,
  { audience, joining, leaving, at }: Proposal,
): Promise<Proposed> {
  await lockConnection(transaction, connectionId);
  const open = await unfinishedPlan(transaction, connectionId);
  if (open?.status === "approved" || open?.status === "applying") return { outcome: "unfinished", plan: open };
  const isLeaving = leaving.length > 0;
  const changes = (isLeaving ? leaving : joining).map((change) => planChangeOf(audience, change));
  if (open?.status === "waiting" && (await isSame(transaction, open.planId, changes)))
    return { outcome: "waiting", plan: open };
  const superseded = await supersedeOpen(transaction, open, at);
  if (changes.length === 0) return { outcome: "nothing" };
  if (!isLeaving) await writeMembers(transaction, joining, [connectionId, audience]);
  const planId = await nextPlanId(transaction, connectionId);
  await transaction.query(
    `INSERT INTO plan (workspace_id, plan_id, connection_id, status, through_seq, created_at, built_for)
     VALUES ($1, $2, $3, 'building', $4, $5, $6)`,
    [transaction.workspaceId, planId, connectionId, await newestOutput(transaction), at, audience],
  );
  await addChanges(transaction, planId, changes);
  const [held] = await transaction.query<{ count: number }>(
    "SELECT count(*) FROM audience_member WHERE workspace_id = $1 AND connection_id = $2 AND sent IS NOT NULL",
    [transaction.workspaceId, connectionId],
  );
  const sealed = await seal(transaction, planId, "", at, {
    destinationRecords: held?.count ?? 0,
    ...(isLeaving ? { leaving: LEAVING } : {}),
  });
  return { outcome: "sealed", planId, sealed, superseded };
}

function planChangeOf(audience: string, { memberId, profileId, before, after }: MemberChange): PlanChange {
  const [was, becomes] = [{ [audience]: before }, { [audience]: after }];
  return {
    ...{ vendorId: memberId, recordId: memberId, profileId, createdAt: null, before: was, after: becomes },
    uses: usesOf(becomes),
  };
}

async function isSame(transaction: Transaction, planId: PlanId, changes: readonly PlanChange[]): Promise<boolean> {
  const rows = await transaction.query<{ vendorId: string; after: unknown }>(
    `SELECT vendor_id AS "vendorId", after FROM plan_change WHERE workspace_id = $1 AND plan_id = $2`,
    [transaction.workspaceId, planId],
  );
  const known = new Map(rows.map(({ vendorId, after }) => [vendorId, JSON.stringify(after)]));
  return (
    known.size === changes.length &&
    changes.every(({ vendorId, after }) => known.get(vendorId) === JSON.stringify(after))
  );
}

async function planned(
  transaction: Transaction,
  planId: PlanId,
  memberIds: readonly RecordId[],
): Promise<PlannedMember[]> {
  await readByIndex(transaction);
  return transaction.query<PlannedMember>(
    `SELECT a.member_id AS "memberId", a.record_id AS "recordId", a.sent, a.confirmed,
       c.after = jsonb_build_object(a.audience, NULL) AS leaving
     FROM unnest($3::text[]) AS wanted (vendor_id)
     JOIN plan_change c ON c.workspace_id = $1 AND c.plan_id = $2 AND c.vendor_id = wanted.vendor_id
     JOIN audience_member a ON a.workspace_id = $1 AND a.member_id = c.record_id`,
    [transaction.workspaceId, planId, [...memberIds]],
  );
}

async function noteSent(
  transaction: Transaction,
  sent: readonly { memberId: RecordId; member: string }[],
): Promise<void> {
  await transaction.query(
    `UPDATE audience_member AS a SET sent = taken.member, confirmed = false
     FROM unnest($2::uuid[], $3::text[]) AS taken (member_id, member)
     WHERE a.workspace_id = $1 AND a.member_id = taken.member_id`,
    [transaction.workspaceId, sent.map(({ memberId }) => memberId), sent.map(({ member }) => member)],
  );
}

async function mark(transaction: Transaction, memberIds: readonly RecordId[], assignments: string): Promise<void> {
  if (memberIds.length === 0) return;
  await transaction.query(
    `UPDATE audience_member SET ${assignments} WHERE workspace_id = $1 AND member_id = ANY($2::uuid[])`,
    [transaction.workspaceId, memberIds],
  );
}
