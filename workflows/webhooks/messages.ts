import type { DoneStep } from "#profile/store/runs.ts";

/** What came of reading the records that vendors have told us of. */
export interface WebhooksRead {
  done: DoneStep[];
  /** Something of it was new. */
  isNews: boolean;
  /** More is to be read: at once (0), or later because a vendor or a stream is not ready for it. Null: nothing is left. */
  againMs: number | null;
}
