/** Asking the ledger whether records may be written, right before they are. */
import type { Grant } from "#connectors/core/grant.ts";
import { decide } from "#profile/consent/decide.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { usesLeft } from "#profile/plan/fields.ts";
import type { FieldValues, PlanKind } from "#profile/plan/types.ts";
import type { ConsentStore } from "#profile/store/consent/store.ts";
import type { ChangeResult, ClaimedChange } from "#profile/store/plan/apply.ts";

export interface AskInput {
  consent: ConsentStore;
  workspaceId: WorkspaceId;
  kind: PlanKind;
  /** Milliseconds since the epoch. */
  now(): number;
}

export interface Writable {
  change: ClaimedChange;
  before: FieldValues;
  values: FieldValues;
}

export interface Granted extends Writable {
  grant: Grant;
}

export interface Asked {
  granted: Granted[];
  refused: ChangeResult[];
  askedAt: number;
}

const MOVED = "The record belongs to another customer now; the next plan compares it again.";

/** What the ledger says of each record at this moment. */
export async function ask(asked: readonly Writable[], { consent, workspaceId, kind, now }: AskInput): Promise<Asked> {
  const askedAt = now();
  const at = new Date(askedAt).toISOString();
  const facts = await consent.factsFor(
    workspaceId,
    asked.map(({ change }) => change.recordId),
    at,
  );
  const granted: Granted[] = [];
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
  return { granted, refused, askedAt };
}
