/**
 * `npm run restore -- FILE`: a backup into an empty database, upgraded to this release.
 *
 * Into the database of DATABASE_OWNER_URL, the application's role and password as DATABASE_URL says; without it into the
 * embedded Postgres of a data directory that has none yet, where `npm start` then goes on.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { ConfigError, parseEnvironment, type Environment } from "#config.ts";
import { restore, type Restored } from "#prisma/backup/restore.ts";
import { openDataDir } from "./data-dir.ts";
import { clusterFolderOf } from "./postgres/cluster.ts";
import { startPostgres } from "./postgres/server.ts";
import { reasonOf } from "./stack-error.ts";

try {
  const [file, ...others] = process.argv.slice(2);
  if (file === undefined || others.length > 0) throw new ConfigError("Say which: `npm run restore -- FILE`.");
  const path = resolve(file);
  if (!existsSync(path)) throw new ConfigError(`There is no file ${path}.`);
  const environment = parseEnvironment();
  const { DATABASE_OWNER_URL, DATABASE_URL } = environment;
  if (DATABASE_OWNER_URL !== undefined) {
    report(await restore(DATABASE_OWNER_URL, path, DATABASE_URL === undefined ? {} : { appUrl: DATABASE_URL }));
  } else if (DATABASE_URL !== undefined) {
    throw new ConfigError("Set DATABASE_OWNER_URL as well: a backup is restored by the schema's owner.");
  } else {
    report(await restoreEmbedded(environment, path));
  }
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
}

async function restoreEmbedded(environment: Environment, path: string): Promise<Restored> {
  const dataDir = openDataDir(environment);
  try {
    if (existsSync(clusterFolderOf(dataDir.path))) {
      throw new ConfigError(
        `There is a database in ${dataDir.path} already: set TRIBUTARY_DATA_DIR to a new folder, and give that to \`npm start\` too.`,
      );
    }
    const postgres = await startPostgres({ dataDir: dataDir.path });
    try {
      const restored = await restore(postgres.ownerUrl, path);
      process.stdout.write(
        `In ${dataDir.path}. Before \`npm start\`: put the master key into ${join(dataDir.path, "master-key")} and the copies of imported ` +
          `files into ${join(dataDir.path, "imports")}.\n`,
      );
      return restored;
    } finally {
      await postgres.stop();
    }
  } finally {
    dataDir.release();
  }
}

function report({ rows, workspaces, madeAt, upgraded, role }: Restored): void {
  process.stdout.write(
    `Restored ${rows} rows of ${workspaces} ${workspaces === 1 ? "workspace" : "workspaces"} as of ${madeAt}` +
      `${upgraded.length === 0 ? "" : `, upgraded by ${upgraded.join(", ")}`}. The application's role is ${role}.\n`,
  );
}
