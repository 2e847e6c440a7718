/** Carrying out one portion of a plan: look once more, ask for permission, write, read back, record each result. */
import type { OpenConnection, RecordWrite, WriteResult } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { Grant } from "#connectors/core/grant.ts";
import { decide } from "#profile/consent/decide.ts";
import type { PlanId, WorkspaceId } from "#profile/ids.ts";
import { decideApply } from "#profile/plan/apply.ts";
import type { ApplyDecision } from "#profile/plan/apply.ts";
import { usesLeft } from "#profile/plan/fields.ts";
import { verifyReadBack } from "#profile/plan/read-back.ts";
import type { FieldValues, PlanKind } from "#profile/plan/types.ts";
import type { ConsentStore } from "#profile/store/consent/store.ts";
import type { ChangeResult, ClaimedChange } from "#profile/store/plan/apply.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";

export interface ApplyInput {
  plans: PlanStore;
  consent: ConsentStore;
  connection: OpenConnection;
  /** Records per vendor call. */
  batchSize: number;
  /** Does this when a call is about to leave, after it waited for the account's quota. */
  beforeSending(check: (() => Promise<void>) | null): void;
  workspaceId: WorkspaceId;
  planId: PlanId;
  kind: PlanKind;
  /** The plan compared these records moments ago and none of them was tried yet: no need to look again. */
  fresh: boolean;
  /** Fields the destination reserves for something else: left out. */
  without: readonly string[];
  /** Milliseconds since the epoch. */
  now(): number;
}

interface Writable {
  change: ClaimedChange;
  before: FieldValues;
  values: FieldValues;
}

interface Sent extends Writable {
  grant: Grant;
  /** Undefined: the vendor did not answer for this record. */
  answer: WriteResult | undefined;
}

const IN_THE_WAY = "Other fields in the tool already have these names; `tributary connections` names them.";

const MOVED = "The record belongs to another customer now; the next plan compares it again.";

/** An answer of the ledger older than this is asked for again before a call leaves. */
const FRESH_CONSENT_MS = 500;

export interface PortionResult {
  results: ChangeResult[];
  /** What stopped the rest of the portion, whose changes have no result yet. */
  failure?: unknown;
}

/** At most one result per claimed change; where the vendor refuses a call, those it had answered for before. */
export async function applyPortion(claimed: ClaimedChange[], input: ApplyInput): Promise<PortionResult> {
  const possible = claimed.map((change) => leaveOut(change, input.without));
  const decided = await decisions(
    possible.filter(({ after }) => Object.keys(after).length > 0),
    input,
  );
  // With nothing left to write there is nothing to call applied.
  const results = possible
    .filter(({ after }) => Object.keys(after).length === 0)
    .map(({ vendorId }): ChangeResult => ({ vendorId, outcome: "failed", reason: IN_THE_WAY }));
  const writable: Writable[] = [];
  const already: { change: ClaimedChange; decision: Extract<ApplyDecision, { decision: "already" }> }[] = [];
  for (const { change, decision } of decided) {
    if (decision.decision === "write") writable.push({ change, ...decision });
    else if (decision.decision === "already") already.push({ change, decision });
    else results.push(withoutWriting(change.vendorId, decision));
  }
  results.push(...(await alreadyThere(already, input)));

  const sent: Sent[] = [];
  for (let from = 0; from < writable.length; from += input.batchSize) {
    try {
      const batch = await sendBatch(writable.slice(from, from + input.batchSize), input);
      sent.push(...batch.sent);
      results.push(...batch.refused);
    } catch (failure) {
      // Batches before this one were answered for: that is kept.
      return { results: [...results, ...(await verified(sent, input))], failure };
    }
  }
  return { results: [...results, ...(await verified(sent, input))] };
}

/** An earlier try that had asked the ledger got through; only what was withdrawn since can no longer be named. */
async function alreadyThere(
  already: { change: ClaimedChange; decision: Extract<ApplyDecision, { decision: "already" }> }[],
  input: ApplyInput,
): Promise<ChangeResult[]> {
  const { granted } = await ask(
    already.map(({ change, decision }) => ({ change, values: decision.after, before: decision.before })),
    input,
  );
  const grants = new Map(granted.map(({ change, grant }) => [change.vendorId, grant]));
  return already.map(({ change: { vendorId }, decision: { before, after, readBack } }) => ({
    ...{ vendorId, outcome: "applied", before, after, readBack },
    grantEntryIds: grants.get(vendorId)?.entryIds ?? [],
  }));
}

/** Asks the ledger about each record of a batch, right before it is sent. */
async function ask<Asked extends Writable>(
  asked: readonly Asked[],
  { consent, workspaceId, kind, now }: ApplyInput,
): Promise<{ granted: (Asked & { grant: Grant })[]; refused: ChangeResult[] }> {
  const at = new Date(now()).toISOString();
  const facts = await consent.factsFor(
    workspaceId,
    asked.map(({ change }) => change.recordId),
    at,
  );
  const granted: (Asked & { grant: Grant })[] = [];
  const refused: ChangeResult[] = [];
  for (const one of asked) {
    const { vendorId, recordId, profileId, uses } = one.change;
    const known = facts.get(recordId);
    // These values are another customer's. What an undo puts back was the record's own.
    if (kind === "write" && known !== undefined && known.profileId !== profileId) {
      refused.push({ vendorId, outcome: "skipped", cause: "live_changed", reason: MOVED });
      continue;
    }
    const nobody = { profileId: profileId ?? "", answers: [], recipient: { email: null, phone: null } };
    const grant = decide(known ?? nobody, usesLeft(one.values, uses), at);
    if ("refused" in grant) refused.push({ vendorId, outcome: "skipped", cause: "consent", reason: grant.reason });
    else granted.push({ ...one, grant });
  }
  return { granted, refused };
}

async function decisions(changes: ClaimedChange[], { connection, kind, fresh }: ApplyInput) {
  const untried = (change: ClaimedChange) => fresh && change.status === "pending" && change.attempts === 0;
  const toRead = changes.filter((change) => !untried(change));
  const fields = fieldsOf(toRead.map(({ after }) => after));
  const live =
    toRead.length === 0
      ? []
      : await connection.readLive(
          toRead.map(({ vendorId }) => vendorId),
          fields,
        );
  const liveOf = new Map(live.map((record) => [record.id, record]));
  return changes.map((change): { change: ClaimedChange; decision: ApplyDecision } => ({
    change,
    decision: untried(change)
      ? { decision: "write", before: change.before, values: change.after }
      : decideApply(kind, change, liveOf.get(change.vendorId)),
  }));
}

/** One vendor call's worth: marked, allowed by the ledger at this very moment, sent. */
async function sendBatch(
  batch: readonly Writable[],
  input: ApplyInput,
): Promise<{ sent: Sent[]; refused: ChangeResult[] }> {
  const { plans, connection, workspaceId, planId, now } = input;
  await plans.markSent(
    workspaceId,
    planId,
    batch.map(({ change }) => change.vendorId),
  );
  const { granted, refused } = await ask(batch, input);
  let askedAt = now();
  if (granted.length === 0) return { sent: [], refused };
  input.beforeSending(async () => {
    if (now() - askedAt < FRESH_CONSENT_MS) return;
    const again = await ask(granted, input);
    askedAt = now();
    if (again.refused.length > 0)
      throw new ConnectorError("transient", "A person's consent changed while the call was waiting for its turn.");
  });
  try {
    const writes = granted.map(({ change, values, grant }): RecordWrite => ({
      ...{ id: change.vendorId, values, grant, idempotencyKey: change.idempotencyKey },
    }));
    const answers = new Map((await connection.write(writes)).map((answer) => [answer.id, answer]));
    return { sent: granted.map((one) => ({ ...one, answer: answers.get(one.change.vendorId) })), refused };
  } finally {
    input.beforeSending(null);
  }
}

/** What became of each: a success counts when it can be read back. */
async function verified(sent: readonly Sent[], { connection }: ApplyInput): Promise<ChangeResult[]> {
  const toVerify = sent.filter(({ answer }) => answer?.outcome === "written");
  const readBack =
    toVerify.length === 0
      ? []
      : await connection.readLive(
          toVerify.map(({ change }) => change.vendorId),
          fieldsOf(toVerify.map(({ values }) => values)),
        );
  const liveOf = new Map(readBack.map((record) => [record.id, record]));
  return sent.map(({ change: { vendorId }, before, values, grant, answer }): ChangeResult => {
    const reason = answer?.reason ?? "The vendor gave no reason.";
    if (answer === undefined)
      return { vendorId, outcome: "retry", reason: "The vendor did not answer for this record." };
    if (answer.outcome === "retry") return { vendorId, outcome: "retry", reason };
    if (answer.outcome === "gone") return { vendorId, outcome: "gone", reason };
    if (answer.outcome === "rejected") return { vendorId, outcome: "failed", reason };
    const verdict = verifyReadBack(values, before, liveOf.get(vendorId));
    if (verdict.verdict === "failed") return { vendorId, outcome: "failed", reason: verdict.reason };
    return {
      vendorId,
      outcome: "applied",
      before,
      after: values,
      readBack: verdict.readBack,
      grantEntryIds: grant.entryIds,
    };
  });
}

function withoutWriting(
  vendorId: string,
  decision: Extract<ApplyDecision, { decision: "skip" | "gone" }>,
): ChangeResult {
  return decision.decision === "skip"
    ? { vendorId, outcome: "skipped", cause: decision.cause, reason: decision.reason }
    : { vendorId, outcome: "gone", reason: decision.reason };
}

function leaveOut(change: ClaimedChange, without: readonly string[]): ClaimedChange {
  if (without.length === 0) return change;
  const keep = (values: FieldValues) =>
    Object.fromEntries(Object.entries(values).filter(([name]) => !without.includes(name)));
  return { ...change, before: keep(change.before), after: keep(change.after) };
}

const fieldsOf = (values: FieldValues[]): string[] => [...new Set(values.flatMap((one) => Object.keys(one)))];
