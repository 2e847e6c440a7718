/** Carrying out one portion of a plan: look once more, ask for permission, write, read back, say what became of each. */
import type { OpenConnection, RecordWrite } from "#connectors/core/contract.ts";
import type { Grant } from "#connectors/core/grant.ts";
import { decideAll } from "#profile/consent/decide.ts";
import type { PlanId, WorkspaceId } from "#profile/ids.ts";
import { decideApply } from "#profile/plan/apply.ts";
import type { ApplyDecision } from "#profile/plan/apply.ts";
import { usesOf } from "#profile/plan/fields.ts";
import { verifyReadBack } from "#profile/plan/read-back.ts";
import type { FieldValues, PlanKind } from "#profile/plan/types.ts";
import type { ConsentStore } from "#profile/store/consent/store.ts";
import type { ChangeResult, ClaimedChange } from "#profile/store/plan/apply.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";

export interface ApplyInput {
  plans: PlanStore;
  consent: ConsentStore;
  connection: OpenConnection;
  workspaceId: WorkspaceId;
  planId: PlanId;
  kind: PlanKind;
  /** The plan compared these records moments ago and none of them was tried yet: no need to look again. */
  fresh: boolean;
  /** Fields the destination does not let us have: left out. */
  without: readonly string[];
  at: string;
}

interface Sendable {
  change: ClaimedChange;
  before: FieldValues;
  values: FieldValues;
  grant: Grant;
}

const IN_THE_WAY = "Fields of the same names are in the way at the tool; `tributary connections` names them.";

/** One result per claimed change. */
export async function applyPortion(claimed: ClaimedChange[], input: ApplyInput): Promise<ChangeResult[]> {
  const possible = claimed.map((change) => leaveOut(change, input.without));
  const changes = possible.filter(({ after }) => Object.keys(after).length > 0);
  const decided = await decisions(changes, input);
  const facts = await input.consent.grantsFor(
    input.workspaceId,
    [...new Set(changes.flatMap(({ profileId }) => profileId ?? []))],
    input.at,
  );
  // With nothing left to write there is nothing to call applied.
  const results = possible
    .filter(({ after }) => Object.keys(after).length === 0)
    .map(({ vendorId }): ChangeResult => ({ vendorId, outcome: "failed", reason: IN_THE_WAY }));
  const sendable: Sendable[] = [];
  for (const { change, decision } of decided) {
    const { vendorId, profileId } = change;
    if (decision.decision === "skip" || decision.decision === "gone") {
      results.push(withoutWriting(vendorId, decision));
      continue;
    }
    const known = profileId === null ? undefined : facts.get(profileId);
    const grant = decideAll(
      { profileId: profileId ?? "", answers: known?.answers ?? [], address: null },
      usesOf(decision.decision === "write" ? decision.values : decision.after),
      input.at,
    );
    if (decision.decision === "already") {
      const { before, after, readBack } = decision;
      // The try that got through had asked as well; only what was withdrawn since can no longer be named.
      const grantEntryIds = "refused" in grant ? [] : grant.entryIds;
      results.push({ vendorId, outcome: "applied", before, after, readBack, grantEntryIds });
    } else if ("refused" in grant)
      results.push({ vendorId, outcome: "skipped", cause: "consent", reason: grant.reason });
    else sendable.push({ change, before: decision.before, values: decision.values, grant });
  }
  return [...results, ...(await send(sendable, input))];
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

async function send(
  sendable: Sendable[],
  { plans, connection, workspaceId, planId }: ApplyInput,
): Promise<ChangeResult[]> {
  if (sendable.length === 0) return [];
  const writes = sendable.map(({ change, values, grant }): RecordWrite => ({
    id: change.vendorId,
    values,
    grant,
    idempotencyKey: change.idempotencyKey,
  }));
  await plans.markSent(
    workspaceId,
    planId,
    writes.map(({ id }) => id),
  );
  const written = new Map((await connection.write(writes)).map((result) => [result.id, result]));
  const toVerify = sendable.filter(({ change }) => written.get(change.vendorId)?.outcome === "written");
  const readBack = await connection.readLive(
    toVerify.map(({ change }) => change.vendorId),
    fieldsOf(toVerify.map(({ values }) => values)),
  );
  const liveOf = new Map(readBack.map((record) => [record.id, record]));
  return sendable.map(({ change: { vendorId }, before, values, grant }): ChangeResult => {
    const result = written.get(vendorId);
    const reason = result?.reason ?? "The vendor gave no reason.";
    if (result === undefined)
      return { vendorId, outcome: "retry", reason: "The vendor did not answer for this record." };
    if (result.outcome === "retry") return { vendorId, outcome: "retry", reason };
    if (result.outcome === "gone") return { vendorId, outcome: "gone", reason };
    if (result.outcome === "rejected") return { vendorId, outcome: "failed", reason };
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
