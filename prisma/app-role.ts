/**
 * The role that the application logs in as: no ownership, no bypass. Roles belong to the whole server, so that two
 * installations there need two.
 */
import { escapeIdentifier, type Client } from "pg";
import { inMigration } from "./migration-lock.ts";

/** Where DATABASE_URL names no other; the migrations call it by this name. */
export const DEFAULT_APP_ROLE = "tributary_app";

/** It stands in statements that quote it twice, where a quotation mark or per cent sign would mean something else. */
const USABLE_NAME = /^[a-z_][\w.@-]{0,62}$/i;

export function quoteRole(role: string): string {
  if (!USABLE_NAME.test(role)) {
    throw new Error(
      "The user in DATABASE_URL cannot be used as a role's name: use at most 63 letters, digits, _, -, . and @, beginning with a letter.",
    );
  }
  return escapeIdentifier(role);
}

/**
 * Makes the role, without login and password, where it is missing.
 *
 * @throws Error when it is one that row-level security would not bind
 */
export async function provideAppRole(owner: Client, role: string): Promise<void> {
  const name = quoteRole(role);
  const { rows } = await owner.query<{ unbound: boolean }>(
    `SELECT rolsuper OR rolbypassrls OR pg_has_role(oid, current_user, 'MEMBER') AS unbound
     FROM pg_roles WHERE rolname = $1`,
    [role],
  );
  if (rows[0]?.unbound === true) {
    throw new Error(
      `The application needs a role of its own: ${role} is the owner or may read every workspace. ` +
        "Put another user into DATABASE_URL; the role is made when it is missing. Nothing was changed.",
    );
  }
  if (rows.length > 0) return;
  try {
    await owner.query(`CREATE ROLE ${name} NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE`);
  } catch (error) {
    // Another migration of this server made it this instant.
    if (codeOf(error) === "42710" || codeOf(error) === "23505") return;
    if (codeOf(error) !== "42501") throw error;
    throw new Error(
      `The owner may not create the role ${role}: have an administrator run CREATE ROLE ${name} LOGIN PASSWORD '...', ` +
        "then run this again. Nothing was changed.",
      { cause: error },
    );
  }
}

/** Which role this database's rights were given to; null before the table that says so. */
export async function recordedAppRole(owner: Client): Promise<string | null> {
  const { rows: found } = await owner.query<{ kept: string | null }>("SELECT to_regclass('deployment') AS kept");
  if (found[0]?.kept === null) return null;
  const { rows } = await owner.query<{ role: string }>("SELECT app_role AS role FROM deployment");
  return rows[0]?.role ?? null;
}

/**
 * Moves the rights from the role that held them, if it was another. Before any migration: what one takes from the role has
 * to be what the role has.
 */
export async function moveRights(owner: Client, role: string, lockTimeoutMs: number): Promise<void> {
  const recorded = await recordedAppRole(owner);
  const previous = recorded ?? DEFAULT_APP_ROLE;
  if (previous === role) return;
  await inMigration(owner, lockTimeoutMs, async () => {
    await handOver(owner, previous, role);
    if (recorded !== null) await owner.query("UPDATE deployment SET app_role = $1", [role]);
  });
}

/** Notes what database and role were migrated; does nothing when that is noted. */
export async function noteDeployment(owner: Client, role: string): Promise<void> {
  const noted = "SELECT FROM deployment WHERE database_name = current_database() AND app_role = $1";
  if ((await owner.query(noted, [role])).rowCount === 1) return;
  await owner.query(
    `INSERT INTO deployment (database_name, app_role) VALUES (current_database(), $1)
     ON CONFLICT (single) DO UPDATE SET database_name = excluded.database_name, app_role = excluded.app_role`,
    [role],
  );
}

/** Every right in this schema that one role holds, as the words of a GRANT. */
const RIGHTS = `
  SELECT privilege_type || ' ON ' || CASE relkind WHEN 'S' THEN 'SEQUENCE ' ELSE 'TABLE ' END || pg_class.oid::regclass AS held
  FROM pg_class, aclexplode(relacl) WHERE relnamespace = 'public'::regnamespace AND grantee = $1::oid
  UNION ALL
  SELECT format('%s (%I) ON TABLE %s', privilege_type, attname, attrelid::regclass)
  FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid, aclexplode(attacl)
  WHERE relnamespace = 'public'::regnamespace AND grantee = $1::oid
  UNION ALL
  SELECT privilege_type || ' ON FUNCTION ' || pg_proc.oid::regprocedure
  FROM pg_proc, aclexplode(proacl) WHERE pronamespace = 'public'::regnamespace AND grantee = $1::oid
  UNION ALL
  SELECT privilege_type || ' ON SCHEMA public' FROM pg_namespace, aclexplode(nspacl)
  WHERE nspname = 'public' AND grantee = $1::oid`;

/** The same of what is made later. */
const DEFAULT_RIGHTS = `
  SELECT format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA public', pg_get_userbyid(defaclrole)) AS prefix,
    privilege_type || ' ON ' || CASE defaclobjtype WHEN 'S' THEN 'SEQUENCES' WHEN 'f' THEN 'FUNCTIONS' ELSE 'TABLES' END AS held
  FROM pg_default_acl, aclexplode(defaclacl)
  WHERE defaclnamespace = 'public'::regnamespace AND grantee = $1::oid`;

/** What a migration granted to one role is from now on the other's, and no longer the first one's. */
async function handOver(owner: Client, from: string, to: string): Promise<void> {
  const { rows } = await owner.query<{ id: string }>("SELECT oid::text AS id FROM pg_roles WHERE rolname = $1", [from]);
  const [previous] = rows;
  // Without the role there are no rights of it either.
  if (previous === undefined) return;
  const rights = await owner.query<{ prefix: string; held: string }>(
    `SELECT '' AS prefix, held FROM (${RIGHTS}) AS present UNION ALL ${DEFAULT_RIGHTS}`,
    [previous.id],
  );
  for (const { prefix, held } of rights.rows) {
    await owner.query(`${prefix} GRANT ${held} TO ${quoteRole(to)}; ${prefix} REVOKE ${held} FROM ${quoteRole(from)}`);
  }
  const policies = await owner.query<{ policy: string }>(
    `SELECT format('%I ON %s', polname, polrelid::regclass) AS policy FROM pg_policy WHERE polroles = ARRAY[$1::oid]`,
    [previous.id],
  );
  for (const { policy } of policies.rows) await owner.query(`ALTER POLICY ${policy} TO ${quoteRole(to)}`);
}

export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}
