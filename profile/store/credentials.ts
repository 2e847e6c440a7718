/** Vendor credentials at rest: AES-256-GCM under a key per workspace, bound to the row they belong to. */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { Database } from "./database.ts";

/** 32-byte keys from the operator's configuration, by id. Old ones stay until everything is encrypted under `current`. */
export interface MasterKeys {
  current: string;
  keys: Map<string, Buffer>;
}

export interface CredentialStore {
  /** Encrypts under the current key and replaces what was there. */
  put(workspaceId: WorkspaceId, connectionId: ConnectionId, credentials: unknown): Promise<void>;
  /**
   * What was put, for the connector's schema to parse; null when there is nothing.
   * @throws Error when the key is not configured, or the row was altered or belongs to another connection
   */
  get(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<unknown>;
  /** Ids of the keys that stored credentials are encrypted under, of every workspace at once. */
  keysInUse(): Promise<string[]>;
  /** Forgets them; nothing happens where there are none. */
  remove(workspaceId: WorkspaceId, connectionId: ConnectionId): Promise<void>;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** @param random where nonces come from; 96 random bits do not repeat within the writes one workspace's key will see */
export function createCredentialStore(
  database: Database,
  keys: MasterKeys,
  random: (bytes: number) => Buffer = randomBytes,
): CredentialStore {
  /** One key per workspace, so that one leaked key opens one workspace. */
  const keyOf = (workspaceId: WorkspaceId, keyId: string): Buffer => {
    const master = keys.keys.get(keyId);
    if (master === undefined) {
      throw new Error(`These credentials are encrypted under the key "${keyId}", which is not configured.`);
    }
    if (master.length !== 32) throw new Error(`The master key "${keyId}" must have 32 bytes.`);
    return Buffer.from(hkdfSync("sha256", master, workspaceId, "tributary credential", 32));
  };
  return {
    async put(workspaceId, connectionId, credentials) {
      const nonce = random(NONCE_BYTES);
      const cipher = createCipheriv("aes-256-gcm", keyOf(workspaceId, keys.current), nonce);
      cipher.setAAD(placeOf(workspaceId, connectionId, keys.current));
      const plain = JSON.stringify(credentials);
      const ciphertext = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
      await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query(
          `INSERT INTO credential (workspace_id, connection_id, key_id, nonce, ciphertext) VALUES ($1, $2, $3, $4, $5)
           ON CONFLICT (workspace_id, connection_id) DO UPDATE SET
             key_id = excluded.key_id, nonce = excluded.nonce, ciphertext = excluded.ciphertext, updated_at = now()`,
          [workspaceId, connectionId, keys.current, nonce, ciphertext],
        ),
      );
    },

    async get(workspaceId, connectionId) {
      const [row] = await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<{ key_id: string; nonce: Buffer; ciphertext: Buffer }>(
          "SELECT key_id, nonce, ciphertext FROM credential WHERE workspace_id = $1 AND connection_id = $2",
          [workspaceId, connectionId],
        ),
      );
      if (row === undefined) return null;
      const decipher = createDecipheriv("aes-256-gcm", keyOf(workspaceId, row.key_id), row.nonce, {
        authTagLength: TAG_BYTES,
      });
      decipher.setAAD(placeOf(workspaceId, connectionId, row.key_id));
      decipher.setAuthTag(row.ciphertext.subarray(-TAG_BYTES));
      try {
        const plain = Buffer.concat([decipher.update(row.ciphertext.subarray(0, -TAG_BYTES)), decipher.final()]);
        return JSON.parse(plain.toString("utf8"));
      } catch {
        // The cause says nothing more, and a parser's message could quote the secret.
        throw new Error(
          `The stored credentials of connection ${connectionId} cannot be decrypted: they were altered, moved from ` +
            `another connection, or the key "${row.key_id}" is not the one they were encrypted under.`,
        );
      }
    },

    async keysInUse() {
      const { rows } = await database.pool.query<{ key_id: string }>(
        "SELECT key_id FROM credential_keys_in_use() AS key_id",
      );
      return rows.map(({ key_id }) => key_id);
    },

    async remove(workspaceId, connectionId) {
      await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query("DELETE FROM credential WHERE workspace_id = $1 AND connection_id = $2", [
          workspaceId,
          connectionId,
        ]),
      );
    },
  };
}

/** Authenticated with the ciphertext, so that it opens in its own row only. */
function placeOf(workspaceId: WorkspaceId, connectionId: ConnectionId, keyId: string): Buffer {
  return Buffer.from(`${workspaceId}|${connectionId}|${keyId}`);
}
