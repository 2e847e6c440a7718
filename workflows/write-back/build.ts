/** Making a plan: the values we want against the values the destination has now. */
import type { Connector, OpenConnection } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { PlanId, WorkspaceId } from "#profile/ids.ts";
import { diffRecord } from "#profile/plan/diff.ts";
import { allows } from "#profile/consent/decide.ts";
import { desiredValues, usesOf } from "#profile/plan/fields.ts";
import type { FieldValues, Ownership, PlanChange } from "#profile/plan/types.ts";
import type { Candidate, CandidateCursor } from "#profile/store/plan/build.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";

/** Candidates compared per transaction; connectors cut this into calls as suits their vendor. */
const PORTION = 5_000;

export interface BuildInput {
  plans: PlanStore;
  workspaceId: WorkspaceId;
  planId: PlanId;
  connector: Connector;
  connection: OpenConnection;
  fields: readonly { field: string; ownership: Ownership }[];
  onPortion(counts: { compared: number; changes: number }): Promise<void>;
}

/** Compares every record with news and stores what has to change. The plan is left open, to be sealed. */
export async function buildChanges(input: BuildInput): Promise<void> {
  const { plans, workspaceId, planId, connection } = input;
  const writeBack = writeBackOf(input.connector);
  const fields = input.fields.map(({ field }) => field);
  const ownership = Object.fromEntries(input.fields.map(({ field, ownership }) => [field, ownership]));
  const limits = { fields, maxValueLength: writeBack.maxValueLength };
  for (let after: CandidateCursor | null = null; ;) {
    const page = await plans.candidates(workspaceId, planId, writeBack.stream, { after, limit: PORTION });
    const ids = page.candidates.map(({ vendorId }) => vendorId);
    const live = new Map((await connection.readLive(ids, fields)).map((record) => [record.id, record]));
    const changes = page.candidates.flatMap((candidate): PlanChange[] => {
      const record = live.get(candidate.vendorId);
      if (record?.state !== "live") return [];
      return changeOf(candidate, record.values, { ownership, limits });
    });
    await plans.addChanges(workspaceId, planId, changes);
    await input.onPortion({ compared: page.candidates.length, changes: changes.length });
    if (page.next === null) return;
    after = page.next;
  }
}

export function writeBackOf(connector: Connector): NonNullable<Connector["writeBack"]> {
  if (connector.writeBack !== undefined) return connector.writeBack;
  throw new ConnectorError("contract", `${connector.title} does not support write-back.`);
}

/** What to write to one record, if anything: only what may be written to this record, with the addresses it has. */
export function changeOf(
  { vendorId, recordId, profileId, traits, consents, addresses, lastDelivered }: Candidate,
  live: FieldValues,
  {
    ownership,
    limits,
  }: { ownership: Readonly<Record<string, Ownership>>; limits: { fields: readonly string[]; maxValueLength: number } },
): PlanChange[] {
  const desired = desiredValues(traits, (uses) => allows(consents, uses, addresses), limits);
  const change = diffRecord({ live, desired, ownership, lastDelivered });
  return change === null ? [] : [{ vendorId, recordId, profileId, ...change, uses: usesOf(change.after, desired) }];
}
