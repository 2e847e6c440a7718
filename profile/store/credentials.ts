/** Vendor credentials at rest: keys that a person handed over, and the tokens of sign-ins. Encrypted, bound to their row. */
import { randomBytes } from "node:crypto";
import { tokens, type Tokens } from "#connectors/core/oauth/tokens.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { audit } from "./audit.ts";
import type { Database, Transaction } from "./database.ts";
import {
  currentKey,
  dropUnusedKeys,
  earlierKey,
  renewKeys,
  seal,
  unseal,
  unwrapped,
  whileKeysStay,
} from "./workspace-keys.ts";
import type { MasterKeys, Random } from "./workspace-keys.ts";

export type { MasterKeys } from "./workspace-keys.ts";

/** A sign-in at a vendor. */
export interface SignedIn {
  /** Which of the tool's ways to sign in. */
  way: string;
  tokens: Tokens;
  /** What the person granted. */
  scopes: string[];
  /** When the access token ends; null: not known, or never. */
  expiresAt: Date | null;
  refreshedAt: Date;
  /** When somebody has to see to it; null: nobody. */
  dueAt: Date | null;
}

/** `ended`: the vendor takes it no more. `revoking`: nobody uses it, and the vendor is yet to be told. */
export type SignInRowState = "live" | "ended" | "revoking";

export type Stored =
  | { kind: "key"; version: number; credentials: unknown }
  | ({ kind: "sign_in"; version: number; state: SignInRowState } & SignedIn);

/** What may be known without opening it. */
export interface SignInState {
  connectionId: ConnectionId;
  way: string;
  scopes: string[];
  expiresAt: Date | null;
  refreshedAt: Date | null;
}

export interface Held {
  stored: Stored | null;
  /** In the same transaction. @returns as it stands then */
  replace(signedIn: SignedIn): Promise<Extract<Stored, { kind: "sign_in" }>>;
  /** The vendor takes the sign-in no more: nobody asks again. */
  end(): Promise<void>;
  remove(): Promise<void>;
}

export interface Rotated {
  /** Workspace keys encrypted anew under the current master key. */
  rewrapped: number;
  /** Credentials encrypted anew. */
  resealed: number;
  /** Workspace keys that nothing needed any more. */
  dropped: number;
}

export interface CredentialStore {
  /** Keeps what a person handed over, in place of what was there. */
  put(workspaceId: WorkspaceId, connectionId: ConnectionId, credentials: unknown): Promise<void>;
  /** Keeps a new sign-in, in place of what was there. */
  putSignIn(workspaceId: WorkspaceId, connectionId: ConnectionId, signedIn: SignedIn): Promise<void>;
  /**
   * What there is, null when there is nothing.
   * @throws Error when the key is not configured, or the row was altered or belongs to another connection
   */
  read(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<Stored | null>;
  /** What a person handed over, for the connector's schema to parse; null when there is none. Throws as `read` does. */
  get(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<unknown>;
  /**
   * While `work` runs nobody else changes it, in whichever process. What `work` has replaced is kept when it returns, and is
   * not when it throws.
   */
  locked<T>(workspaceId: WorkspaceId, connectionId: ConnectionId, work: (held: Held) => Promise<T>): Promise<T>;
  /** Nobody uses the sign-in any more; it is kept, for so long at most, until the vendor knows. @returns false: there is none */
  startRevoking(
    workspaceId: WorkspaceId,
    connectionId: ConnectionId,
    tried: { from: Date; until: Date },
  ): Promise<boolean>;
  /** Sees to it later; null: never by itself. */
  postpone(workspaceId: WorkspaceId, connectionId: ConnectionId, dueAt: Date | null): Promise<void>;
  /** Sign-ins that somebody has to see to, in every workspace. */
  due(at: Date, most: number): Promise<{ workspaceId: WorkspaceId; connectionId: ConnectionId }[]>;
  /** Of one workspace. */
  signIns(workspaceId: WorkspaceId): Promise<SignInState[]>;
  /** Others that are signed in by one of these ways, in whichever workspace; null: at any account. */
  signedInBesides(
    ways: { connector: string; way: string }[],
    account: string | null,
    besides: ConnectionId,
  ): Promise<number>;
  /** Ids of the master keys that stored credentials need, of every workspace at once. */
  keysInUse(): Promise<string[]>;
  /** Everything under the current master key; `anew`: and under a new key of the workspace. Nothing waits for it but a refresh. */
  rotate(workspaceId: WorkspaceId, options: { anew: boolean; actor: string }): Promise<Rotated>;
  /** Forgets them; nothing happens where there are none. */
  remove(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<void>;
}

interface Row {
  connection_id: ConnectionId;
  kind: Stored["kind"];
  state: SignInRowState;
  version: number;
  key_id: string | null;
  nonce: Buffer;
  ciphertext: Buffer;
  way: string | null;
  scopes: string[];
  expires_at: Date | null;
  refreshed_at: Date | null;
  due_at: Date | null;
  key_no: number | null;
  master_key_id: string | null;
  key_nonce: Buffer | null;
  wrapped: Buffer | null;
}

const READ = `SELECT c.connection_id, c.kind, c.state, c.version, c.key_id, c.nonce, c.ciphertext, c.way, c.scopes,
    c.expires_at, c.refreshed_at, c.due_at, c.key_no, k.master_key_id, k.nonce AS key_nonce, k.wrapped
  FROM credential c LEFT JOIN workspace_key k ON k.workspace_id = c.workspace_id AND k.key_no = c.key_no
  WHERE c.workspace_id = $1`;
const ONE = `${READ} AND c.connection_id = $2`;

/** @param random where keys and nonces come from; 96 random bits do not repeat within the writes one key will see */
export function createCredentialStore(
  database: Database,
  keys: MasterKeys,
  random: Random = randomBytes,
): CredentialStore {
  const opened = (workspaceId: WorkspaceId, row: Row): Stored => {
    const plain = plainOf(keys, workspaceId, row);
    const { kind, version, state, way, scopes, expires_at: expiresAt, due_at: dueAt } = row;
    if (kind === "key") return { kind, version, credentials: plain };
    return {
      ...{ kind, version, state, way: way ?? "", scopes, expiresAt, dueAt, tokens: tokens.parse(plain) },
      refreshedAt: row.refreshed_at ?? new Date(0),
    };
  };

  /** Nobody changes keys meanwhile: `whileKeysStay` has been called. */
  const write = async (
    transaction: Transaction,
    connectionId: ConnectionId,
    what: { kind: "key"; credentials: unknown } | ({ kind: "sign_in" } & SignedIn),
  ): Promise<number> => {
    const { workspaceId } = transaction;
    const { keyNo, key } = await currentKey(transaction, keys, random);
    const plain = Buffer.from(JSON.stringify(what.kind === "key" ? what.credentials : what.tokens));
    const { nonce, ciphertext } = seal(key, placeOf(workspaceId, connectionId, what.kind, keyNo), plain, random);
    const about = what.kind === "key" ? null : what;
    const [row] = await transaction.query<{ version: number }>(
      `INSERT INTO credential AS c (workspace_id, connection_id, kind, key_id, key_no, nonce, ciphertext, way, scopes,
         expires_at, refreshed_at, due_at)
       VALUES ($1, $2, $3, NULL, $4, $5, $6, $7, $8, $9, $10, $11)
       ON CONFLICT (workspace_id, connection_id) DO UPDATE SET kind = excluded.kind, key_id = NULL,
         key_no = excluded.key_no, nonce = excluded.nonce, ciphertext = excluded.ciphertext, way = excluded.way,
         scopes = excluded.scopes, expires_at = excluded.expires_at, refreshed_at = excluded.refreshed_at,
         due_at = excluded.due_at, state = 'live', version = c.version + 1, updated_at = now()
       RETURNING version`,
      [
        ...[workspaceId, connectionId, what.kind, keyNo, nonce, ciphertext, about?.way ?? null, about?.scopes ?? []],
        ...[about?.expiresAt ?? null, about?.refreshedAt ?? null, about?.dueAt ?? null],
      ],
    );
    return row?.version ?? 0;
  };

  const reseal = async (transaction: Transaction, row: Row): Promise<void> => {
    const { workspaceId } = transaction;
    const { keyNo, key } = await currentKey(transaction, keys, random);
    const { connection_id: connectionId, kind, version } = row;
    const plain = Buffer.from(JSON.stringify(plainOf(keys, workspaceId, row)));
    const { nonce, ciphertext } = seal(key, placeOf(workspaceId, connectionId, kind, keyNo), plain, random);
    await transaction.query(
      `UPDATE credential SET key_id = NULL, key_no = $4, nonce = $5, ciphertext = $6
       WHERE workspace_id = $1 AND connection_id = $2 AND version = $3 AND nonce = $7`,
      [workspaceId, connectionId, version, keyNo, nonce, ciphertext, row.nonce],
    );
  };

  const read: CredentialStore["read"] = async (workspaceId, connectionId) => {
    const [row] = await database.inWorkspace(workspaceId, (transaction) =>
      transaction.query<Row>(ONE, [workspaceId, connectionId]),
    );
    if (row === undefined) return null;
    const stored = opened(workspaceId, row);
    // As 0.1.0 encrypted it: from now on as we do.
    if (row.key_id !== null)
      await database.inWorkspace(workspaceId, async (transaction) => {
        await whileKeysStay(transaction);
        await reseal(transaction, row);
      });
    return stored;
  };

  return {
    put: (workspaceId, connectionId, credentials) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        await whileKeysStay(transaction);
        await write(transaction, connectionId, { kind: "key", credentials });
      }),

    putSignIn: (workspaceId, connectionId, signedIn) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        await whileKeysStay(transaction);
        await write(transaction, connectionId, { kind: "sign_in", ...signedIn });
      }),

    read,

    async get(workspaceId, connectionId) {
      const stored = await read(workspaceId, connectionId);
      return stored?.kind === "key" ? stored.credentials : null;
    },

    locked: (workspaceId, connectionId, work) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        await whileKeysStay(transaction);
        const [row] = await transaction.query<Row>(`${ONE} FOR UPDATE OF c`, [workspaceId, connectionId]);
        return work({
          stored: row === undefined ? null : opened(workspaceId, row),
          replace: async (signedIn) => {
            const version = await write(transaction, connectionId, { kind: "sign_in", ...signedIn });
            return { kind: "sign_in", version, state: "live", ...signedIn };
          },
          end: async () => {
            await transaction.query(
              `UPDATE credential SET state = 'ended', due_at = NULL, version = version + 1
               WHERE workspace_id = $1 AND connection_id = $2`,
              [workspaceId, connectionId],
            );
          },
          remove: () => forget(transaction, connectionId),
        });
      }),

    async startRevoking(workspaceId, connectionId, { from, until }) {
      const changed = await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query(
          `UPDATE credential SET state = 'revoking', due_at = $3, expires_at = $4, version = version + 1
           WHERE workspace_id = $1 AND connection_id = $2 AND kind = 'sign_in' RETURNING 1`,
          [workspaceId, connectionId, from, until],
        ),
      );
      return changed.length > 0;
    },

    async postpone(workspaceId, connectionId, dueAt) {
      await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query("UPDATE credential SET due_at = $3 WHERE workspace_id = $1 AND connection_id = $2", [
          ...[workspaceId, connectionId, dueAt],
        ]),
      );
    },

    async due(at, most) {
      const { rows } = await database.pool.query<{ workspaceId: WorkspaceId; connectionId: ConnectionId }>(
        `SELECT workspace_id AS "workspaceId", connection_id AS "connectionId" FROM sign_ins_due($1, $2)`,
        [at, most],
      );
      return rows;
    },

    signIns: (workspaceId) =>
      database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<SignInState>(
          `SELECT connection_id AS "connectionId", way, scopes, expires_at AS "expiresAt", refreshed_at AS "refreshedAt"
           FROM credential WHERE workspace_id = $1 AND kind = 'sign_in' AND state = 'live'`,
          [workspaceId],
        ),
      ),

    async signedInBesides(ways, account, besides) {
      const { rows } = await database.pool.query<{ others: number }>("SELECT signed_in_besides($1, $2, $3) AS others", [
        ways.map(({ connector, way }) => `${connector} ${way}`),
        account,
        besides,
      ]);
      return rows[0]?.others ?? 0;
    },

    async keysInUse() {
      const { rows } = await database.pool.query<{ key_id: string }>(
        "SELECT key_id FROM credential_keys_in_use() AS key_id",
      );
      return rows.map(({ key_id }) => key_id);
    },

    rotate: (workspaceId, { anew, actor }) =>
      database.inWorkspace(workspaceId, async (transaction) => {
        const { rewrapped } = await renewKeys(transaction, keys, { anew, random });
        const { keyNo } = await currentKey(transaction, keys, random);
        const stale = await transaction.query<Row>(`${READ} AND c.key_no IS DISTINCT FROM $2 FOR UPDATE OF c`, [
          ...[workspaceId, keyNo],
        ]);
        for (const row of stale) await reseal(transaction, row);
        const done = { rewrapped, resealed: stale.length, dropped: await dropUnusedKeys(transaction) };
        if (anew || rewrapped + stale.length > 0)
          await audit(transaction, { actor, action: "keys.rotated", subject: workspaceId, details: { anew, ...done } });
        return done;
      }),

    async remove(workspaceId, connectionId) {
      await database.inWorkspace(workspaceId, (transaction) => forget(transaction, connectionId));
    },
  };
}

async function forget(transaction: Transaction, connectionId: ConnectionId): Promise<void> {
  await transaction.query("DELETE FROM credential WHERE workspace_id = $1 AND connection_id = $2", [
    ...[transaction.workspaceId, connectionId],
  ]);
}

/** @throws Error saying nothing of its content */
function plainOf(masters: MasterKeys, workspaceId: WorkspaceId, row: Row): unknown {
  const { connection_id: connectionId, kind, key_id: earlier } = row;
  const { key, place, name } =
    earlier === null
      ? { ...keyOf(masters, workspaceId, row), place: placeOf(workspaceId, connectionId, kind, row.key_no ?? 0) }
      : {
          key: earlierKey(masters, workspaceId, earlier),
          place: `${workspaceId}|${connectionId}|${earlier}`,
          name: earlier,
        };
  const plain = unseal(key, place, row);
  if (plain !== null) return JSON.parse(plain.toString("utf8"));
  throw new Error(
    `The stored credentials of connection ${connectionId} cannot be decrypted: they were altered, moved from ` +
      `another connection, or the key "${name}" is not the one they were encrypted under.`,
  );
}

function keyOf(masters: MasterKeys, workspaceId: WorkspaceId, row: Row): { key: Buffer; name: string } {
  const { key_no, master_key_id, key_nonce: nonce, wrapped } = row;
  if (key_no === null || master_key_id === null || nonce === null || wrapped === null)
    throw new Error(`The credentials of connection ${row.connection_id} have no key.`);
  const { key } = unwrapped(masters, workspaceId, { key_no, master_key_id, nonce, wrapped });
  return { key, name: String(key_no) };
}

/** Authenticated with the ciphertext, so that it opens in its own row only, and as what it is. */
function placeOf(workspaceId: WorkspaceId, connectionId: ConnectionId, kind: Stored["kind"], keyNo: number): string {
  return `${workspaceId}|${connectionId}|${kind}|${keyNo}`;
}
