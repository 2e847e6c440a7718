/** Sending one portion of a plan: look once more, ask for permission, write. What became of it is read back afterwards. */
import type { OpenConnection, RecordWrite, WriteResult } from "#connectors/core/contract.ts";
import { chunked } from "#connectors/core/batches.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { decideApply } from "#profile/plan/apply.ts";
import { fieldType, type Mapping } from "#profile/plan/fields.ts";
import type { ApplyDecision } from "#profile/plan/apply.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import type { ChangeResult, ClaimedChange } from "#profile/store/plan/apply.ts";
import type { PlanStore } from "#profile/store/plan/store.ts";
import type { Asked, AskInput, Granted, Permissions, Writable } from "./ask.ts";
import { fieldsOf, refOf } from "./read-back.ts";

export interface ApplyInput extends AskInput {
  plans: PlanStore;
  /** Of the records of this portion. */
  permissions: Permissions;
  connection: OpenConnection;
  /** Records per vendor call. */
  batchSize: number;
  /** Does this when a call is about to leave, after it waited for the account's quota. */
  beforeSending(check: (() => Promise<void>) | null): void;
  /** The plan compared these records moments ago and none of them was tried yet: no need to look again. */
  fresh: boolean;
  /** Fields the destination reserves for something else: left out. */
  without: readonly string[];
}

export interface Sent extends Granted {
  /** Undefined: the vendor did not answer for this record. */
  answer: WriteResult | undefined;
}

const IN_THE_WAY = "Nothing may be written into these fields of the tool; `tributary connections` says why.";

/** An answer of the ledger older than this is asked for again before a call leaves. */
const FRESH_CONSENT_MS = 500;

export interface SentPortion {
  /** Of changes that were not sent. */
  results: ChangeResult[];
  /** Their results are known once they are read back. */
  sent: Sent[];
  /** What stopped the rest of the portion, of which nothing is said. */
  failure?: unknown;
}

/** Each claimed change once at most; where the vendor refuses a call, those it had answered for before. */
export async function sendPortion(claimed: ClaimedChange[], input: ApplyInput): Promise<SentPortion> {
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
  const portion: SentPortion = { results, sent: [] };
  try {
    await sendBatches(chunked(writable, input.batchSize), portion, input);
  } catch (failure) {
    // Batches before this one were answered for: that is kept.
    return { ...portion, failure };
  }
  return portion;
}

/** An earlier try that had asked the ledger got through; only what was withdrawn since can no longer be named. */
async function alreadyThere(
  already: { change: ClaimedChange; decision: Extract<ApplyDecision, { decision: "already" }> }[],
  input: ApplyInput,
): Promise<ChangeResult[]> {
  const { granted } = await input.permissions.of(
    already.map(({ change, decision }) => ({ change, values: decision.after, before: decision.before })),
  );
  const grants = new Map(granted.map(({ change, grant }) => [change.vendorId, grant]));
  return already.map(({ change: { vendorId }, decision: { before, after, readBack } }) => ({
    ...{ vendorId, outcome: "applied", before, after, readBack },
    grantEntryIds: grants.get(vendorId)?.entryIds ?? [],
  }));
}

async function decisions(changes: ClaimedChange[], { connection, kind, fresh, mapping }: ApplyInput) {
  const untried = (change: ClaimedChange) => fresh && change.status === "pending" && change.attempts === 0;
  const toRead = changes.filter((change) => !untried(change));
  const fields = fieldsOf(toRead.map(({ after }) => after));
  const live = toRead.length === 0 ? [] : await connection.readLive(toRead.map(refOf), fields);
  const liveOf = new Map(live.map((record) => [record.id, record]));
  return changes.map((change): { change: ClaimedChange; decision: ApplyDecision } => ({
    change,
    decision: untried(change)
      ? { decision: "write", before: change.before, values: change.after }
      : decideApply(kind, change, liveOf.get(change.vendorId), mapping),
  }));
}

/** While a batch is on its way the next one is marked and asked about, from when the first call has left. */
async function sendBatches(batches: Writable[][], portion: SentPortion, input: ApplyInput): Promise<void> {
  let prepared: Promise<Asked> | undefined;
  try {
    for (const [n, batch] of batches.entries()) {
      const following = batches[n + 1];
      let asked = await (prepared ?? prepare(batch, input));
      prepared = undefined;
      if (isStale(asked, input)) asked = await input.permissions.of(batch);
      portion.results.push(...asked.refused);
      const leaving = () => {
        if (following === undefined || prepared !== undefined) return;
        prepared = prepare(following, input);
        // Awaited at its turn; until then a rejection must not count as unhandled.
        prepared.catch(() => undefined);
      };
      portion.sent.push(...(await sendBatch(asked, leaving, input)));
    }
  } finally {
    await prepared?.catch(() => undefined);
  }
}

const isStale = ({ askedAt }: Asked, { now }: ApplyInput): boolean => now() - askedAt >= FRESH_CONSENT_MS;

/** Marked first, so that a crash leaves a trace. */
async function prepare(batch: readonly Writable[], input: ApplyInput): Promise<Asked> {
  await input.plans.markSent(
    input.workspaceId,
    input.planId,
    batch.map(({ change }) => change.vendorId),
  );
  return input.permissions.of(batch);
}

/**
 * One vendor call's worth, as the ledger allowed it.
 *
 * @param leaving called as each call leaves
 */
async function sendBatch(asked: Asked, leaving: () => void, input: ApplyInput): Promise<Sent[]> {
  const { granted } = asked;
  if (granted.length === 0) return [];
  let latest = asked;
  let withdrawn = false;
  /** Calls that leave at the same time ask once. */
  let asking: Promise<void> | undefined;
  const askAgain = async () => {
    latest = await input.permissions.of(granted);
    withdrawn = latest.refused.length > 0;
  };
  // However short ago it was asked: what was stored since counts.
  const askIfNews = async () => {
    if (isStale(latest, input) || !(await input.permissions.stillHold())) await askAgain();
  };
  input.beforeSending(async () => {
    if (!withdrawn) {
      asking ??= askIfNews().finally(() => {
        asking = undefined;
      });
      await asking;
    }
    // Holds for every call of the batch that is still to leave.
    if (withdrawn)
      throw new ConnectorError("transient", "A permission changed while the call was waiting for its turn.");
    leaving();
  });
  try {
    const writes = granted.map(({ change, values, grant }): RecordWrite => ({
      ...{ id: change.vendorId, values, grant, idempotencyKey: change.idempotencyKey },
      ...(change.job === null ? {} : { job: change.job }),
    }));
    const results = await input.connection.write(writes, {
      types: typesOf(
        writes.flatMap(({ values }) => Object.keys(values)),
        input.mapping,
      ),
      begun: (job, ids) => input.plans.markJob(input.workspaceId, input.planId, job, ids),
    });
    const answers = new Map(results.map((answer) => [answer.id, answer]));
    return granted.map((one) => ({ ...one, answer: answers.get(one.change.vendorId) }));
  } finally {
    input.beforeSending(null);
  }
}

const typesOf = (names: readonly string[], mapping: Mapping) =>
  Object.fromEntries(names.map((name) => [name, fieldType(name, mapping)]));

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
