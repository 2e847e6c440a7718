/**
 * `npm run migrate`: brings a database of your own up to date, where `npm start` does not do it (containers, deployments).
 *
 * Reads DATABASE_OWNER_URL and, for the application's password, DATABASE_URL; with the owner alone it derives that
 * password and prints nothing secret.
 */
import { ConfigError, parseEnvironment } from "#config.ts";
import { migrate } from "#prisma/migrate.ts";

try {
  const { DATABASE_OWNER_URL, DATABASE_URL } = parseEnvironment();
  if (DATABASE_OWNER_URL === undefined) throw new ConfigError("Set DATABASE_OWNER_URL to the schema owner's URL.");
  const { applied } = await migrate(
    DATABASE_OWNER_URL,
    DATABASE_URL === undefined ? {} : { appPassword: decodeURIComponent(new URL(DATABASE_URL).password) },
  );
  process.stdout.write(applied.length === 0 ? "The database is up to date.\n" : `Applied ${applied.join(", ")}.\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
