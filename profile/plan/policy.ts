/** Whether a sealed plan may go ahead by itself. */

export interface PolicyInput {
  changes: number;
  /** Live records of the destination. */
  destinationRecords: number;
  /** A plan was carried out here before, so somebody has seen and approved what we do. */
  appliedBefore: boolean;
  /** Since then somebody undid a plan here: what was approved is not wanted any more. */
  undoneSince: boolean;
  /** No plan made for the fields as they are chosen now was carried out here yet. */
  fieldsChanged: boolean;
  /** A stream is in the middle of its first full read: values may rest on a part of the facts, a yes on a part of the ledger. */
  partlyRead: boolean;
  /** Largest share (0 to 1) of the destination's records that may change unasked; null: always ask. */
  autoApplyShare: number | null;
}

export type PolicyDecision = { decision: "approved" | "waiting"; reason: string };

/** The first plan of a destination always waits for a person, and so does the first after an undo. */
export function decideApproval({
  changes,
  destinationRecords,
  appliedBefore,
  undoneSince,
  fieldsChanged,
  partlyRead,
  autoApplyShare,
}: PolicyInput): PolicyDecision {
  if (!appliedBefore) return { decision: "waiting", reason: "The first plan for a destination waits for approval." };
  if (undoneSince)
    return { decision: "waiting", reason: "A plan for this destination was undone; the next one waits for approval." };
  if (fieldsChanged)
    return {
      decision: "waiting",
      reason: "The fields written here were changed; the first plan after that waits for approval.",
    };
  if (partlyRead)
    return {
      decision: "waiting",
      reason: "A tool has been read in part only so far; until its first read is complete, plans wait for approval.",
    };
  if (autoApplyShare === null)
    return { decision: "waiting", reason: "Every plan for this destination waits for approval." };
  const share = destinationRecords === 0 ? 1 : changes / destinationRecords;
  const limit = percent(autoApplyShare);
  return share <= autoApplyShare
    ? {
        decision: "approved",
        reason: `It changes ${percent(share)} of the records; up to ${limit} apply by themselves.`,
      }
    : {
        decision: "waiting",
        reason: `It changes ${percent(share)} of the records; more than ${limit} wait for approval.`,
      };
}

const percent = (share: number) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
