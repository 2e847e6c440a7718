/** A workspace with two connections, filled page by page as a sync fills it. */
import type { CanonicalRecord } from "#connectors/core/records.ts";
import { type ConnectionId, type ProfileId, recordIdOf, type RecordId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createConsentStore } from "#profile/store/consent/store.ts";
import type { ResolvedBatch } from "#profile/store/identity/resolve-batch.ts";
import { createIdentityStore } from "#profile/store/identity/store.ts";
import { createIngestStore } from "#profile/store/ingest/store.ts";
import { createTestDatabase } from "#tests/support/database.ts";
import { page } from "#tests/support/records.ts";

export type Shop = Awaited<ReturnType<typeof openShop>>;

export async function openShop() {
  const { database, ownerUrl, workspaceId, drop } = await createTestDatabase();
  const connections = createConnectionStore(database);
  const made = await connections.upsertConnection(workspaceId, { connector: "csv", name: "till" }, "tests");
  const connectionId: ConnectionId = made.connectionId;
  const ingest = createIngestStore(database);
  const identity = createIdentityStore(database);
  const consent = createConsentStore(database);

  const rows = <Row extends Record<string, unknown>>(sql: string, ...values: unknown[]) =>
    database.inWorkspace(workspaceId, (transaction) => transaction.query<Row>(sql, [workspaceId, ...values]));
  const idOf = (id: string): RecordId => recordIdOf(connectionId, "people", id);

  return {
    database,
    ownerUrl,
    workspaceId,
    connectionId,
    identity,
    consent,
    drop,
    rows,
    idOf,
    /** Stores records as one page of the stream `people`. */
    async save(records: CanonicalRecord[]): Promise<void> {
      const { cursor } = await ingest.streamState(workspaceId, connectionId, "people");
      const saved = await ingest.savePage(workspaceId, {
        connectionId,
        stream: "people",
        from: cursor,
        page: page(records),
      });
      if (saved.outcome !== "saved") throw new Error("The page was not saved.");
    },
    async resolveAll(limit = 2_000, worker = identity): Promise<ResolvedBatch> {
      const total: ResolvedBatch = {
        touched: 0,
        records: 0,
        created: 0,
        merged: 0,
        split: 0,
        refusals: 0,
        more: false,
      };
      for (let more = true; more;) {
        const batch = await worker.resolveBatch(workspaceId, { limit });
        for (const key of ["touched", "records", "created", "merged", "split", "refusals"] as const)
          total[key] += batch[key];
        more = batch.more;
      }
      return total;
    },
    async refreshConsents(at: string): Promise<{ profiles: number; changed: number }> {
      const total = { profiles: 0, changed: 0 };
      for (let more = true; more;) {
        const batch = await consent.refreshBatch(workspaceId, { limit: 1_000, at });
        total.profiles += batch.profiles;
        total.changed += batch.changed;
        more = batch.more;
      }
      return total;
    },
    async profileOf(id: string): Promise<ProfileId> {
      const [row] = await rows<{ profile_id: ProfileId }>(
        "SELECT profile_id FROM membership WHERE workspace_id = $1 AND record_id = $2",
        idOf(id),
      );
      if (row === undefined) throw new Error(`Record ${id} has no profile.`);
      return row.profile_id;
    },
    /** Everything identity decided, in a form that can be compared. */
    async picture(): Promise<unknown> {
      return {
        membership: await rows(
          "SELECT record_id, profile_id FROM membership WHERE workspace_id = $1 ORDER BY record_id",
        ),
        profiles: await rows(
          "SELECT profile_id, anchor_record_id FROM profile WHERE workspace_id = $1 ORDER BY profile_id",
        ),
        identifiers: await rows(
          "SELECT kind, value, record_id, quality, current FROM identifier WHERE workspace_id = $1 ORDER BY kind, value, record_id",
        ),
        shared: await rows(
          "SELECT kind, value, holders FROM shared_value WHERE workspace_id = $1 ORDER BY kind, value",
        ),
        refusals: await rows(
          "SELECT refusal_id, rule, record_ids FROM merge_refusal WHERE workspace_id = $1 ORDER BY refusal_id",
        ),
      };
    },
  };
}

const open: Shop[] = [];

/** A shop of the test at hand, gone after it where the file says `afterEach(dropShops)`. */
export async function freshShop(): Promise<Shop> {
  const shop = await openShop();
  open.push(shop);
  return shop;
}

export async function dropShops(): Promise<void> {
  for (const shop of open.splice(0)) await shop.drop();
}
