/** Sign-ins that somebody began: who for, from which browser, and how they ended. Of what travels only hashes are kept. */
import { hash, randomUUID } from "node:crypto";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Database } from "./database.ts";

export interface SignInRequest {
  connector: string;
  /** Which of the tool's ways to sign in. */
  way: string;
  /** Null: a new connection. Else the one that is signed in again. */
  connectionId: ConnectionId | null;
  name: string | null;
  baseUrl: string | null;
  requestsPerSecond: number | null;
  /** What the person said that no sign-in brings; no secrets. */
  given: Record<string, string>;
  /** The tool's own, for the connection; null: as they are, or the usual ones. No secrets. */
  settings: Record<string, unknown> | null;
  redirectUri: string;
  actor: string;
}

export interface SignInAttempt extends SignInRequest {
  workspaceId: WorkspaceId;
  signInId: string;
  expiresAt: Date;
  /** Null: no browser has opened it yet. */
  browserHash: Buffer | null;
  /** Null: under way. */
  outcome: "connected" | "refused" | null;
  says: unknown;
}

export interface SignInAttempts {
  /** @param ticket of the link that opens it */
  begin(
    workspaceId: WorkspaceId,
    request: SignInRequest & { ticket: string; at: Date; expiresAt: Date },
  ): Promise<string>;
  /** By the ticket of its link or by the state that the vendor sent back; null: there is none. */
  find(secret: string): Promise<SignInAttempt | null>;
  get(workspaceId: WorkspaceId, signInId: string): Promise<SignInAttempt | null>;
  /**
   * The first browser has it from then on, and may open it again; the state before is worth nothing then.
   * @returns false: another browser has it, or it is over
   */
  open(attempt: SignInAttempt, secrets: { browser: string; state: string }): Promise<boolean>;
  /** The state is used up. @returns false: it was already, or came from another browser */
  use(attempt: SignInAttempt, secrets: { browser: string; state: string }): Promise<boolean>;
  finish(attempt: SignInAttempt, outcome: "connected" | "refused", says: unknown): Promise<void>;
}

const ATTEMPT = `workspace_id AS "workspaceId", sign_in_id AS "signInId", connector, way, connection_id AS "connectionId", name,
  base_url AS "baseUrl", requests_per_second AS "requestsPerSecond", given, settings, redirect_uri AS "redirectUri", actor,
  expires_at AS "expiresAt", browser_hash AS "browserHash", outcome, says`;

export const hashOf = (secret: string): Buffer => hash("sha256", secret, "buffer");

export function createSignInAttempts(database: Database): SignInAttempts {
  const get: SignInAttempts["get"] = async (workspaceId, signInId) => {
    const [row] = await database.inWorkspace(workspaceId, (transaction) =>
      transaction.query<SignInAttempt>(`SELECT ${ATTEMPT} FROM sign_in WHERE workspace_id = $1 AND sign_in_id = $2`, [
        workspaceId,
        signInId,
      ]),
    );
    return row ?? null;
  };
  const change = async ({ workspaceId, signInId }: SignInAttempt, set: string, values: unknown[]): Promise<boolean> => {
    const changed = await database.inWorkspace(workspaceId, (transaction) =>
      transaction.query(`UPDATE sign_in SET ${set} RETURNING 1`, [workspaceId, signInId, ...values]),
    );
    return changed.length > 0;
  };

  return {
    get,

    begin: (workspaceId, request) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const signInId = randomUUID();
        // What ended a day ago nobody asks for any more.
        await transaction.query(
          "DELETE FROM sign_in WHERE workspace_id = $1 AND expires_at < $2::timestamptz - interval '1 day'",
          [workspaceId, request.at],
        );
        await transaction.query(
          `INSERT INTO sign_in (workspace_id, sign_in_id, connector, way, connection_id, name, base_url,
             requests_per_second, redirect_uri, actor, ticket_hash, created_at, expires_at, given, settings)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
          [
            ...[workspaceId, signInId, request.connector, request.way, request.connectionId, request.name],
            ...[request.baseUrl, request.requestsPerSecond, request.redirectUri, request.actor],
            ...[hashOf(request.ticket), request.at, request.expiresAt, JSON.stringify(request.given)],
            request.settings === null ? null : JSON.stringify(request.settings),
          ],
        );
        return signInId;
      }),

    async find(secret) {
      const { rows } = await database.pool.query<{ workspaceId: WorkspaceId; signInId: string }>(
        `SELECT workspace_id AS "workspaceId", sign_in_id AS "signInId" FROM sign_in_of($1)`,
        [hashOf(secret)],
      );
      const [row] = rows;
      return row === undefined ? null : get(row.workspaceId, row.signInId);
    },

    open: (attempt, { browser, state }) =>
      change(
        attempt,
        `browser_hash = $3, state_hash = $4
         WHERE workspace_id = $1 AND sign_in_id = $2 AND outcome IS NULL AND coalesce(browser_hash, $3) = $3`,
        [hashOf(browser), hashOf(state)],
      ),

    use: (attempt, { browser, state }) =>
      change(
        attempt,
        `state_hash = NULL WHERE workspace_id = $1 AND sign_in_id = $2 AND outcome IS NULL
           AND browser_hash = $3 AND state_hash = $4`,
        [hashOf(browser), hashOf(state)],
      ),

    async finish(attempt, outcome, says) {
      await change(
        attempt,
        "outcome = $3, says = $4, state_hash = NULL WHERE workspace_id = $1 AND sign_in_id = $2 AND outcome IS NULL",
        [outcome, JSON.stringify(says)],
      );
    },
  };
}
