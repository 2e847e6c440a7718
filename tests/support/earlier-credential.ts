/** A credential as release 0.1.0 stored it: under a key derived from the master key, which its row names. */
import { createCipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { Client } from "pg";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";

export async function storeAsEarlier(
  owner: Client,
  place: { workspaceId: WorkspaceId; connectionId: ConnectionId },
  master: { id: string; key: Buffer },
  credentials: unknown,
): Promise<void> {
  const { workspaceId, connectionId } = place;
  const key = Buffer.from(hkdfSync("sha256", master.key, workspaceId, "tributary credential", 32));
  const nonce = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(`${workspaceId}|${connectionId}|${master.id}`));
  const plain = JSON.stringify(credentials);
  const ciphertext = Buffer.concat([cipher.update(plain, "utf8"), cipher.final(), cipher.getAuthTag()]);
  await owner.query("DELETE FROM credential WHERE connection_id = $1", [connectionId]);
  await owner.query(
    "INSERT INTO credential (workspace_id, connection_id, key_id, nonce, ciphertext) VALUES ($1, $2, $3, $4, $5)",
    [workspaceId, connectionId, master.id, nonce, ciphertext],
  );
}
