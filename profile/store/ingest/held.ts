/**
 * Deletions that wait for a person: a full read that lacks too many known records is not believed.
 *
 * The read's marks stay until the answer, so that accepting deletes exactly the records the question was about. Reading
 * again from the start is the other answer: it either finds them or asks anew.
 */
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { audit } from "../audit.ts";
import type { Database, Transaction } from "../database.ts";
import { touchProfilesOf } from "../identity/marks.ts";
import { forgetSeen, sweep, type Missing } from "./full-read.ts";
import type { Place } from "./save-rows.ts";

export interface HeldStream extends Place, Missing {
  connector: string;
  connectionName: string;
  /** When the full read ended. */
  heldAt: Date;
  /** What to do about it, in words. */
  reason: string;
}

export interface HeldDeletions {
  list(workspaceId: WorkspaceId): Promise<HeldStream[]>;
  /** Marks the missing records as deleted, once. @returns how many; null when nothing is held (any more) */
  accept(workspaceId: WorkspaceId, place: Place, actor: string): Promise<number | null>;
  /** The next sync reads the stream's list again. */
  readAgain(workspaceId: WorkspaceId, place: Place): Promise<void>;
  /** The same, but only when there is a reason to expect another answer. @returns whether there was */
  readAgainWhenDue(workspaceId: WorkspaceId, place: Place): Promise<boolean>;
}

export function heldReason({ vanishing, known }: Missing): string {
  const count = (records: number) => records.toLocaleString("en");
  return (
    `${count(vanishing)} of ${count(known)} known records are missing from the full list. A wrong key, a reduced permission ` +
    "or another account would look the same, so nothing was deleted and this stream is waiting for you. " +
    "If they are really gone, `tributary sync --accept-deletions` marks exactly these as deleted here, once. " +
    "If not, correct the key or its permissions; `tributary sync` then reads the list again, which also happens by itself after a day."
  );
}

/** A new key, or a day: a fault on the vendor's side may have passed, and a full list every few minutes is too much. */
export const READ_AGAIN_DUE = `(held_at < now() - interval '1 day' OR EXISTS (
  SELECT 1 FROM credential c
  WHERE c.workspace_id = stream_state.workspace_id AND c.connection_id = stream_state.connection_id
    AND c.updated_at > stream_state.held_at))`;

export function createHeldDeletions(database: Database): HeldDeletions {
  return {
    list: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<HeldStream>(
          `SELECT connection_id AS "connectionId", connector, name AS "connectionName", stream,
             held_vanishing AS vanishing, held_known AS known, held_at AS "heldAt", error_message AS reason
           FROM stream_state JOIN connection USING (workspace_id, connection_id)
           WHERE workspace_id = $1 AND held_at IS NOT NULL ORDER BY connector, name, stream`,
          [workspaceId],
        ),
      ),

    accept: (workspaceId, place, actor) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const [held] = await transaction.query<Missing>(
          `SELECT held_vanishing AS vanishing, held_known AS known FROM stream_state
           WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND held_at IS NOT NULL FOR UPDATE`,
          [workspaceId, place.connectionId, place.stream],
        );
        if (held === undefined) return null;
        const { vanished, people } = await sweep(transaction, place);
        await forgetSeen(transaction, place);
        await touchProfilesOf(transaction, people);
        await transaction.query(
          `UPDATE stream_state SET complete = true, full_read_started_at = NULL, full_read_at = now(),
             last_success_at = now(), updated_at = now(), ${RELEASED}
           WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3`,
          [workspaceId, place.connectionId, place.stream],
        );
        await noteAcceptance(transaction, place, actor, { ...held, vanished });
        return vanished;
      }),

    readAgain: async (workspaceId, place) => {
      await database.inWorkspace(workspaceId, (transaction) => startOver(transaction, place, "held_at IS NOT NULL"));
    },

    readAgainWhenDue: (workspaceId, place) =>
      database.inWorkspace(workspaceId, (transaction) => startOver(transaction, place, READ_AGAIN_DUE)),
  };
}

/** SQL assignments: nothing waits for a person any more. */
export const RELEASED = `held_at = NULL, held_vanishing = NULL, held_known = NULL, error_kind = NULL, error_message = NULL`;

async function startOver(transaction: Transaction, { connectionId, stream }: Place, when: string): Promise<boolean> {
  const released = await transaction.query<{ stream: string }>(
    `UPDATE stream_state SET cursor = NULL, complete = false, full_read_started_at = NULL, updated_at = now(), ${RELEASED}
     WHERE workspace_id = $1 AND connection_id = $2 AND stream = $3 AND held_at IS NOT NULL AND ${when}
     RETURNING stream`,
    [transaction.workspaceId, connectionId, stream],
  );
  return released.length > 0;
}

async function noteAcceptance(
  transaction: Transaction,
  { connectionId, stream }: { connectionId: ConnectionId; stream: string },
  actor: string,
  counts: Missing & { vanished: number },
): Promise<void> {
  const details = { stream, ...counts };
  await audit(transaction, { actor, action: "deletions.accepted", subject: connectionId, details });
}
