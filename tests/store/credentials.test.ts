import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ConnectionId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createCredentialStore, type MasterKeys } from "#profile/store/credentials.ts";
import { storeAsEarlier } from "#tests/support/earlier-credential.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

const old = randomBytes(32);
const keys: MasterKeys = {
  current: "2026",
  keys: new Map([
    ["2026", randomBytes(32)],
    ["2025", old],
  ]),
};
const secret = { accessToken: "pat-very-secret" };

let test: TestDatabase;
let owner: Client;
let a: ConnectionId;
let b: ConnectionId;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  const connections = createConnectionStore(test.database);
  const make = (name: string) => connections.upsertConnection(test.workspaceId, { connector: "hubspot", name }, "t");
  [a, b] = [(await make("a")).connectionId, (await make("b")).connectionId];
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

it("gives back what was put and nothing where nothing was put", async () => {
  const store = createCredentialStore(test.database, keys);
  await store.put(test.workspaceId, a, { accessToken: "earlier" });
  await store.put(test.workspaceId, a, secret);
  expect(await store.get(test.workspaceId, a)).toEqual(secret);
  expect(await store.get(test.workspaceId, b)).toBeNull();
});

it("stores no readable part of the secret and never the same bytes twice", async () => {
  const store = createCredentialStore(test.database, keys);
  const stored = async () => {
    await store.put(test.workspaceId, a, secret);
    const { rows } = await owner.query<{ nonce: Buffer; ciphertext: Buffer }>(
      "SELECT nonce, ciphertext FROM credential",
    );
    return rows[0];
  };
  const [first, second] = [await stored(), await stored()];
  expect(first?.ciphertext.includes("secret")).toBe(false);
  expect(first?.ciphertext.equals(second?.ciphertext ?? Buffer.of())).toBe(false);
  expect(first?.nonce.equals(second?.nonce ?? Buffer.of())).toBe(false);
});

it("refuses credentials that were moved to another connection or altered, and says nothing of their content", async () => {
  const store = createCredentialStore(test.database, keys);
  await store.put(test.workspaceId, a, secret);
  await owner.query(
    `INSERT INTO credential (workspace_id, connection_id, key_no, nonce, ciphertext)
     SELECT workspace_id, $1, key_no, nonce, ciphertext FROM credential WHERE connection_id = $2`,
    [b, a],
  );
  await expect(store.get(test.workspaceId, b)).rejects.toThrow("cannot be decrypted");
  await owner.query("UPDATE credential SET ciphertext = set_byte(ciphertext, 3, get_byte(ciphertext, 3) # 1)");
  const failure = await store.get(test.workspaceId, a).catch((error: Error) => error.message);
  expect(failure).toContain("altered");
  expect(failure).not.toContain("secret");
});

it("does not take the tokens of a sign-in for a key, nor the other way round", async () => {
  const store = createCredentialStore(test.database, keys);
  await store.put(test.workspaceId, a, secret);
  await owner.query("UPDATE credential SET kind = 'sign_in', way = 'app' WHERE connection_id = $1", [a]);
  await expect(store.read(test.workspaceId, a)).rejects.toThrow("cannot be decrypted");
});

it("reads what release 0.1.0 stored, and from then on keeps it under the workspace's own key", async () => {
  const store = createCredentialStore(test.database, keys);
  await storeAsEarlier(owner, { workspaceId: test.workspaceId, connectionId: a }, { id: "2025", key: old }, secret);
  expect(await store.keysInUse()).toContain("2025");
  expect(await store.get(test.workspaceId, a)).toEqual(secret);
  const { rows } = await owner.query("SELECT key_id, key_no FROM credential WHERE connection_id = $1", [a]);
  expect(rows).toEqual([{ key_id: null, key_no: 1 }]);
  expect(await store.keysInUse()).toEqual(["2026"]);
  expect(await store.get(test.workspaceId, a)).toEqual(secret);
});

it("names the master key that is not configured", async () => {
  await createCredentialStore(test.database, keys).put(test.workspaceId, a, secret);
  const other = { current: "2027", keys: new Map([["2027", randomBytes(32)]]) };
  const without = createCredentialStore(test.database, other);
  await expect(without.get(test.workspaceId, a)).rejects.toThrow('the key "2026", which is not configured');
  await storeAsEarlier(owner, { workspaceId: test.workspaceId, connectionId: a }, { id: "2025", key: old }, secret);
  await expect(without.get(test.workspaceId, a)).rejects.toThrow('the key "2025", which is not configured');
});

it("says when a workspace's key was altered, or belongs to another workspace", async () => {
  const store = createCredentialStore(test.database, keys);
  await store.put(test.workspaceId, a, secret);
  await owner.query("UPDATE workspace_key SET wrapped = set_byte(wrapped, 3, get_byte(wrapped, 3) # 1)");
  await expect(store.get(test.workspaceId, a)).rejects.toThrow("The key of workspace");
  await owner.query("UPDATE workspace_key SET wrapped = set_byte(wrapped, 3, get_byte(wrapped, 3) # 1)");
  expect(await store.get(test.workspaceId, a)).toEqual(secret);
});

describe("changing keys", () => {
  const next: MasterKeys = { current: "2027", keys: new Map([["2027", randomBytes(32)], ...keys.keys]) };
  const rows = async () =>
    (await owner.query("SELECT key_id, key_no, ciphertext FROM credential ORDER BY connection_id")).rows;

  it("changes the master key without touching what was encrypted, and the one before is needed no more", async () => {
    const store = createCredentialStore(test.database, keys);
    await store.put(test.workspaceId, a, secret);
    await store.put(test.workspaceId, b, { accessToken: "another" });
    const before = await rows();
    const renewed = createCredentialStore(test.database, next);
    const done = await renewed.rotate(test.workspaceId, { anew: false, actor: "t" });
    expect(done).toEqual({ rewrapped: 1, resealed: 0, dropped: 0 });
    expect(await rows()).toEqual(before);
    expect(await renewed.keysInUse()).toEqual(["2027"]);
    const alone = { current: "2027", keys: new Map([["2027", next.keys.get("2027") ?? Buffer.of()]]) };
    expect(await createCredentialStore(test.database, alone).get(test.workspaceId, a)).toEqual(secret);
    expect(await renewed.rotate(test.workspaceId, { anew: false, actor: "t" })).toMatchObject({ rewrapped: 0 });
  });

  it("gives a workspace a new key, encrypts everything under it and destroys the one before", async () => {
    const store = createCredentialStore(test.database, next);
    await storeAsEarlier(owner, { workspaceId: test.workspaceId, connectionId: b }, { id: "2025", key: old }, secret);
    const before = await rows();
    const done = await store.rotate(test.workspaceId, { anew: true, actor: "t" });
    expect(done).toEqual({ rewrapped: 0, resealed: 2, dropped: 1 });
    const after = await rows();
    for (const [n, row] of after.entries()) expect(row.ciphertext.equals(before[n].ciphertext)).toBe(false);
    expect(after.map(({ key_id, key_no }) => [key_id, key_no])).toEqual([
      [null, 2],
      [null, 2],
    ]);
    for (const connection of [a, b]) expect(await store.get(test.workspaceId, connection)).toEqual(secret);
    const { rows: kept } = await owner.query("SELECT key_no FROM workspace_key");
    expect(kept).toEqual([{ key_no: 2 }]);
    const { rows: audited } = await owner.query("SELECT details FROM audit_log WHERE action = 'keys.rotated'");
    expect(audited.at(-1)).toEqual({ details: { anew: true, ...done } });
  });

  it("waits for nobody who reads, and loses nothing of what is written meanwhile", async () => {
    const store = createCredentialStore(test.database, next);
    await store.put(test.workspaceId, a, { n: 0 });
    const wrote = { n: 0 };
    const busy = async () => {
      for (let n = 1; n <= 20; n += 1) {
        await store.put(test.workspaceId, a, { n });
        wrote.n = n;
        expect(await store.get(test.workspaceId, a)).toEqual({ n });
      }
    };
    const change = async () => {
      while (wrote.n < 20) await store.rotate(test.workspaceId, { anew: true, actor: "t" });
    };
    await Promise.all([busy(), change(), change()]);
    expect(await store.get(test.workspaceId, a)).toEqual({ n: 20 });
    expect(await store.get(test.workspaceId, b)).toEqual(secret);
  });
});
