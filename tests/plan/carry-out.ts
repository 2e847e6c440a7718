/** Makes and carries out plans against a vendor kept in a map: what the activities do, without the network between. */
import type { LiveRecord } from "#connectors/core/contract.ts";
import type { ConnectionId, PlanId, WorkspaceId } from "#profile/ids.ts";
import { decideApply } from "#profile/plan/apply.ts";
import { verifyReadBack } from "#profile/plan/read-back.ts";
import type { FieldValues, PlanChange } from "#profile/plan/types.ts";
import type { ChangeResult } from "#profile/store/plan/apply.ts";
import type { Sealed } from "#profile/store/plan/build.ts";
import type { NewsCursor } from "#profile/store/plan/candidates.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";
import { changeOf, rulesOf, wantedFields, wantedOf } from "#workflows/write-back/build.ts";

export const STREAM = "contacts";

export interface Vendor {
  records: Map<string, FieldValues>;
  /** Ids whose write is refused. */
  refuses: Set<string>;
  /** Ids whose write answers success and changes nothing. */
  ignores: Set<string>;
  writes: number;
  /** Records looked at. */
  reads: number;
}

export interface Site {
  store: PlanStore;
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
  vendor: Vendor;
}

const read = ({ records }: Vendor, id: string): LiveRecord => {
  const values = records.get(id);
  return values === undefined ? { id, state: "gone", values: {} } : { id, state: "live", values };
};

/**
 * Compares all candidates with the live values and seals; null where there is no plan to make.
 *
 * @param options.stopAfter records looked at by then, from the first plan on: the attempt ends there; null
 */
export async function makePlan(
  site: Site,
  at: string,
  { pageSize = 2, stopAfter, builtFor = "" }: { pageSize?: number; stopAfter?: number; builtFor?: string } = {},
): Promise<(Sealed & { planId: PlanId }) | null> {
  const { store, workspaceId, connectionId, vendor } = site;
  const destination = (await store.destinations(workspaceId)).find((one) => one.connectionId === connectionId);
  const fields = destination?.fields ?? [];
  const revision = destination?.fieldsRevision ?? 0;
  const beginning = await store.begin(workspaceId, connectionId, at, { digest: builtFor, revision, fields });
  if (beginning.outcome !== "building") return null;
  const limits = { ...wantedFields(fields), maxValueLength: 500 };
  const rules = rulesOf(fields);
  for (let after: NewsCursor | null = null; ;) {
    const page = await store.news(workspaceId, beginning.planId, STREAM, { after, limit: pageSize });
    const ids = page.records.map(({ recordId }) => recordId);
    const compared = await store.candidates(workspaceId, beginning.planId, ids);
    const changes = compared.flatMap((candidate): PlanChange[] =>
      changeOf(wantedOf(candidate, limits), read(vendor, candidate.vendorId).values, rules),
    );
    vendor.reads += compared.length;
    await store.addChanges(workspaceId, beginning.planId, changes, compared);
    if (vendor.reads >= (stopAfter ?? Infinity)) return null;
    if (page.next === null) break;
    after = page.next;
  }
  return { planId: beginning.planId, ...(await store.seal(workspaceId, beginning.planId, STREAM, at)) };
}

/** Writes one batch; `crash` stops after the vendor was called and before anything is recorded. */
export async function applyBatch(site: Site, planId: PlanId, at: string, crash = false): Promise<number> {
  const { store, workspaceId, vendor } = site;
  const claimed = await store.claim(workspaceId, planId, { limit: 2, after: null });
  const results: ChangeResult[] = [];
  const plan = await store.show(workspaceId, planId, { sample: 0 });
  const mapping = await store.mapping(workspaceId, planId);
  for (const change of claimed) {
    const { vendorId } = change;
    const decision = decideApply(plan?.kind ?? "write", change, read(vendor, vendorId), mapping);
    if (decision.decision === "gone") results.push({ vendorId, outcome: "gone", reason: decision.reason });
    if (decision.decision === "skip")
      results.push({ vendorId, outcome: "skipped", cause: decision.cause, reason: decision.reason });
    if (decision.decision === "already") {
      const { before, after, readBack } = decision;
      results.push({ vendorId, outcome: "applied", before, after, readBack, grantEntryIds: [] });
    }
    if (decision.decision !== "write") continue;
    await store.markSent(workspaceId, planId, [vendorId]);
    vendor.writes += 1;
    if (vendor.refuses.has(vendorId)) {
      results.push({ vendorId, outcome: "failed", reason: "A validation rule refused the value." });
      continue;
    }
    if (!vendor.ignores.has(vendorId))
      vendor.records.set(vendorId, { ...vendor.records.get(vendorId), ...decision.values });
    const { before, values } = decision;
    const verdict = verifyReadBack(values, before, read(vendor, vendorId), mapping);
    if (verdict.verdict === "failed") results.push({ vendorId, outcome: "failed", reason: verdict.reason });
    else
      results.push({
        vendorId,
        outcome: "applied",
        before,
        after: values,
        readBack: verdict.readBack,
        grantEntryIds: [],
      });
  }
  if (!crash) await store.recordResults(workspaceId, planId, results, at);
  return claimed.length;
}

export async function carryOut(site: Site, planId: PlanId, at: string) {
  await site.store.startApplying(site.workspaceId, planId);
  while ((await applyBatch(site, planId, at)) > 0);
  return site.store.finish(site.workspaceId, planId, at);
}
