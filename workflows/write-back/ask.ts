/** Asking whether records may be written, right before they are: the ledger, and the list of fields that are on. */
import type { Grant } from "#connectors/core/grant.ts";
import { decide } from "#profile/consent/decide.ts";
import type { PlanId, RecordId, WorkspaceId } from "#profile/ids.ts";
import { isAudience, usesLeft, type Mapping } from "#profile/plan/fields.ts";
import type { FieldValues, PlanKind } from "#profile/plan/types.ts";
import type { SendingBasis } from "#profile/store/consent/sending.ts";
import type { ConsentStore } from "#profile/store/consent/store.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";
import type { ChangeResult, ClaimedChange } from "#profile/store/plan/apply.ts";

export interface AskInput {
  consent: ConsentStore;
  plans: Pick<PlanStore, "isForCurrentFields">;
  workspaceId: WorkspaceId;
  planId: PlanId;
  kind: PlanKind;
  /** The properties that the plan may name. */
  mapping: Mapping;
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

const OTHER_FIELDS =
  "The fields written here were changed after the plan was made; the next plan compares the record again.";
const NOT_LISTED = "The plan names a property that is not among the fields written here.";

/** What was read for a portion is read again after this, changed or not. */
const KEPT_MS = 60_000;

/** The permissions of one portion. */
export interface Permissions {
  /** What the ledger and the list of fields say of each record at this moment. */
  of(asked: readonly Writable[]): Promise<Asked>;
  /** Whether nothing was stored since that could change what was said last. One statement: it is asked as each call leaves. */
  stillHold(): Promise<boolean>;
}

/** Reads what the ledger knows of all these records at once; whenever that changed, of those alone that are asked about. */
export async function readPermissions(recordIds: readonly RecordId[], input: AskInput): Promise<Permissions> {
  const { consent, workspaceId, now } = input;
  const read = async (ids: readonly RecordId[]) => ({ readAt: now(), basis: await consent.basisFor(workspaceId, ids) });
  let known = await read(recordIds);
  const holdsFor = async (ids: readonly RecordId[]): Promise<boolean> =>
    now() - known.readAt < KEPT_MS &&
    ids.every((id) => known.basis.recordIds.has(id)) &&
    consent.stillHolds(workspaceId, known.basis);
  return {
    stillHold: () => consent.stillHolds(workspaceId, known.basis),

    async of(asked) {
      const askedAt = now();
      if (asked.length === 0) return { granted: [], refused: [], askedAt };
      const ids = asked.map(({ change }) => change.recordId);
      const [isForCurrentFields, holds] = await Promise.all([
        input.plans.isForCurrentFields(workspaceId, input.planId),
        holdsFor(ids),
      ]);
      if (!isForCurrentFields) return { granted: [], refused: asked.map((one) => notSent(one, OTHER_FIELDS)), askedAt };
      if (!holds) known = await read(ids);
      const isListed = (name: string) => input.mapping.has(name) || isAudience(name);
      const listed = asked.filter(({ values }) => Object.keys(values).every(isListed));
      const strange = asked.filter((one) => !listed.includes(one)).map((one) => notSent(one, NOT_LISTED));
      const decided = decideAll(listed, known.basis, { kind: input.kind, at: new Date(askedAt).toISOString() });
      return { granted: decided.granted, refused: [...strange, ...decided.refused], askedAt };
    },
  };
}

const notSent = ({ change: { vendorId } }: Writable, reason: string): ChangeResult => ({
  ...{ vendorId, outcome: "skipped", cause: "fields", reason },
});

function decideAll(
  asked: readonly Writable[],
  basis: SendingBasis,
  { kind, at }: { kind: PlanKind; at: string },
): Pick<Asked, "granted" | "refused"> {
  const granted: Granted[] = [];
  const refused: ChangeResult[] = [];
  for (const one of asked) {
    const { vendorId, recordId, profileId, uses } = one.change;
    const known = basis.factsOf(recordId, at);
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
