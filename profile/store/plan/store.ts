/**
 * Plans in the database: from "these profiles have news" over the sealed set of changes to what was delivered. What to
 * write is decided in profile/plan; here it is kept, once and completely.
 */
import type { ConnectionId, PlanId, RecordId, WorkspaceId } from "#profile/ids.ts";
import type { Mapping } from "#profile/plan/fields.ts";
import type { FieldValues, Ownership, PlanChange } from "#profile/plan/types.ts";
import type { Database, Durable, Transaction } from "../database.ts";
import {
  claim,
  finish,
  markJob,
  markSent,
  recordResults,
  retryFailed,
  startApplying,
  type ChangeResult,
  type ClaimCursor,
  type ClaimedChange,
  type Ending,
  type Retrying,
} from "./apply.ts";
import { addChanges, begin, seal, type Beginning, type BuiltFor, type Compared, type Sealed } from "./build.ts";
import { candidates, news, type Candidate, type NewsCursor, type NewsPage } from "./candidates.ts";
import { counts, sampledChanges } from "./columns.ts";
import { approve, beginUndo, offerAgain, reject, type Approval, type Undoing } from "./decide.ts";
import {
  changeFields,
  defineFields,
  destinationFieldsOf,
  destinations,
  isForCurrentFields,
  mappingOfPlan,
  type Destination,
  type DestinationField,
  type FieldChange,
} from "./fields.ts";
import {
  DELIVERY_OF_C,
  findPlan,
  PLAN_SQL,
  plansUnderWay,
  unfinishedPlan,
  type PlanSummary,
  type PlanUnderWay,
} from "./rows.ts";

/** Who decided, and when (ISO 8601). */
export interface Decision {
  actor: string;
  at: string;
}

export interface PlanView extends PlanSummary {
  counts: Record<string, number>;
  /** How many changes touch each field. */
  fields: Record<string, number>;
  /** The first changes, failed ones before others. */
  sample: { vendorId: string; before: FieldValues; after: FieldValues; status: string; reason: string | null }[];
}

export interface PlanStore {
  /** Connections that are ready and open for writing. */
  destinations(workspaceId: WorkspaceId): Promise<Destination[]>;
  /** Adds the fields a destination does not know yet; those an admin has changed or disabled stay as they are. */
  defineFields(workspaceId: WorkspaceId, connectionId: ConnectionId, ownership?: Ownership): Promise<void>;
  /** All there are, those that are off and those to be emptied among them. */
  fields(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<DestinationField[]>;
  /** One field goes into another property, by other rules, or nowhere. The next plan compares every record and waits. */
  changeFields(
    workspaceId: WorkspaceId,
    connectionId: ConnectionId,
    change: FieldChange,
    decision: Decision,
  ): Promise<void>;
  /** What each property of the plan shows. */
  mapping(workspaceId: WorkspaceId, planId: PlanId): Promise<Mapping>;
  /** The connection's fields are those that the plan was made for. */
  isForCurrentFields(workspaceId: WorkspaceId, planId: PlanId): Promise<boolean>;
  /** The plan of the connection that is being made, waits or is being carried out. */
  openPlan(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<PlanSummary | null>;
  begin(workspaceId: WorkspaceId, connectionId: ConnectionId, at: string, builtFor?: BuiltFor): Promise<Beginning>;
  news(
    workspaceId: WorkspaceId,
    planId: PlanId,
    stream: string,
    page: { after: NewsCursor | null; limit: number },
  ): Promise<NewsPage>;
  candidates(workspaceId: WorkspaceId, planId: PlanId, recordIds: readonly RecordId[]): Promise<Candidate[]>;
  addChanges(
    workspaceId: WorkspaceId,
    planId: PlanId,
    changes: PlanChange[],
    compared?: readonly Compared[],
  ): Promise<void>;
  seal(workspaceId: WorkspaceId, planId: PlanId, stream: string, at: string): Promise<Sealed>;
  approve(workspaceId: WorkspaceId, planId: PlanId, decision: Decision & { digest: string }): Promise<Approval>;
  reject(workspaceId: WorkspaceId, planId: PlanId, decision: Decision): ReturnType<typeof reject>;
  /** The next plan compares every record again, including what was undone or rejected. */
  offerAgain(workspaceId: WorkspaceId, connectionId: ConnectionId, decision: Decision): Promise<void>;
  startApplying(workspaceId: WorkspaceId, planId: PlanId): Promise<PlanSummary>;
  claim(
    workspaceId: WorkspaceId,
    planId: PlanId,
    portion: { limit: number; after: ClaimCursor | null },
  ): Promise<ClaimedChange[]>;
  markSent(workspaceId: WorkspaceId, planId: PlanId, vendorIds: string[]): Promise<void>;
  markJob(workspaceId: WorkspaceId, planId: PlanId, job: string, vendorIds: readonly string[]): Promise<void>;
  recordResults(workspaceId: WorkspaceId, planId: PlanId, results: ChangeResult[], at: string): Promise<void>;
  finish(workspaceId: WorkspaceId, planId: PlanId, at: string): Promise<Ending>;
  retryFailed(workspaceId: WorkspaceId, planId: PlanId, decision: Decision): Promise<Retrying>;
  beginUndo(workspaceId: WorkspaceId, planId: PlanId, decision: Decision): Promise<Undoing>;
  /** Plans that are being carried out, or should be, with the changes that have no result yet. Oldest first. */
  underWay(workspaceId: WorkspaceId): Promise<PlanUnderWay[]>;
  /** Newest first. */
  list(workspaceId: WorkspaceId, limit: number): Promise<PlanSummary[]>;
  find(workspaceId: WorkspaceId, planId: PlanId): Promise<PlanSummary | null>;
  show(workspaceId: WorkspaceId, planId: PlanId, options: { sample: number }): Promise<PlanView | null>;
}

export function createPlanStore(database: Database): PlanStore {
  /** Each call is one transaction. */
  const inside =
    <Args extends unknown[], Result>(
      work: (transaction: Transaction, ...args: Args) => Promise<Result>,
      durable: Durable = "at once",
    ) =>
    (workspaceId: WorkspaceId, ...args: Args): Promise<Result> =>
      database.inWorkspace(workspaceId, (transaction) => work(transaction, ...args), { durable });
  return {
    destinations: inside(destinations),
    defineFields: inside(defineFields),
    fields: inside(destinationFieldsOf),
    changeFields: inside(changeFields),
    mapping: inside(mappingOfPlan),
    isForCurrentFields: inside(isForCurrentFields),
    openPlan: inside(unfinishedPlan),
    begin: inside(begin),
    news: inside(news),
    candidates: inside(candidates),
    // Sealed only together; an attempt goes on from what is there.
    addChanges: inside(addChanges, "soon"),
    seal: inside(seal),
    approve: inside(approve),
    reject: inside(reject),
    offerAgain: inside(offerAgain),
    startApplying: inside(startApplying),
    claim: inside(claim),
    markSent: inside(markSent),
    markJob: inside(markJob),
    // A change that was marked as sent is looked at again where its result was lost.
    recordResults: inside(recordResults, "soon"),
    finish: inside(finish),
    retryFailed: inside(retryFailed),
    beginUndo: inside(beginUndo),
    underWay: inside(plansUnderWay),
    list: inside(list),
    find: inside(findPlan),
    show: inside(show),
  };
}

function list(transaction: Transaction, limit: number): Promise<PlanSummary[]> {
  return transaction.query<PlanSummary>(
    `${PLAN_SQL} WHERE p.workspace_id = $1 ORDER BY p.created_at DESC, p.plan_id LIMIT $2`,
    [transaction.workspaceId, limit],
  );
}

async function show(
  transaction: Transaction,
  planId: PlanId,
  { sample }: { sample: number },
): Promise<PlanView | null> {
  const plan = await findPlan(transaction, planId);
  if (plan === null) return null;
  const [row] = await transaction.query<{ counts: unknown; fields: unknown; sample: unknown }>(
    `WITH c AS MATERIALIZED (
       SELECT c.vendor_id, c.before, c.after, coalesce(d.status, 'pending') AS status, d.reason
       FROM plan_change c ${DELIVERY_OF_C}
       WHERE c.workspace_id = $1 AND c.plan_id = $2
     )
     SELECT coalesce((SELECT json_object_agg(status, changes)
         FROM (SELECT status, count(*) AS changes FROM c GROUP BY 1) AS s), '{}') AS counts,
       coalesce((SELECT json_object_agg(field, changes)
         FROM (SELECT field, count(*) AS changes FROM c, jsonb_object_keys(c.after) AS field GROUP BY 1) AS f), '{}') AS fields,
       coalesce((SELECT json_agg(json_build_object('vendorId', vendor_id, 'before', before, 'after', after, 'status', status,
           'reason', reason))
         FROM (SELECT * FROM c ORDER BY status = 'failed' DESC, vendor_id LIMIT $3) AS first), '[]') AS sample`,
    [transaction.workspaceId, planId, sample],
  );
  return {
    ...plan,
    counts: counts.parse(row?.counts ?? {}),
    fields: counts.parse(row?.fields ?? {}),
    sample: sampledChanges.parse(row?.sample ?? []),
  };
}
