/** The two servers everything needs: Postgres, and Temporal with a worker. */
import { OLDEST_POSTGRES } from "#prisma/migrate.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { Database } from "#profile/store/database.ts";
import { readDatabaseHealth, type DatabaseHealth } from "#profile/store/views/health.ts";
import type { InstallationId } from "#profile/ids.ts";
import type { TemporalConfig } from "#temporal-config.ts";
import { databaseAddress, databaseTrouble } from "../../database-trouble.ts";
import { fail, ok, skip } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { openEngine } from "../engine.ts";

export const ENGINE = "workflow engine";

const PATIENCE_MS = 10_000;

export async function databaseFindings(database: Pick<Database, "pool">, url: string): Promise<Finding[]> {
  const address = databaseAddress(url);
  let health;
  try {
    health = await inTime(readDatabaseHealth(database));
  } catch (error) {
    const why = databaseTrouble(error) ?? (error instanceof Error ? error.message : String(error));
    return [fail("database", `Postgres at ${address}: ${why}`, "start it: `npm start`, or correct DATABASE_URL")];
  }
  const { version, role, bypassesRowSecurity, pending } = health;
  const deployment = deploymentFinding(health);
  return [
    Number.parseInt(version, 10) >= OLDEST_POSTGRES
      ? ok("database", `Postgres ${version} at ${address}`)
      : fail("database", `Postgres ${version} at ${address} is too old`, `use ${OLDEST_POSTGRES} or newer`),
    bypassesRowSecurity
      ? fail(
          "row-level security",
          `the role ${role} could read every workspace`,
          `use the role ${health.deployment?.role ?? "tributary_app"} in DATABASE_URL; only migrations need the owner`,
        )
      : ok("row-level security", `the role ${role} is limited to one workspace at a time`),
    ...(deployment === null ? [migrationsFinding(pending)] : [deployment]),
  ];
}

function migrationsFinding(pending: string[]): Finding {
  const check = "migrations";
  if (pending.length === 0) return ok(check, "all applied");
  return fail(check, `not applied: ${pending.join(", ")}`, "run `npm run migrate` as the owner");
}

/** Is this the database that was migrated, and are we whom its rights were given to? Null when both are so. */
function deploymentFinding({ deployment, database, role, bypassesRowSecurity }: DatabaseHealth): Finding | null {
  if (deployment === null) return null;
  if (deployment.role !== role && !bypassesRowSecurity) {
    return fail(
      "application role",
      `the rights in ${database} were given to the role ${deployment.role}, and DATABASE_URL names ${role}`,
      `put ${deployment.role} into DATABASE_URL, or run \`npm run migrate\` with both URLs to move the rights`,
    );
  }
  if (deployment.database === database) return null;
  return fail(
    "database name",
    `${database} was last migrated as ${deployment.database}: it was renamed, restored or copied`,
    `where it replaces ${deployment.database}, run \`npm run migrate\`; a copy beside it must not do the same work a second time`,
  );
}

/** @param installation null: the database does not tell, so that nobody knows whose workers to look for */
export async function temporalFindings(
  temporal: TemporalConfig,
  keys: MasterKeys,
  installation: InstallationId | null,
): Promise<Finding[]> {
  const { address, tls } = temporal;
  let engine;
  try {
    engine = await openEngine(temporal, keys, installation ?? undefined);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [fail(ENGINE, why, "start it: `npm start`, or correct the variables that say how to connect to it")];
  }
  try {
    const pollers = await inTime(engine.pollers());
    return [
      ok(ENGINE, `Temporal at ${address}${tls === null ? "" : ", over TLS"}`),
      installation === null
        ? skip("worker", "needs the database")
        : pollers > 0
          ? ok("worker", `${pollers === 1 ? "one asks" : `${pollers} ask`} for work`)
          : fail(
              "worker",
              "none is polling for work: nothing will happen",
              "start one: `npm start`, or `node workflows/worker.ts`",
            ),
    ];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return [fail(ENGINE, `Temporal at ${address}: ${why}`, "see its log; TEMPORAL_NAMESPACE must exist there")];
  } finally {
    await engine.close();
  }
}

async function inTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${PATIENCE_MS / 1_000} seconds`)), PATIENCE_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
