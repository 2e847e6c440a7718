/** Records that vendors have told us of, and how what was read of them is stored: as a page is, but without a position. */
import type { FoundRecords } from "#connectors/core/contract.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { canonicalJson } from "../ingest/content.ts";
import { preparePage } from "../ingest/prepare.ts";
import type { Place } from "../ingest/save-rows.ts";
import { permittedFor } from "../ingest/sensitive.ts";
import { countsOf, lockState, storeRecords, type PageCounts } from "../ingest/store.ts";
import { type Database, readByIndex, type Transaction } from "../database.ts";
import type { MasterKeys } from "../workspace-keys.ts";
import { touchProfilesOf } from "../identity/marks.ts";

/** What is to be asked of a vendor. */
export interface DueRecord {
  /** Empty with `vendorId`: whether we still have access. */
  stream: string;
  vendorId: string;
  erased: boolean;
  /** When the newest of the events happened. */
  occurredAt: Date;
  /** Grows with each event. */
  seq: number;
}

export type SavedRecords = { outcome: "saved"; counts: PageCounts } | { outcome: "superseded" };

export interface DueRecords {
  /** Some of a connection's, by stream. */
  list(workspaceId: WorkspaceId, connectionId: ConnectionId, most: number): Promise<DueRecord[]>;
  /** By connection. */
  waiting(workspaceId: WorkspaceId): Promise<{ connectionId: ConnectionId; records: number; since: Date }[]>;
  /**
   * Stores what was read, and takes the records off the list unless something new was said of them meanwhile, in one
   * transaction.
   *
   * Like a page this counts only where the stream's position is still the one from before the reading: a deletion that a page
   * has brought in between must not be undone by what was read before.
   */
  save(
    workspaceId: WorkspaceId,
    input: Place & { from: unknown; found: FoundRecords; due: readonly DueRecord[] },
  ): Promise<SavedRecords>;
  /** Nothing is left to be done for them. */
  settle(workspaceId: WorkspaceId, connectionId: ConnectionId, due: readonly DueRecord[]): Promise<void>;
  /**
   * They could not be read. After some attempts they are left to the ordinary reading of their stream, which misses nothing.
   *
   * @returns how many were left to it
   */
  postpone(workspaceId: WorkspaceId, connectionId: ConnectionId, due: readonly DueRecord[]): Promise<number>;
}

const MOST_ATTEMPTS = 5;

/** @param masters as for pages */
export function createDueRecords(database: Database, masters?: MasterKeys): DueRecords {
  return {
    list: (workspaceId, connectionId, most) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<DueRecord>(
          `SELECT stream, vendor_id AS "vendorId", erased, occurred_at AS "occurredAt", seq FROM webhook_due
           WHERE workspace_id = $1 AND connection_id = $2 ORDER BY stream, vendor_id LIMIT $3`,
          [workspaceId, connectionId, most],
        ),
      ),

    waiting: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<{ connectionId: ConnectionId; records: number; since: Date }>(
          `SELECT connection_id AS "connectionId", count(*) AS records, min(since) AS since FROM webhook_due
           WHERE workspace_id = $1 GROUP BY 1`,
          [workspaceId],
        ),
      ),

    save: async (workspaceId, { connectionId, stream, from, found, due }) => {
      const place = { connectionId, stream };
      const permitted = await permittedFor({ database, masters }, workspaceId, connectionId, found.records);
      const prepared = preparePage(place, { ...found, next: from, atEnd: false, fullScan: false }, permitted);
      return database.inWorkspace(workspaceId, async (transaction): Promise<SavedRecords> => {
        const { cursor, fullReadStartedAt, heldAt } = await lockState(transaction, place);
        if (heldAt !== null || fullReadStartedAt !== null || canonicalJson(cursor) !== canonicalJson(from))
          return { outcome: "superseded" };
        await readByIndex(transaction);
        const stored = await storeRecords(transaction, place, prepared);
        await touchProfilesOf(transaction, [...stored.touched]);
        await remove(transaction, connectionId, due);
        return { outcome: "saved", counts: { ...countsOf(prepared, stored), read: found.rawCount, vanished: 0 } };
      });
    },

    settle: (workspaceId, connectionId, due) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        await readByIndex(transaction);
        await remove(transaction, connectionId, due);
      }),

    postpone: (workspaceId, connectionId, due) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        await readByIndex(transaction);
        const tried = await transaction.query<{ stream: string; vendor_id: string; attempts: number }>(
          `${LOCKED}
           UPDATE webhook_due SET attempts = attempts + 1 FROM locked
           WHERE workspace_id = $1 AND connection_id = $2 AND webhook_due.stream = locked.stream
             AND webhook_due.vendor_id = locked.vendor_id
           RETURNING webhook_due.stream, webhook_due.vendor_id, attempts`,
          keysOf(transaction, connectionId, due),
        );
        const hopeless = new Set(
          tried
            .filter(({ attempts }) => attempts >= MOST_ATTEMPTS)
            .map(({ stream, vendor_id }) => JSON.stringify([stream, vendor_id])),
        );
        const left = due.filter(({ stream, vendorId }) => hopeless.has(JSON.stringify([stream, vendorId])));
        await remove(transaction, connectionId, left);
        return left.length;
      }),
  };
}

/** In the order in which receiving locks them. Something newer was said of those that are not found. */
const LOCKED = `WITH locked AS MATERIALIZED (
  SELECT due.stream, due.vendor_id
  FROM unnest($3::text[], $4::text[], $5::bigint[]) AS known (stream, vendor_id, seq)
    JOIN webhook_due due ON due.workspace_id = $1 AND due.connection_id = $2 AND due.stream = known.stream
      AND due.vendor_id = known.vendor_id AND due.seq = known.seq
  ORDER BY due.stream, due.vendor_id FOR UPDATE OF due
)`;

async function remove(transaction: Transaction, connectionId: ConnectionId, due: readonly DueRecord[]): Promise<void> {
  if (due.length === 0) return;
  await transaction.query(
    `${LOCKED}
     DELETE FROM webhook_due USING locked
     WHERE workspace_id = $1 AND connection_id = $2 AND webhook_due.stream = locked.stream
       AND webhook_due.vendor_id = locked.vendor_id`,
    keysOf(transaction, connectionId, due),
  );
}

function keysOf({ workspaceId }: Transaction, connectionId: ConnectionId, due: readonly DueRecord[]): unknown[] {
  return [
    ...[workspaceId, connectionId, due.map(({ stream }) => stream), due.map(({ vendorId }) => vendorId)],
    due.map(({ seq }) => seq),
  ];
}
