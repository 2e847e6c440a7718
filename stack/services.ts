/** Starts the services that a worker needs, or uses the ones the environment names. */
import type { Environment } from "#config.ts";
import { migrate } from "#prisma/migrate.ts";
import { startPostgres } from "./postgres/server.ts";
import { isRunning, findProcess } from "./process-identity.ts";
import type { Report } from "./report.ts";
import { reasonOf, StackError } from "./stack-error.ts";
import { connectionVariables, plainTemporal, temporalConfig, type TemporalConfig } from "#temporal-config.ts";
import { connectClient } from "#workflows/connect.ts";
import { findTemporal } from "./temporal/program.ts";
import { startTemporal } from "./temporal/server.ts";

/** Taken when free, so that bookmarks keep working from one start to the next. */
const PREFERRED = { postgres: 54_329, temporal: 7_233, temporalUi: 8_233 };
const WATCH_EVERY_MS = 2_000;

export interface Services {
  databaseUrl: string;
  ownerUrl: string;
  temporal: TemporalService;
}

export interface TemporalService extends TemporalConfig {
  uiUrl: string | null;
  /** The TEMPORAL_ variables that say how to connect there, the address apart. */
  variables: Record<string, string>;
}

interface Place {
  dataDir: string;
  environment: Environment;
  report: Report;
  /** Aborted by Ctrl-C: what takes minutes is given up. */
  signal: AbortSignal;
  /** Receives what ends each service; called in reverse order at the stop. */
  onStop: (stop: () => Promise<void>) => void;
}

/** @throws StackError saying what is missing */
export async function startServices(place: Place): Promise<Services> {
  // The program may have to be built for minutes; a database that waits meanwhile is no harm, a late error is.
  const ownerUrl = await provideDatabase(place);
  const { appUrl } = await place.report.step(
    "Database schema",
    () => migrateDatabase(ownerUrl, place.environment),
    ({ applied }) => (applied.length === 0 ? "up to date" : `${applied.length} migrations applied`),
  );
  return { ownerUrl, databaseUrl: appUrl, temporal: await provideTemporal(place) };
}

async function provideDatabase({ dataDir, environment, report, onStop }: Place): Promise<string> {
  const given = environment.DATABASE_OWNER_URL ?? environment.DATABASE_URL;
  if (given !== undefined) {
    report.log(`Postgres: using ${new URL(given).host}, as the environment says`);
    return given;
  }
  const postgres = await report.step(
    "Postgres",
    () => startPostgres({ dataDir, preferredPort: PREFERRED.postgres, log: report.log }),
    ({ port }) => `ready on 127.0.0.1:${port}`,
  );
  onStop(keepRunning("Postgres", postgres, report));
  return postgres.ownerUrl;
}

async function migrateDatabase(ownerUrl: string, { DATABASE_URL, DATABASE_OWNER_URL }: Environment) {
  try {
    // Alone, either is the owner's.
    if (DATABASE_URL === undefined || DATABASE_OWNER_URL === undefined) return await migrate(ownerUrl);
    return await migrate(ownerUrl, { appUrl: DATABASE_URL });
  } catch (error) {
    throw new StackError(`The database could not be prepared: ${reasonOf(error)}`);
  }
}

async function provideTemporal({ dataDir, environment, report, signal, onStop }: Place): Promise<Services["temporal"]> {
  const namespace = environment.TEMPORAL_NAMESPACE;
  const given = environment.TEMPORAL_ADDRESS;
  if (given !== undefined) {
    const config = temporalConfig(given, environment);
    await checkTemporal(config);
    report.log(`Temporal: using ${given}${config.tls === null ? "" : " over TLS"}, as the environment says`);
    return { ...config, uiUrl: null, variables: connectionVariables(environment) };
  }
  if (namespace !== "default") {
    throw new StackError("TEMPORAL_NAMESPACE is for a server of your own: set TEMPORAL_ADDRESS too, or unset it.");
  }
  const program = await findTemporal({ log: report.log, environment: process.env, signal });
  const temporal = await report.step(
    "Temporal",
    () => startTemporal({ program, dataDir, preferredPort: PREFERRED.temporal, preferredUiPort: PREFERRED.temporalUi }),
    ({ address }) => `ready on ${address}`,
  );
  onStop(keepRunning("Temporal", temporal, report));
  return { ...plainTemporal(temporal.address), uiUrl: temporal.uiUrl, variables: {} };
}

async function checkTemporal(config: TemporalConfig): Promise<void> {
  const connection = await connectClient(config);
  try {
    await connection.workflowService.describeNamespace({ namespace: config.namespace });
  } catch (error) {
    throw new StackError(
      `Temporal at TEMPORAL_ADDRESS ${config.address} does not let us use the namespace ${config.namespace} (${reasonOf(error)}).`,
    );
  } finally {
    await connection.close();
  }
}

interface Restartable {
  readonly pid: number;
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts a service again when it dies under us. @returns what stops watching and the service */
function keepRunning(name: string, service: Restartable, { log }: Report): () => Promise<void> {
  let stopped = false;
  let atWork: Promise<void> = Promise.resolve();
  let identity = findProcess(service.pid);
  let starting = false;
  let said = "";
  const startAgain = async () => {
    starting = true;
    try {
      await service.restart();
      identity = findProcess(service.pid);
      said = "";
      log(`${name} runs again`);
    } catch (error) {
      // A full disk is made room on, sooner or later: tried again until then, said once.
      const reason = reasonOf(error);
      if (reason !== said) log(`${name} could not be restarted and is tried again every few seconds: ${reason}`);
      said = reason;
    } finally {
      starting = false;
    }
  };
  const timer = setInterval(() => {
    if (stopped || starting || (identity !== null && isRunning(identity))) return;
    if (identity !== null) log(`${name} ended; starting it again`);
    identity = null;
    atWork = startAgain();
  }, WATCH_EVERY_MS);
  return async () => {
    stopped = true;
    clearInterval(timer);
    await atWork;
    await service.stop();
  };
}
