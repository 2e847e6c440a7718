/** A database for the file and, in it, a connection of its own for each test. */
import { Client } from "pg";
import { afterAll, beforeAll, beforeEach } from "vitest";
import type { ConnectionId } from "#profile/ids.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createIngestStore, type IngestStore } from "#profile/store/ingest/store.ts";
import { createTestDatabase, type TestDatabase } from "./database.ts";

export let test: TestDatabase;
/** As superuser; for arranging and looking. */
export let owner: Client;
export let ingest: IngestStore;
export let connectionId: ConnectionId;
export let connectionName: string;
let serial = 0;

/** Registers the hooks; the exported variables are set before each test. */
export function useConnection(connector: string): void {
  beforeAll(async () => {
    test = await createTestDatabase();
    owner = new Client({ connectionString: test.ownerUrl });
    await owner.connect();
    ingest = createIngestStore(test.database);
  });
  afterAll(async () => {
    await owner.end();
    await test.drop();
  });
  beforeEach(async () => {
    connectionName = `connection ${(serial += 1)}`;
    const connection = { connector, name: connectionName };
    ({ connectionId } = await createConnectionStore(test.database).upsertConnection(test.workspaceId, connection, "t"));
  });
}
