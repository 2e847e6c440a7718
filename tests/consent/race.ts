/** Withdrawals stored while a plan is carried out, by a writer that knows nothing of it: is anything sent after one was stored? */
import type { OpenConnection, RecordWrite } from "#connectors/core/contract.ts";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import { type ConnectionId, type PlanId, type ProfileId, recordIdOf, type WorkspaceId } from "#profile/ids.ts";
import { OWN_NAMES, usesOf } from "#profile/plan/fields.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import type { Database } from "#profile/store/database.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import type { ClaimedChange } from "#profile/store/plan/apply.ts";
import { createPlanStore } from "#profile/store/plan/store.ts";
import { consent, page, person } from "#tests/support/records.ts";
import { sendPortion } from "#workflows/write-back/apply.ts";
import { readPermissions } from "#workflows/write-back/ask.ts";

export interface Place {
  database: Database;
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
}

export interface RaceOptions {
  people: number;
  /** Records of a vendor call. */
  batchSize: number;
  /** So many people withdraw at once, again and again until the plan is through. */
  together: number;
}

export interface RaceOutcome {
  written: number;
  withdrawn: number;
  /** Calls held back since somebody of theirs had withdrawn. */
  heldBack: number;
  /** People written to by a call that left after their withdrawal was committed. */
  after: number;
}

const VALUES = { tributary_lifecycle_stage: "customer_at_risk", tributary_next_best_action: "winback_email" };
const EMPTY = { tributary_lifecycle_stage: null, tributary_next_best_action: null };
const PLAN = "00000000-0000-8000-8000-000000000000" as PlanId; // as the store makes them
const PORTION = 1_000;

export async function raceWithdrawals(place: Place, options: RaceOptions): Promise<RaceOutcome> {
  const { database, workspaceId } = place;
  const waiting = new Map((await changesOf(place, options.people)).map((change) => [change.vendorId, change]));
  const plans = createPlanStore(database);
  const asking = {
    ...{ consent: createConsentStore(database), plans, workspaceId, planId: PLAN, kind: "write" as const },
    ...{ mapping: OWN_NAMES, now: Date.now },
  };
  const left = new Map<string, number>();
  const stored = new Map<string, number>();
  let check: (() => Promise<void>) | null = null;
  const limits = { all: { calls: 1, windowMs: 1_000, source: "test", readOn: "2026-11-28" } };
  const call = createVendorCall({
    ...{ connector: { title: "Vendor", limits, classify: () => undefined }, limiter: unlimited, now: Date.now },
    beforeSending: async () => check?.(),
  });
  const connection: Pick<OpenConnection, "write"> = {
    write: (writes: RecordWrite[]) =>
      call("all", "write", async () => {
        for (const { id } of writes) left.set(id, performance.now());
        await pause(1);
        return writes.map(({ id }) => ({ id, outcome: "written" as const }));
      }),
  };
  let running = true;
  const withdrawing = withdrawals(place, options, { isOver: () => !running, stored });
  const outcome: RaceOutcome = { written: 0, withdrawn: 0, heldBack: 0, after: 0 };
  try {
    while (waiting.size > 0) {
      const portion = [...waiting.values()].slice(0, PORTION);
      const { results, sent, failure } = await sendPortion(portion, {
        ...asking,
        permissions: await readPermissions(
          portion.map(({ recordId }) => recordId),
          asking,
        ),
        connection: connection as OpenConnection, // the part that is used
        ...{ batchSize: options.batchSize, fresh: true, without: [] },
        beforeSending: (next) => {
          check = next;
        },
      });
      if (failure !== undefined) outcome.heldBack += 1;
      for (const { vendorId } of results) waiting.delete(vendorId);
      for (const { change } of sent) waiting.delete(change.vendorId);
    }
  } finally {
    running = false;
    await withdrawing;
  }
  const late = [...left].filter(([id, at]) => at > (stored.get(id) ?? Infinity));
  return { ...outcome, written: left.size, withdrawn: stored.size, after: late.length };
}

/** Beside the plan and without regard to it; of each the moment after its commit. */
async function withdrawals(
  { database, workspaceId, connectionId }: Place,
  { people, together }: RaceOptions,
  { isOver, stored }: { isOver(): boolean; stored: Map<string, number> },
): Promise<void> {
  const ingest = createIngestStore(database);
  // The last are written last: they are the ones to be met.
  for (let next = people - 1; next >= 0 && !isOver(); next -= together) {
    const ids = Array.from({ length: together }, (_, n) => String(next - n)).filter((id) => !id.startsWith("-"));
    const said = ids.map((id) => consent(`no${id}`, id, { state: "withdrawn", effectiveAt: new Date().toISOString() }));
    const { cursor } = await ingest.streamState(workspaceId, connectionId, "people");
    await ingest.savePage(workspaceId, { connectionId, stream: "people", from: cursor, page: page(said) });
    for (const id of ids) stored.set(id, performance.now());
    await pause(1);
  }
}

async function changesOf({ database, workspaceId, connectionId }: Place, people: number): Promise<ClaimedChange[]> {
  const ingest = createIngestStore(database);
  const ids = Array.from({ length: people }, (_, n) => String(n));
  for (let from = 0; from < people; from += PORTION) {
    const records = ids
      .slice(from, from + PORTION)
      .flatMap((id) => [
        person(id, { firstName: `Anna${id}`, lastName: `Hill${id}`, emails: [`anna${id}@brightleaf.co.uk`] }),
        consent(`yes${id}`, id),
      ]);
    const { cursor } = await ingest.streamState(workspaceId, connectionId, "people");
    await ingest.savePage(workspaceId, { connectionId, stream: "people", from: cursor, page: page(records) });
  }
  const identity = createIdentityStore(database);
  for (let more = true; more;) ({ more } = await identity.resolveBatch(workspaceId, { limit: PORTION }));
  const profiles = await database.inWorkspace(workspaceId, async (transaction) => {
    await transaction.query(
      `INSERT INTO plan (workspace_id, plan_id, connection_id, kind, status, through_seq)
       VALUES ($1, $2, $3, 'write', 'applying', 0)`,
      [workspaceId, PLAN, connectionId],
    );
    return transaction.query<{ record_id: string; profile_id: ProfileId }>(
      "SELECT record_id, profile_id FROM membership WHERE workspace_id = $1",
      [workspaceId],
    );
  });
  const profileOf = new Map(profiles.map((row) => [row.record_id, row.profile_id]));
  return ids.map((id): ClaimedChange => {
    const recordId = recordIdOf(connectionId, "people", id);
    return {
      ...{ vendorId: id, recordId, profileId: profileOf.get(recordId) ?? null, createdAt: null },
      ...{ before: EMPTY, after: VALUES, uses: usesOf(VALUES) },
      ...{ status: "pending", attempts: 0, idempotencyKey: id, job: null },
    };
  });
}

const pause = (ms: number) => new Promise<void>((done) => setTimeout(done, ms));
