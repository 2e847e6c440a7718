/** A database as release 0.1.0 left it: by its one migration alone, without the code of today. */
import { readFile } from "node:fs/promises";
import type { Client } from "pg";

const FILE = new URL("../../prisma/migrations/0001_first/migration.sql", import.meta.url);
const CHECKSUM = "439dad87cae217543ce2fc074ef892239179f2214fc441074507ea78f1172016";

/** What its migrator did, as it stood in that release. */
export async function installRelease010(owner: Client): Promise<void> {
  await owner.query(`CREATE TABLE _prisma_migrations (
    id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz,
    migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz,
    started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0)`);
  await owner.query("BEGIN");
  await owner.query(await readFile(FILE, "utf8"));
  await owner.query(
    `INSERT INTO _prisma_migrations (id, checksum, migration_name, finished_at, applied_steps_count)
     VALUES (gen_random_uuid(), $1, '0001_first', now(), 1)`,
    [CHECKSUM],
  );
  await owner.query("COMMIT");
}
