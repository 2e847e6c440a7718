/** A process that needs access, as a worker does: prints the version it got. */
import { readMasterKeys } from "#config.ts";
import { createLogger } from "#logger.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";

const { DATABASE_URL = "", TRIBUTARY_KEY = "", WORKSPACE_ID = "", CONNECTION_ID = "" } = process.env;
const log = createLogger({ name: "test", level: "fatal" });
const masterKeys = readMasterKeys({ TRIBUTARY_KEY }, "");
const { dependencies, close } = createDependencies({ databaseUrl: DATABASE_URL, masterKeys }, log);
process.stdout.write("ready\n");
process.stdin.once("data", () => {
  void (async () => {
    const row = await dependencies.connections.get(WORKSPACE_ID as WorkspaceId, CONNECTION_ID as ConnectionId);
    const { version } = await dependencies.signIns.access(row);
    process.stdout.write(`version ${version}\n`);
    await close();
    process.exit(0);
  })();
});
