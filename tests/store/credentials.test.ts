import { randomBytes } from "node:crypto";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { ConnectionId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createCredentialStore, type MasterKeys } from "#profile/store/credentials.ts";
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
    `INSERT INTO credential (workspace_id, connection_id, key_id, nonce, ciphertext)
     SELECT workspace_id, $1, key_id, nonce, ciphertext FROM credential WHERE connection_id = $2`,
    [b, a],
  );
  await expect(store.get(test.workspaceId, b)).rejects.toThrow("cannot be decrypted");
  await owner.query("UPDATE credential SET ciphertext = set_byte(ciphertext, 3, get_byte(ciphertext, 3) # 1)");
  const failure = await store.get(test.workspaceId, a).catch((error: Error) => error.message);
  expect(failure).toContain("altered");
  expect(failure).not.toContain("secret");
});

it("opens what an earlier key closed while that key is configured, and names the key when it is not", async () => {
  await createCredentialStore(test.database, { current: "2025", keys: new Map([["2025", old]]) }).put(
    test.workspaceId,
    a,
    secret,
  );
  expect(await createCredentialStore(test.database, keys).get(test.workspaceId, a)).toEqual(secret);
  const without = createCredentialStore(test.database, { current: "2026", keys: new Map([["2026", randomBytes(32)]]) });
  await expect(without.get(test.workspaceId, a)).rejects.toThrow('the key "2025", which is not configured');
});
