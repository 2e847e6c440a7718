/**
 * One row must not stop a workspace. When a batch fails over its content, it is halved until the culprit is isolated; that
 * one is tried once more, then set aside with the reason, and the rest goes on. It is tried again when it changes or when
 * somebody asks.
 */
import { DatabaseError } from "pg";
import { ZodError } from "zod";
import type { ProfileId, RecordId, WorkspaceId } from "#profile/ids.ts";
import { among, listed } from "./among.ts";
import type { Database, Transaction } from "./database.ts";

export type Step = "identity" | "consent" | "scores";

/** What a batch has taken: a person record or a profile, and the mark up to which it is worked out. */
export interface Taken {
  id: RecordId | ProfileId;
  touchedSeq: number;
}

/** Called with what a batch picked before it works on it. */
export type Took = (rows: Taken[]) => void;

export interface SetAside {
  step: Step;
  subjectId: string;
  /** What went wrong, without any value of the row. */
  reason: string;
  since: Date;
}

/** This many are not bad rows but a bad program: then the step fails instead, and says so. */
const MOST = 100;

/** SQL per step: `leave` skips a row ($2: its id, $3: the mark it had), `retry` takes up again what is set aside. */
const MARKS: Record<Step, { leave: string; retry: string }> = {
  identity: {
    leave: "DELETE FROM unresolved WHERE workspace_id = $1 AND record_id = $2 AND touched_seq <= $3",
    retry: `INSERT INTO unresolved (workspace_id, record_id)
      SELECT workspace_id, subject_id FROM set_aside WHERE workspace_id = $1 AND step = $2 ORDER BY subject_id
      ON CONFLICT (workspace_id, record_id) DO UPDATE SET touched_seq = excluded.touched_seq, identified = false
      RETURNING 1 AS one`,
  },
  consent: marksOfProfile("consented_seq = $3, consent_due_at = NULL"),
  scores: marksOfProfile("scored_seq = $3, score_due_at = NULL"),
};

function marksOfProfile(mark: string): { leave: string; retry: string } {
  return {
    leave: `UPDATE profile SET ${mark} WHERE workspace_id = $1 AND profile_id = $2`,
    retry: `UPDATE profile SET touched_seq = nextval('change_seq') FROM set_aside
      WHERE profile.workspace_id = $1 AND set_aside.workspace_id = $1 AND step = $2 AND profile_id = subject_id
      RETURNING 1 AS one`,
  };
}

/**
 * Runs one batch in one transaction, a smaller one where the content of a row breaks it.
 *
 * @param work is to call `took` with what it picked before it works on it
 * @param nothing the result when a single row was set aside and nothing else done
 * @returns what `work` returned; with `more` when it was not the whole batch
 */
export async function settingAside<Batch extends { more: boolean }>(
  database: Database,
  { workspaceId, step, limit }: { workspaceId: WorkspaceId; step: Step; limit: number },
  nothing: Batch,
  work: (transaction: Transaction, limit: number, took: Took) => Promise<Batch>,
): Promise<Batch> {
  let failedAlone: Taken | undefined;
  for (let size = limit; ; size = Math.max(1, Math.floor(size / 2))) {
    let taken: Taken[] = [];
    try {
      const inOne = async (transaction: Transaction) => {
        const done = await work(transaction, size, (rows) => {
          taken = rows;
        });
        await forgive(
          transaction,
          step,
          taken.map(({ id }) => id),
        );
        return done;
      };
      // What is not settled keeps its mark.
      const batch = await database.inWorkspace(workspaceId, inOne, { durable: "soon" });
      return size === limit ? batch : { ...batch, more: true };
    } catch (error) {
      const [only] = taken;
      if (!isOverContent(error) || only === undefined) throw error;
      if (taken.length > 1) continue;
      if (failedAlone?.id === only.id) {
        await database.inWorkspace(workspaceId, (transaction) => setAside(transaction, step, only, error));
        return { ...nothing, more: true };
      }
      failedAlone = only;
    }
  }
}

/** Caused by what a row holds, as opposed to a server that is unreachable, full or busy. */
export function isOverContent(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(21|22|23|54)/.test(error.code ?? "");
  return (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof SyntaxError ||
    error instanceof ZodError
  );
}

/** Names kind and place of the fault, never a value: messages of databases and parsers quote them. */
function reasonOf(error: unknown): string {
  if (error instanceof DatabaseError) {
    const place = error.constraint ?? error.table ?? error.routine ?? "";
    return `The database refused the result (error ${error.code ?? "unknown"}${place === "" ? "" : `, ${place}`}).`;
  }
  if (error instanceof ZodError) {
    const where = error.issues.slice(0, 3).map((issue) => issue.path.join(".") || "the whole");
    return `What is stored cannot be read (${where.join(", ")}).`;
  }
  const name = error instanceof Error ? error.name : "Error";
  const frame = error instanceof Error ? /([\w.-]+\.ts:\d+)/.exec(error.stack ?? "")?.[1] : undefined;
  return `Computing it failed (${name}${frame === undefined ? "" : ` at ${frame}`}).`;
}

async function setAside(
  transaction: Transaction,
  step: Step,
  { id, touchedSeq }: Taken,
  error: unknown,
): Promise<void> {
  const [count] = await transaction.query<{ many: boolean }>(
    "SELECT count(*) >= $3 AS many FROM set_aside WHERE workspace_id = $1 AND step = $2",
    [transaction.workspaceId, step, MOST],
  );
  if (count?.many === true) throw error;
  await transaction.query(
    `INSERT INTO set_aside (workspace_id, step, subject_id, reason) VALUES ($1, $2, $3, $4)
     ON CONFLICT (workspace_id, step, subject_id) DO UPDATE SET reason = excluded.reason, since = now()`,
    [transaction.workspaceId, step, id, reasonOf(error)],
  );
  await transaction.query(MARKS[step].leave, [transaction.workspaceId, id, touchedSeq]);
  // What could not be worked out is not known: an answer from before must not stand for a yes.
  if (step === "consent")
    await transaction.query("DELETE FROM consent_state WHERE workspace_id = $1 AND profile_id = $2", [
      transaction.workspaceId,
      id,
    ]);
}

/** Worked out this time: no longer set aside. Few ever are, so those are read first. */
export async function forgive(transaction: Transaction, step: Step, taken: readonly Taken["id"][]): Promise<void> {
  if (taken.length === 0) return;
  const aside = await transaction.query<{ id: Taken["id"] }>(
    "SELECT subject_id AS id FROM set_aside WHERE workspace_id = $1 AND step = $2",
    [transaction.workspaceId, step],
  );
  if (aside.length === 0) return;
  const done = new Set(taken);
  const forgiven = aside.flatMap(({ id }) => (done.has(id) ? [id] : []));
  if (forgiven.length === 0) return;
  await transaction.query(`DELETE FROM set_aside WHERE workspace_id = $1 AND step = $2 AND subject_id ${among("$3")}`, [
    transaction.workspaceId,
    step,
    listed(forgiven),
  ]);
}

export function createSetAsideStore(database: Database) {
  return {
    list: (workspaceId: WorkspaceId): Promise<SetAside[]> =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<SetAside>(
          `SELECT step, subject_id AS "subjectId", reason, since FROM set_aside WHERE workspace_id = $1
           ORDER BY since, step, subject_id`,
          [workspaceId],
        ),
      ),

    /** The next refresh tries all of them again. @returns how many */
    retry: (workspaceId: WorkspaceId): Promise<number> =>
      database.inWorkspace(workspaceId, async (transaction) => {
        let retried = 0;
        for (const [step, { retry }] of Object.entries(MARKS)) {
          const rows = await transaction.query(retry, [workspaceId, step]);
          retried += rows.length;
        }
        return retried;
      }),
  };
}

export type SetAsideStore = ReturnType<typeof createSetAsideStore>;
