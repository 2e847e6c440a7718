/** A fresh, migrated database on a Postgres of its own, gone afterwards. */
import { migrate } from "#prisma/migrate.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { openDatabase, type Database } from "#profile/store/database.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { startPostgres } from "#stack/postgres/server.ts";

export interface Scratch {
  database: Database;
  workspaceId: WorkspaceId;
  connectionId: ConnectionId;
  /** As superuser. */
  ownerUrl: string;
}

/** The server is the one `npm start` uses, but does not wait for the disk (no fsync): figures are of the work, not of the disk. */
export async function withScratch<T>(work: (scratch: Scratch) => Promise<T>): Promise<T> {
  const server = await startPostgres({ ephemeral: true });
  try {
    const { appUrl } = await migrate(server.ownerUrl);
    const database = openDatabase(appUrl, { max: 4, applicationName: "bench" });
    try {
      const connections = createConnectionStore(database);
      const { workspaceId } = await connections.createWorkspace({
        slug: "bench",
        name: "Bench",
        defaultCountry: "GB",
        currency: "GBP",
        timeZone: "Europe/London",
      });
      const { connectionId } = await connections.upsertConnection(
        workspaceId,
        { connector: "hubspot", name: "bench" },
        "bench",
      );
      return await work({ database, workspaceId, connectionId, ownerUrl: server.ownerUrl });
    } finally {
      await database.close();
    }
  } finally {
    await server.stop();
  }
}
