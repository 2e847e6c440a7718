import type { Database } from "#profile/store/database.ts";
import { readRejectReasons } from "#profile/store/views/health.ts";
import { createProfileViews } from "#profile/store/views/profile.ts";
import { createReader } from "#profile/store/views/read.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import type { ServerOptions } from "./server.ts";

/** What the pages read from, on one database. */
export function serverStores(
  dependencies: Dependencies,
  database: Database,
): Pick<ServerOptions, "stores" | "signIn" | "ping"> {
  return {
    signIn: dependencies,
    stores: {
      ...dependencies,
      views: createProfileViews(database),
      reader: createReader(database),
      rejectReasons: (workspaceId) => readRejectReasons(database, workspaceId),
    },
    ping: async () => {
      await database.pool.query("SELECT 1");
    },
  };
}
