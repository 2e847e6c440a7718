/**
 * `npm run backup -- FILE`: every workspace in one file, while everything goes on. Needs no program of Postgres, which the
 * embedded server does not bring.
 *
 * Of the database of DATABASE_OWNER_URL, else of the running `npm start`.
 */
import { join, resolve } from "node:path";
import { ConfigError, dataDirOf, parseEnvironment, readStackState } from "#config.ts";
import { backUp } from "#prisma/backup/write.ts";
import { reasonOf } from "./stack-error.ts";

try {
  const [file, ...others] = process.argv.slice(2);
  if (file === undefined || others.length > 0) throw new ConfigError("Say where to: `npm run backup -- FILE`.");
  const environment = parseEnvironment();
  const dataDir = dataDirOf(environment);
  const ownerUrl = environment.DATABASE_OWNER_URL ?? readStackState(dataDir)?.ownerUrl;
  if (ownerUrl === undefined) {
    throw new ConfigError(
      `Tributary is not running in ${dataDir}: run \`npm start\` in another terminal, or set DATABASE_OWNER_URL.`,
    );
  }
  const { rows, workspaces, bytes } = await backUp(ownerUrl, resolve(file), new Date().toISOString());
  process.stdout.write(
    `Backed up ${rows} rows of ${workspaces} ${workspaces === 1 ? "workspace" : "workspaces"} to ${file} (${(bytes / 1e6).toFixed(1)} MB).\n` +
      `It holds customers: keep it as safe as the database. Not in it, and to be kept apart: the master key ` +
      `(TRIBUTARY_KEY, or ${join(dataDir, "master-key")}) and the copies of imported files (${join(dataDir, "imports")}).\n`,
  );
} catch (error) {
  process.stderr.write(`${reasonOf(error)}\n`);
  process.exitCode = 1;
}
