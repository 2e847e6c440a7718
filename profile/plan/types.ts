/** Words the plan modules share. */
import type { Use } from "#connectors/core/grant.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";

/** Field name to value as the vendor stores it; null: not set. */
export type FieldValues = Record<string, string | null>;

export const OWNERSHIPS = ["ours", "theirs", "fill-empty", "until-edited"] as const;
/**
 * Who decides a field's value. `ours`: always we. `theirs`: never we. `fill-empty`: we, while it is empty or still as we
 * left it. `until-edited`: we, until somebody edits it; that pins it.
 */
export type Ownership = (typeof OWNERSHIPS)[number];

/** What one record of a destination is to be changed from and to. Both sides name the same fields. */
export interface PlanChange {
  vendorId: string;
  recordId: RecordId;
  profileId: ProfileId | null;
  /** When the vendor made the record (ISO 8601, milliseconds): changes are carried out in this order. Null: not known. */
  createdAt: string | null;
  before: FieldValues;
  after: FieldValues;
  /** The permissions that writing it rests on; asked again of the ledger when it is sent. */
  uses: readonly Use[];
}

export type PlanKind = "write" | "undo";
/** Something of a plan in this state was written, whatever became of it since. */
export const WRITTEN = ["applied", "applied_with_failures", "undone", "partly_undone"] as const;

export type PlanStatus =
  | "building"
  | "waiting"
  | "approved"
  | "applying"
  /** `undone`: taken back by an undo; `partly_undone`: some records could not be. */
  | (typeof WRITTEN)[number]
  | "superseded"
  | "rejected"
  | "empty";

/** Nothing was written and nobody decided: what is left of such a plan is its line. */
export const WITHOUT_TRACE: readonly PlanStatus[] = ["superseded", "empty"];
/** Nothing happens to a plan in this state any more, unless somebody asks for it. */
export const ENDED: readonly PlanStatus[] = [...WRITTEN, "rejected", ...WITHOUT_TRACE];
