/** A process of its own that holds a Postgres: `hold-postgres.ts FOLDER`. Says where it is, and lets go on SIGTERM. */
import { startPostgres } from "#stack/postgres/server.ts";

const [dataDir] = process.argv.slice(2);
if (dataDir === undefined) throw new Error("Name a folder.");
const postgres = await startPostgres({ dataDir });
process.stdout.write(`${JSON.stringify({ ownerUrl: postgres.ownerUrl, pid: postgres.pid })}\n`);
const alive = setInterval(() => undefined, 60_000);
process.once("SIGTERM", () => {
  clearInterval(alive);
  void postgres.stop();
});
