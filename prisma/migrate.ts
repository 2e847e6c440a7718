/**
 * Applies `prisma/migrations/*` the way `prisma migrate deploy` does, without the native schema engine that the Prisma
 * CLI downloads: same files, same `_prisma_migrations` ledger, so either tool can carry on where the other stopped.
 * `npm run migrate` is the program around it.
 */
import { Client } from "pg";
import { derivedAppUrl, letAppLogIn, roleThatLogsIn } from "./app-login.ts";
import { DEFAULT_APP_ROLE, moveRights, noteDeployment, provideAppRole, recordedAppRole } from "./app-role.ts";
import {
  apply,
  isApplied,
  LEDGER,
  readLedger,
  readMigrations,
  refuseNewerSchema,
  type Migration,
} from "./migration-files.ts";
import { inMigration, LOCK_TIMEOUT_MS } from "./migration-lock.ts";

/** What the migrations are written and tested for: below it some of their statements do not exist. */
export const OLDEST_POSTGRES = 17;

export interface MigrateOptions {
  /** How long to wait for another migrator, and for a table that a worker uses. */
  lockTimeoutMs?: number;
}

/**
 * Brings the database up to date and lets the application log in; safe to run from many processes at once and again and
 * again.
 *
 * @param ownerUrl a role that owns the schema and may create roles
 * @param options.appUrl the application's URL: its user is the application's role, and its password becomes that role's
 *   where it does not work yet. Without it the role gets a password derived from the owner's, unless it has one already
 * @returns names applied now, and the URL of the application's role, which row-level security binds
 * @throws Error when the server is too old, when an applied file was edited since, when a file fails (that file is rolled
 *   back, earlier ones stay), or when the role cannot log in
 */
export async function migrate(
  ownerUrl: string,
  options: MigrateOptions & { appUrl?: string } = {},
): Promise<{ applied: string[]; appUrl: string }> {
  return await asOwner(ownerUrl, async (owner) => {
    const { appUrl } = options;
    const role = appUrl === undefined ? await usualRole(owner) : await roleThatLogsIn(appUrl);
    const applied = await bringUpToDate(owner, role, options);
    const url = appUrl ?? derivedAppUrl(ownerUrl, role);
    await letAppLogIn(owner, { role, url, chosen: appUrl !== undefined });
    return { applied, appUrl: url };
  });
}

/** The schema alone: no password is set. @returns also whether somebody can log in as the application's role */
export async function migrateSchema(
  ownerUrl: string,
  options: MigrateOptions = {},
): Promise<{ applied: string[]; role: string; mayLogIn: boolean }> {
  return await asOwner(ownerUrl, async (owner) => {
    const role = await usualRole(owner);
    const applied = await bringUpToDate(owner, role, options);
    const { rows } = await owner.query<{ login: boolean }>(
      "SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = $1",
      [role],
    );
    return { applied, role, mayLogIn: rows[0]?.login === true };
  });
}

/**
 * Migrates as far as some rows need, loads them in one transaction, and migrates to now.
 *
 * @param plan.check throws before anything is changed
 * @returns also the migrations after those of `plan`
 */
export async function restoreWith<T>(
  ownerUrl: string,
  options: MigrateOptions & { appUrl?: string },
  plan: {
    migrations: readonly Migration[];
    check: (owner: Client, migrations: readonly Migration[]) => Promise<void>;
    load: (owner: Client) => Promise<T>;
  },
): Promise<{ result: T; applied: string[]; role: string }> {
  return await asOwner(ownerUrl, async (owner) => {
    await plan.check(owner, plan.migrations);
    const role = options.appUrl === undefined ? await usualRole(owner) : await roleThatLogsIn(options.appUrl);
    await applyAll(owner, role, options, plan.migrations);
    const result = await inMigration(owner, options.lockTimeoutMs ?? LOCK_TIMEOUT_MS, () => plan.load(owner));
    // This also notes that database and role are others than the rows say.
    const applied = await bringUpToDate(owner, role, options);
    await owner.query("ANALYZE");
    if (options.appUrl !== undefined) await letAppLogIn(owner, { role, url: options.appUrl, chosen: true });
    return { result, applied, role };
  });
}

/** For what only the schema's owner may do. */
export async function asOwner<T>(ownerUrl: string, work: (owner: Client) => Promise<T>): Promise<T> {
  const owner = new Client({ connectionString: ownerUrl, application_name: "tributary-migrate" });
  // A server lost between two statements must not end the process: the next statement says so.
  owner.on("error", () => undefined);
  await owner.connect();
  try {
    await refuseOldServer(owner);
    return await work(owner);
  } finally {
    await owner.end();
  }
}

interface VersionSource {
  query(sql: string): Promise<{ rows: { version: string; number: string }[] }>;
}

/** In a sentence, and before anything is changed: a statement the server does not know would say less. */
export async function refuseOldServer(client: VersionSource): Promise<void> {
  const { rows } = await client.query(
    "SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number",
  );
  const [server] = rows;
  if (server !== undefined && Number(server.number) >= OLDEST_POSTGRES * 10_000) return;
  throw new Error(
    `This server is Postgres ${server?.version ?? "of an unknown version"}, and Tributary needs ${OLDEST_POSTGRES} or newer: nothing was changed.`,
  );
}

async function usualRole(owner: Client): Promise<string> {
  return (await recordedAppRole(owner)) ?? DEFAULT_APP_ROLE;
}

async function bringUpToDate(owner: Client, role: string, options: MigrateOptions): Promise<string[]> {
  const applied = await applyAll(owner, role, options, await readMigrations());
  await noteDeployment(owner, role);
  return applied;
}

async function applyAll(
  owner: Client,
  role: string,
  { lockTimeoutMs = LOCK_TIMEOUT_MS }: MigrateOptions,
  migrations: readonly Migration[],
): Promise<string[]> {
  const ledger = await readLedger(owner);
  refuseNewerSchema(ledger, migrations);
  await provideAppRole(owner, role);
  if (ledger.size > 0) await moveRights(owner, role, lockTimeoutMs);
  const applied: string[] = [];
  for (const migration of migrations) {
    if (isApplied(ledger, migration)) continue;
    try {
      const done = await inMigration(owner, lockTimeoutMs, async () => {
        await owner.query(LEDGER);
        // Another migrator may have been faster.
        if (isApplied(await readLedger(owner), migration)) return false;
        await apply(owner, migration, role);
        return true;
      });
      if (done) applied.push(migration.name);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`Migration ${migration.name} failed and was rolled back: ${reason}`, { cause: error });
    }
  }
  return applied;
}
