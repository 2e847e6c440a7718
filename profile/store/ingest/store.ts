/** Where what a vendor says becomes rows: pages, cursors, rejects, and the state of every stream. */
import type { RecordPage } from "#connectors/core/contract.ts";
import type { ConnectorErrorKind } from "#connectors/core/errors.ts";
import type { RecordKind } from "#connectors/core/records.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import {
  forgetSeen,
  markSeen,
  NOTHING_SWEPT,
  startFullRead,
  sweepUnlessImplausible,
  USUAL_BRAKE,
  type Missing,
} from "./full-read.ts";
import { heldReason, RELEASED } from "./held.ts";
import { saveRows, type Place } from "./save-rows.ts";
import { canonicalJson, storable } from "./content.ts";
import { type Database, readByIndex, type Transaction } from "../database.ts";
import { replaceDays } from "./days.ts";
import { appendConsents } from "./ledger.ts";
import { touchProfilesOf } from "../identity/marks.ts";
import { preparePage, type PreparedPage } from "./prepare.ts";
import { permittedFor } from "./sensitive.ts";
import { readRejects, saveRejects, type StoredReject } from "./rejects.ts";
import type { MasterKeys } from "../workspace-keys.ts";
import { joinClicks, readClicks } from "./clicks.ts";
import { isOpen, permittedOpens } from "./opens.ts";
import { orders, sourceRecords, subscriptions, touchpoints } from "./tables.ts";

export interface StreamState {
  /** Where the next page starts; null: at the beginning, as a full read. */
  cursor: unknown;
  /** The last pass reached its end and nothing has failed since. */
  complete: boolean;
  /** Set while a full read is under way. */
  fullReadStartedAt: Date | null;
  fullReadAt: Date | null;
  /** Deletions wait for a person since then, and the stream with them; see `held.ts`. */
  heldAt: Date | null;
  lastSuccessAt: Date | null;
  /** Vendor rows read so far, repeats included. */
  recordsRead: number;
  vendorCount: number | null;
  storedCount: number | null;
  /** `held` while `heldAt` is set. */
  errorKind: ConnectorErrorKind | "held" | null;
  errorMessage: string | null;
}

export interface PageCounts {
  /** Vendor rows of the page. */
  read: number;
  /** Records they became, of whatever kind; every one is in exactly one of the next four. */
  records: number;
  inserted: number;
  changed: number;
  /** Equal content, also when only the vendor's time moved. */
  unchanged: number;
  /** Older than what is stored, or named twice in the page: ignored. */
  stale: number;
  rejected: number;
  /** On rows that were taken, about what could not be taken from them. */
  remarks: number;
  /** No longer listed by the full read that this page ended: marked as deleted. Figures gone from their day: removed. */
  vanished: number;
}

/** Anything became known that was not known before. */
export const isNews = ({ inserted, changed, vanished }: PageCounts): boolean => inserted + changed + vanished > 0;

/**
 * `held`: the page was saved, but ended a full read that misses too much; a person has to decide.
 * `superseded`: the stored cursor is no longer the one this page was read from; nothing was written.
 */
export type SavedPage =
  | { outcome: "saved"; counts: PageCounts }
  | { outcome: "held"; counts: PageCounts; reason: string }
  | { outcome: "superseded" };

export interface Reconciliation {
  vendorCount: number | null;
  /** Live records we hold; null when the vendor offers no count to compare with. */
  storedCount: number | null;
  /** Vendor minus stored. */
  difference: number | null;
}

export interface IngestStore {
  streamState(workspaceId: WorkspaceId, connectionId: ConnectionId, stream: string): Promise<StreamState>;
  /** How far every stream of the workspace has been read, in one query. */
  cursors(workspaceId: WorkspaceId): Promise<{ connectionId: ConnectionId; stream: string; cursor: unknown }[]>;
  /**
   * Stores a page and moves the cursor in one transaction.
   *
   * A page read from null begins a full read; the page with `atEnd` ends it. When that page says `fullScan`, what the read
   * did not list is marked as deleted here too, so that no crash can fall in between; unless that is too much to believe.
   *
   * @param input.from the cursor the page was read from
   */
  savePage(
    workspaceId: WorkspaceId,
    input: { connectionId: ConnectionId; stream: string; from: unknown; page: RecordPage },
  ): Promise<SavedPage>;
  /** Compares with the vendor's own count of the stream's main kind. */
  reconcile(
    workspaceId: WorkspaceId,
    connectionId: ConnectionId,
    stream: string,
    kind: RecordKind,
    vendorCount: number | null,
  ): Promise<Reconciliation>;
  /** @param message for the person who must act; no personal data */
  recordFailure(
    workspaceId: WorkspaceId,
    connectionId: ConnectionId,
    stream: string,
    kind: ConnectorErrorKind,
    message: string,
  ): Promise<void>;
  /** The next read starts over. What is stored stays. */
  resetCursor(workspaceId: WorkspaceId, connectionId: ConnectionId, stream: string): Promise<void>;
  /** The dead letters of a stream, in order of their reference, read in portions. */
  rejects(workspaceId: WorkspaceId, connectionId: ConnectionId, stream: string): AsyncGenerator<StoredReject>;
}

const COUNTED: Partial<Record<RecordKind, string>> = {
  person: "source_record",
  organisation: "source_record",
  deal: "source_record",
  order: "customer_order",
  subscription: "subscription",
  touchpoint: "touchpoint",
};

const STATE = `cursor, complete, full_read_started_at AS "fullReadStartedAt", full_read_at AS "fullReadAt",
  held_at AS "heldAt", last_success_at AS "lastSuccessAt", records_read AS "recordsRead", vendor_count AS "vendorCount",
  stored_count AS "storedCount", error_kind AS "errorKind", error_message AS "errorMessage"`;

const UNREAD: StreamState = {
  cursor: null,
  complete: false,
  fullReadStartedAt: null,
  fullReadAt: null,
  heldAt: null,
  lastSuccessAt: null,
  recordsRead: 0,
  vendorCount: null,
  storedCount: null,
  errorKind: null,
  errorMessage: null,
};

/** @param masters needed where numbers of persons are kept, which are hashed with a key of the workspace */
export function createIngestStore(database: Database, brake = USUAL_BRAKE, masters?: MasterKeys): IngestStore {
  return {
    streamState: (workspaceId, connectionId, stream) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const rows = await transaction.query<StreamState>(
          `SELECT ${STATE} FROM stream_state WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
          [workspaceId, connectionId, stream],
        );
        return rows[0] ?? UNREAD;
      }),

    cursors: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<{ connectionId: ConnectionId; stream: string; cursor: unknown }>(
          `SELECT connection_id AS "connectionId", stream, cursor FROM stream_state WHERE workspace_id = $1`,
          [workspaceId],
        ),
      ),

    savePage: async (workspaceId, { connectionId, stream, from, page }) => {
      const place = { connectionId, stream };
      const permitted = await permittedFor({ database, masters }, workspaceId, connectionId, page.records);
      const prepared = preparePage(place, page, permitted);
      const save = async (transaction: Transaction): Promise<SavedPage> => {
        const { cursor, fullReadStartedAt, heldAt } = await lockState(transaction, place);
        if (heldAt !== null || canonicalJson(cursor) !== canonicalJson(from)) return { outcome: "superseded" };
        await readByIndex(transaction);
        const starts = from === null;
        if (starts) await startFullRead(transaction, place);
        const fullRead = starts || fullReadStartedAt !== null;

        const { saved, figures, consents, touched } = await storeRecords(transaction, place, prepared);
        const listed = [...saved.flatMap((result) => result.known), ...prepared.rejectedIds];
        if (fullRead) await markSeen(transaction, place, listed, prepared.gap);
        const mayDelete = fullRead && page.atEnd && page.fullScan;
        const end = mayDelete ? await sweepUnlessImplausible(transaction, place, brake) : NOTHING_SWEPT;
        const [swept, held] = "held" in end ? [NOTHING_SWEPT, end.held] : [end, null];
        await touchProfilesOf(transaction, [...touched, ...swept.people]);
        await moveCursor(transaction, place, page, fullRead, held);

        const counts = {
          ...countsOf(prepared, { saved, figures, consents }),
          read: page.rawCount,
          vanished: swept.vanished + figures.vanished,
        };
        return held === null ? { outcome: "saved", counts } : { outcome: "held", counts, reason: heldReason(held) };
      };
      // Rows are lost with the position after them, and read again from there.
      return database.inWorkspace(workspaceId, save, { durable: "soon" });
    },

    reconcile: (workspaceId, connectionId, stream, kind, vendorCount) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const table = COUNTED[kind];
        if (vendorCount === null || table === undefined) return { vendorCount, storedCount: null, difference: null };
        const ofKind = table === "source_record" ? "AND kind = $4" : "AND $4::text IS NOT NULL";
        const [row] = await transaction.query<{ count: number }>(
          `SELECT count(*) AS count FROM ${table}
           WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND NOT deleted ${ofKind}`,
          [workspaceId, connectionId, stream, kind],
        );
        const storedCount = row?.count ?? 0;
        await transaction.query(
          `UPDATE stream_state SET vendor_count = $4, stored_count = $5
           WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
          [workspaceId, connectionId, stream, vendorCount, storedCount],
        );
        return { vendorCount, storedCount, difference: vendorCount - storedCount };
      }),

    recordFailure: async (workspaceId, connectionId, stream, kind, message) => {
      await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query(
          `INSERT INTO stream_state (workspace_id, connection_id, stream, error_kind, error_message)
           VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (workspace_id, connection_id, stream) DO UPDATE SET complete = false,
             error_kind = excluded.error_kind, error_message = excluded.error_message, updated_at = now()`,
          [workspaceId, connectionId, stream, kind, message],
        ),
      );
    },

    resetCursor: async (workspaceId, connectionId, stream) => {
      await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query(
          `UPDATE stream_state SET cursor = NULL, complete = false, full_read_started_at = NULL, updated_at = now(),
             ${RELEASED}
           WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
          [workspaceId, connectionId, stream],
        ),
      );
    },

    rejects: (workspaceId, connectionId, stream) => readRejects(database, workspaceId, { connectionId, stream }),
  };
}

/** Of one statement for each table, whatever brought the records: a page, or a single one that was asked for. */
export async function storeRecords(transaction: Transaction, place: Place, prepared: PreparedPage) {
  const opens = prepared.touchpoints.filter(isOpen);
  const held = await readClicks(transaction, prepared);
  // While the database writes one table's rows those of the next are put together here.
  const saved = await Promise.all([
    saveRows(transaction, place, sourceRecords, prepared.sources),
    saveRows(transaction, place, orders, prepared.orders),
    saveRows(transaction, place, subscriptions, prepared.subscriptions),
    saveRows(
      transaction,
      place,
      touchpoints,
      opens.length === 0 ? prepared.touchpoints : prepared.touchpoints.filter((one) => !isOpen(one)),
    ),
  ]);
  const clicked = await joinClicks(transaction, prepared, held);
  const figures = await replaceDays(transaction, place, prepared.days, prepared.figures);
  const consents = await appendConsents(transaction, place.connectionId, prepared.consents);
  // What the page says of consent counts for what it says of opens.
  if (opens.length > 0) {
    const permitted = await permittedOpens(transaction, opens, new Date().toISOString());
    saved.push(await saveRows(transaction, place, touchpoints, permitted));
  }
  await saveRejects(transaction, place, prepared.rejects, prepared.vendorIds);
  return {
    saved,
    figures,
    consents,
    touched: [...saved.flatMap(({ people }) => people), ...consents.people, ...clicked],
  };
}

export function countsOf(
  prepared: PreparedPage,
  { saved, figures, consents }: Pick<Awaited<ReturnType<typeof storeRecords>>, "saved" | "figures" | "consents">,
): Omit<PageCounts, "read" | "vanished"> {
  const sum = (key: "inserted" | "changed" | "unchanged" | "stale") =>
    saved.reduce((total, result) => total + result[key], key === "stale" ? 0 : figures[key]);
  return {
    records: prepared.records,
    inserted: sum("inserted") + consents.inserted,
    changed: sum("changed"),
    unchanged: sum("unchanged") + prepared.consents.length - consents.inserted,
    stale: sum("stale") + prepared.duplicates,
    rejected: prepared.rejects.filter(({ kept }) => kept !== true).length,
    remarks: prepared.rejects.filter(({ kept }) => kept === true).length,
  };
}

type Locked = Pick<StreamState, "cursor" | "fullReadStartedAt" | "heldAt">;

/** One writer per stream at a time; the lock ends with the transaction. */
export async function lockState(transaction: Transaction, { connectionId, stream }: Place): Promise<Locked> {
  const keys = [transaction.workspaceId, connectionId, stream];
  const lock = () =>
    transaction.query<Locked>(
      `SELECT cursor, full_read_started_at AS "fullReadStartedAt", held_at AS "heldAt" FROM stream_state
       WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 FOR UPDATE`,
      keys,
    );
  const [known] = await lock();
  if (known !== undefined) return known;
  await transaction.query(
    "INSERT INTO stream_state (workspace_id, connection_id, stream) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    keys,
  );
  const [made] = await lock();
  if (made === undefined) throw new Error(`The state of stream "${stream}" vanished while it was being locked.`);
  return made;
}

async function moveCursor(
  transaction: Transaction,
  place: Place,
  page: RecordPage,
  fullRead: boolean,
  held: Missing | null,
): Promise<void> {
  const next = page.next ?? null;
  const complete = page.atEnd && held === null;
  if (fullRead && complete) await forgetSeen(transaction, place);
  await transaction.query(
    `UPDATE stream_state SET cursor = $4, complete = $5, records_read = records_read + $6,
       full_read_started_at = CASE WHEN $5 THEN NULL ELSE full_read_started_at END,
       full_read_at = CASE WHEN $5 AND $7 THEN now() ELSE full_read_at END,
       last_success_at = CASE WHEN $5 THEN now() ELSE last_success_at END,
       held_at = CASE WHEN $8::bigint IS NULL THEN NULL ELSE now() END, held_vanishing = $8, held_known = $9,
       late_since = CASE WHEN $12 THEN NULL ELSE late_since END,
       error_kind = $10, error_message = $11, updated_at = now()
     WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
    [
      transaction.workspaceId,
      place.connectionId,
      place.stream,
      next === null ? null : storable(JSON.stringify(next)),
      complete,
      page.rawCount,
      fullRead,
      held?.vanishing ?? null,
      held?.known ?? null,
      held === null ? null : "held",
      held === null ? null : heldReason(held),
      page.atEnd,
    ],
  );
}
