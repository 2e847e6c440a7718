/**
 * `npm run migrate`: brings a database of your own up to date, where `npm start` does not do it (containers, deployments).
 *
 * Reads DATABASE_OWNER_URL and DATABASE_URL. The second names the application's role and holds its password, which is set
 * where it does not work yet; without it no password is touched. Prints nothing secret.
 */
import { ConfigError, parseEnvironment } from "#config.ts";
import { migrate, migrateSchema } from "#prisma/migrate.ts";

try {
  const { DATABASE_OWNER_URL, DATABASE_URL } = parseEnvironment();
  if (DATABASE_OWNER_URL === undefined) throw new ConfigError("Set DATABASE_OWNER_URL to the schema owner's URL.");
  if (DATABASE_URL === undefined) {
    const { applied, role, mayLogIn } = await migrateSchema(DATABASE_OWNER_URL);
    report(applied);
    process.stdout.write(
      mayLogIn
        ? `The password of the role ${role} was left alone.\n`
        : `The role ${role} cannot log in yet: set DATABASE_URL to its URL with the password it shall have and run this again, ` +
            `or have an administrator run ALTER ROLE ${role} LOGIN PASSWORD '...'.\n`,
    );
  } else {
    const { applied } = await migrate(DATABASE_OWNER_URL, { appUrl: DATABASE_URL });
    report(applied);
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}

function report(applied: string[]): void {
  process.stdout.write(applied.length === 0 ? "The database is up to date.\n" : `Applied ${applied.join(", ")}.\n`);
}
