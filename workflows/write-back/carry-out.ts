/** Carrying a plan out: portions are sent one after the other, and what was sent is read back and recorded behind them. */
import type { OpenConnection } from "#connectors/core/contract.ts";
import type { ChangeResult, ClaimCursor, ClaimedChange } from "#profile/store/plan/apply.ts";
import { prefetched } from "#connectors/core/prefetched.ts";
import { type ApplyInput, type Sent, sendPortion } from "./apply.ts";
import { type Permissions, readPermissions } from "./ask.ts";
import { verified } from "./read-back.ts";

/** Changes claimed together; connectors cut this into calls as suits their vendor. */
export const PORTION = 1_000;

/** What was sent longer ago is read back however little it is: results show, and a crash leaves little to look at again. */
const SETTLE_AFTER_MS = 30_000;

export interface CarryOutInput extends Omit<ApplyInput, "fresh" | "permissions"> {
  /** Reads back beside the calls that write, which are held up to ask for consent. */
  reader: Pick<OpenConnection, "readLive">;
  /** As many records are worth reading back together. */
  readSize: number;
  /** Whether what the plan compared still counts as seen just now. */
  isFresh(): boolean;
  /** Keeps the results of some changes. */
  onSettled(results: ChangeResult[]): Promise<void>;
}

/**
 * One pass over everything without a result.
 *
 * Whatever stops it is thrown once all that was sent before is read back and recorded. Where that fails too, the changes
 * stay marked as sent, and the next pass looks at their records first.
 */
export async function carryOut(input: CarryOutInput): Promise<void> {
  let waiting = nothingWaits();
  let settled = Promise.resolve();
  const settle = async (): Promise<void> => {
    await settled;
    const { results, sent } = waiting;
    waiting = nothingWaits();
    settled = settleNow(results, sent, input);
    // Observed with the next group or at the end; until then a rejection must not count as unhandled.
    settled.catch(() => undefined);
  };
  let stopped: { failure: unknown } | undefined;
  try {
    for await (const { claimed, permissions } of prefetched(portions(input))) {
      waiting.since ??= input.now();
      const { results, sent, ...rest } = await sendPortion(claimed, { ...input, permissions, fresh: input.isFresh() });
      waiting.results.push(...results);
      waiting.sent.push(...sent);
      if ("failure" in rest) throw rest.failure;
      if (waiting.sent.length >= input.readSize || input.now() - waiting.since >= SETTLE_AFTER_MS) await settle();
    }
  } catch (failure) {
    stopped = { failure };
  }
  try {
    await settle();
    await settled;
  } catch (failure) {
    stopped ??= { failure };
  }
  if (stopped !== undefined) throw stopped.failure;
}

interface Waiting {
  results: ChangeResult[];
  sent: Sent[];
  /** When the first of it was sent. */
  since?: number;
}

const nothingWaits = (): Waiting => ({ results: [], sent: [] });

async function settleNow(
  results: ChangeResult[],
  sent: Sent[],
  { reader, onSettled, mapping }: CarryOutInput,
): Promise<void> {
  const all = [...results, ...(await verified(sent, reader, mapping))];
  if (all.length > 0) await onSettled(all);
}

async function* portions(input: CarryOutInput): AsyncGenerator<{ claimed: ClaimedChange[]; permissions: Permissions }> {
  const { plans, workspaceId, planId } = input;
  for (let after: ClaimCursor | null = null; ;) {
    const claimed = await plans.claim(workspaceId, planId, { limit: PORTION, after });
    const last = claimed.at(-1);
    if (last === undefined) return;
    after = last;
    const recordIds = claimed.map(({ recordId }) => recordId);
    yield { claimed, permissions: await readPermissions(recordIds, input) };
  }
}
