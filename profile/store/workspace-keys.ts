/**
 * The keys that credentials are encrypted under: each workspace has its own, which is stored encrypted under a master key of
 * the operator's configuration. So a master key can be changed without touching a credential (docs/decisions/021-keys.md).
 */
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from "node:crypto";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Transaction } from "./database.ts";

/** 32-byte keys from the operator's configuration, by id. Old ones stay until everything is encrypted under `current`. */
export interface MasterKeys {
  current: string;
  keys: Map<string, Buffer>;
}

export type Random = (bytes: number) => Buffer;

export interface Sealed {
  nonce: Buffer;
  /** With the tag behind it. */
  ciphertext: Buffer;
}

export interface WorkspaceKey {
  keyNo: number;
  key: Buffer;
}

const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** AES-256-GCM. `place`: authenticated with it, so that it opens there only. */
export function seal(key: Buffer, place: string, plain: Buffer, random: Random = randomBytes): Sealed {
  const nonce = random(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(Buffer.from(place));
  return { nonce, ciphertext: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

/** @returns null when it was altered, comes from another place, or the key is another */
export function unseal(key: Buffer, place: string, { nonce, ciphertext }: Sealed): Buffer | null {
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
    decipher.setAAD(Buffer.from(place));
    decipher.setAuthTag(ciphertext.subarray(-TAG_BYTES));
    return Buffer.concat([decipher.update(ciphertext.subarray(0, -TAG_BYTES)), decipher.final()]);
  } catch {
    // The cause says nothing more.
    return null;
  }
}

/** The one that credentials of 0.1.0 were encrypted under. */
export function earlierKey(masters: MasterKeys, workspaceId: WorkspaceId, masterId: string): Buffer {
  return Buffer.from(hkdfSync("sha256", masterKey(masters, masterId), workspaceId, "tributary credential", KEY_BYTES));
}

function masterKey({ keys }: MasterKeys, id: string): Buffer {
  const master = keys.get(id);
  if (master === undefined)
    throw new Error(`These credentials are encrypted under the key "${id}", which is not configured.`);
  if (master.length !== KEY_BYTES) throw new Error(`The master key "${id}" must have 32 bytes.`);
  return master;
}

/** Whoever encrypts and whoever changes keys take turns; reading needs neither. Before any row is locked. */
export async function whileKeysStay(transaction: Transaction): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock_shared(hashtextextended($1, 0))", [lockOf(transaction)]);
}

async function whileNobodyEncrypts(transaction: Transaction): Promise<void> {
  await transaction.query("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [lockOf(transaction)]);
}

const lockOf = ({ workspaceId }: Transaction): string => `workspace key ${workspaceId}`;

export interface KeyRow {
  key_no: number;
  master_key_id: string;
  nonce: Buffer;
  wrapped: Buffer;
}

/** @throws Error when the master key is not configured, or the row was altered */
export function unwrapped(masters: MasterKeys, workspaceId: WorkspaceId, row: KeyRow): WorkspaceKey {
  const { key_no: keyNo, master_key_id: masterId, nonce, wrapped } = row;
  const master = wrappingKey(masters, masterId);
  const key = unseal(master, placeOf(workspaceId, keyNo, masterId), { nonce, ciphertext: wrapped });
  if (key !== null) return { keyNo, key };
  throw new Error(
    `The key of workspace ${workspaceId} cannot be decrypted: it was altered, or the key "${masterId}" is not the one it was encrypted under.`,
  );
}

/** The master key itself encrypts nothing, so that each use of it has a key of its own. */
const wrappingKey = (masters: MasterKeys, id: string): Buffer =>
  Buffer.from(hkdfSync("sha256", masterKey(masters, id), Buffer.alloc(0), "tributary workspace key", KEY_BYTES));

const placeOf = (workspaceId: WorkspaceId, keyNo: number, masterId: string): string =>
  `${workspaceId}|${keyNo}|${masterId}`;

const KEYS =
  "SELECT key_no, master_key_id, nonce, wrapped FROM workspace_key WHERE workspace_id = $1 ORDER BY key_no DESC";

/** The key to encrypt under, made when there is none. `whileKeysStay` has been called. */
export async function currentKey(
  transaction: Transaction,
  masters: MasterKeys,
  random: Random = randomBytes,
): Promise<WorkspaceKey> {
  const { workspaceId } = transaction;
  const newest = () => transaction.query<KeyRow>(`${KEYS} LIMIT 1`, [workspaceId]);
  let [row] = await newest();
  if (row === undefined) {
    await add(transaction, masters, 1, random);
    // Somebody else may have made it first.
    [row] = await newest();
  }
  if (row === undefined) throw new Error("The database did not keep the workspace's key.");
  return unwrapped(masters, workspaceId, row);
}

async function add(transaction: Transaction, masters: MasterKeys, keyNo: number, random: Random): Promise<void> {
  await store(transaction, masters, { keyNo, key: random(KEY_BYTES) }, random);
}

async function store(
  transaction: Transaction,
  masters: MasterKeys,
  { keyNo, key }: WorkspaceKey,
  random: Random,
  conflict = "DO NOTHING",
): Promise<void> {
  const { workspaceId } = transaction;
  const masterId = masters.current;
  const sealed = seal(wrappingKey(masters, masterId), placeOf(workspaceId, keyNo, masterId), key, random);
  await transaction.query(
    `INSERT INTO workspace_key (workspace_id, key_no, master_key_id, nonce, wrapped) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (workspace_id, key_no) ${conflict}`,
    [workspaceId, keyNo, masterId, sealed.nonce, sealed.ciphertext],
  );
}

/**
 * Makes the workspace's keys ready for a change, in whose transaction nobody else encrypts: all encrypted under the current
 * master key, and a new one in front where asked for.
 *
 * @returns how many were encrypted anew
 */
export async function renewKeys(
  transaction: Transaction,
  masters: MasterKeys,
  { anew, random = randomBytes }: { anew: boolean; random?: Random },
): Promise<{ rewrapped: number }> {
  await whileNobodyEncrypts(transaction);
  const rows = await transaction.query<KeyRow>(KEYS, [transaction.workspaceId]);
  await rewrapHashingKey(transaction, masters, random);
  const stale = rows.filter(({ master_key_id: id }) => id !== masters.current);
  const replace =
    "DO UPDATE SET master_key_id = excluded.master_key_id, nonce = excluded.nonce, wrapped = excluded.wrapped";
  for (const row of stale)
    await store(transaction, masters, unwrapped(masters, transaction.workspaceId, row), random, replace);
  if (anew) await add(transaction, masters, (rows[0]?.key_no ?? 0) + 1, random);
  return { rewrapped: stale.length };
}

const HASHING = "tributary hashing key";

/**
 * The key that numbers of persons are hashed with, made when there is none. Unlike the others it is never replaced: what was
 * hashed under it could not be compared any more.
 */
export async function hashingKey(
  transaction: Transaction,
  masters: MasterKeys,
  random: Random = randomBytes,
): Promise<Buffer> {
  const known = await readHashingKey(transaction, masters);
  if (known !== null) return known;
  await storeHashingKey(transaction, masters, random(KEY_BYTES), random, "DO NOTHING");
  // Somebody else may have made it first.
  const made = await readHashingKey(transaction, masters);
  if (made === null) throw new Error("The database did not keep the workspace's hashing key.");
  return made;
}

async function readHashingKey(transaction: Transaction, masters: MasterKeys): Promise<Buffer | null> {
  const { workspaceId } = transaction;
  const [row] = await transaction.query<Omit<KeyRow, "key_no">>(
    "SELECT master_key_id, nonce, wrapped FROM hashing_key WHERE workspace_id = $1",
    [workspaceId],
  );
  if (row === undefined) return null;
  const { master_key_id: masterId, nonce, wrapped } = row;
  const place = `${workspaceId}|${HASHING}|${masterId}`;
  const key = unseal(wrappingKey(masters, masterId), place, { nonce, ciphertext: wrapped });
  if (key === null)
    throw new Error(
      `The hashing key of workspace ${workspaceId} cannot be decrypted: it was altered, or the key "${masterId}" is not the one it was encrypted under.`,
    );
  return key;
}

async function storeHashingKey(
  { workspaceId, query }: Transaction,
  masters: MasterKeys,
  key: Buffer,
  random: Random,
  conflict: string,
): Promise<void> {
  const masterId = masters.current;
  const sealed = seal(wrappingKey(masters, masterId), `${workspaceId}|${HASHING}|${masterId}`, key, random);
  await query(
    `INSERT INTO hashing_key (workspace_id, master_key_id, nonce, wrapped) VALUES ($1, $2, $3, $4)
     ON CONFLICT (workspace_id) ${conflict}`,
    [workspaceId, masterId, sealed.nonce, sealed.ciphertext],
  );
}

async function rewrapHashingKey(transaction: Transaction, masters: MasterKeys, random: Random): Promise<void> {
  const key = await readHashingKey(transaction, masters);
  if (key === null) return;
  const update =
    "DO UPDATE SET master_key_id = excluded.master_key_id, nonce = excluded.nonce, wrapped = excluded.wrapped";
  await storeHashingKey(transaction, masters, key, random, update);
}

/** After everything was encrypted under the newest. @returns how many are gone */
export async function dropUnusedKeys(transaction: Transaction): Promise<number> {
  const gone = await transaction.query(
    `DELETE FROM workspace_key k WHERE workspace_id = $1
       AND key_no < (SELECT max(key_no) FROM workspace_key WHERE workspace_id = $1)
       AND NOT EXISTS (SELECT FROM credential c WHERE c.workspace_id = k.workspace_id AND c.key_no = k.key_no)
     RETURNING key_no`,
    [transaction.workspaceId],
  );
  return gone.length;
}
