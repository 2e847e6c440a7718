/** The whole loop: twins, a database, Temporal and workers, all real, its installation's own or shared with others'. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Runtime, makeTelemetryFilterString } from "@temporalio/worker";
import { readMasterKeys, type Patience } from "#config.ts";
import { startHubspotTwin } from "#connectors/hubspot/twin/index.ts";
import type { HubspotTwin, HubspotTwinOptions } from "#connectors/hubspot/twin/index.ts";
import { startStripeTwin } from "#connectors/stripe/twin/index.ts";
import type { StripeTwin } from "#connectors/stripe/twin/index.ts";
import { createLogger, type Logger } from "#logger.ts";
import type { ConnectionId, WorkspaceId } from "#profile/ids.ts";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { Run } from "#profile/store/runs.ts";
import { findProcess, sendSignal, waitForEnd } from "#stack/process-identity.ts";
import type { RunningTemporal } from "#stack/temporal/server.ts";
import { plainTemporal } from "#temporal-config.ts";
import { openEngine } from "#workflows/client.ts";
import type { Engine } from "#workflows/client.ts";
import { connectWorker } from "#workflows/connect.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { temporalLogger } from "#workflows/temporal-logger.ts";
import { namesOf } from "#workflows/names.ts";
import { bundleWorkflows, type WorkflowBundle } from "#workflows/bundle.ts";
import { createWorkers } from "#workflows/workers.ts";
import { createTestDatabase, createTestServer } from "./database.ts";
import type { TestDatabase } from "./database.ts";
import { sharedTemporal, startOwnTemporal } from "./temporal.ts";

const FAST = { requestsPerSecond: 10_000 };
/** A run is over when all is read and written, however slow the machine is today. */
export const UNHURRIED: Patience = { streamMs: 3_600_000, firstReadMs: 3_600_000 };
/** A worker process keeps a schedule: at each quarter of an hour a refresh would come in between. */
const NEVER_MINUTES = 9_000_000;

export interface TestLoop {
  test: TestDatabase;
  workspaceId: WorkspaceId;
  hubspot: HubspotTwin;
  stripe: StripeTwin;
  connectionIds: { hubspot: ConnectionId; stripe: ConnectionId };
  temporal: Pick<RunningTemporal, "address">;
  masterKeys: MasterKeys;
  /** For a worker process of the test's own. */
  workerEnvironment: Record<string, string>;
  engine: Engine;
  names: ReturnType<typeof namesOf>;
  deps: Dependencies;
  /** Shifts the clock of workers and twins. */
  advance(ms: number): void;
  /** One turn; answers the run with its steps. */
  refresh(): Promise<Run>;
  /** Where that is `durable` only: stops and starts the server, its files kept. */
  restartPostgres(): Promise<void>;
  /** Where Temporal is `durable` only: stops and starts the server, its history kept. */
  restartTemporal(): Promise<void>;
  /** Where Temporal is `durable` only: its server starts again and knows nothing of what was. */
  loseTemporalHistory(): Promise<void>;
  stop(): Promise<void>;
}

export interface TestLoopOptions {
  /** False: none, the test starts its own. */
  workers?: boolean;
  /** The server that can be restarted: it keeps files, and is the test's own; beside such a Postgres Temporal is, too. */
  durable?: "postgres" | "temporal";
  /** Master key, base64; random unless given. */
  key?: string;
  patience?: Patience;
  /** Of the HubSpot account, where it is to be as strict as a real one; then nothing was granted to it besides. */
  hubspot?: HubspotTwinOptions;
}

/** Two connected accounts, empty until the test fills the twins; the first plan of each waits for approval. */
export async function startTestLoop(options: TestLoopOptions = {}): Promise<TestLoop> {
  let shift = 0;
  const now = () => Date.now() + shift;
  const temporalDir = mkdtempSync(join(tmpdir(), "tributary-loop-temporal-"));
  const [test, ownTemporal] = await Promise.all([
    options.durable === "postgres" ? createTestServer({ max: 20 }) : createTestDatabase({ max: 20 }),
    options.durable === undefined ? null : startOwnTemporal(options.durable === "temporal" ? temporalDir : undefined),
  ]);
  const temporal = ownTemporal ?? (await sharedTemporal());
  const durableTemporal = (): RunningTemporal => {
    if (options.durable === "temporal" && ownTemporal !== null) return ownTemporal;
    throw new Error("This loop's Temporal keeps no history of its own; ask for a durable one.");
  };
  await test.database.inWorkspace(test.workspaceId, (transaction) =>
    transaction.query("UPDATE workspace SET refresh_minutes = $2, refresh_fixed = true WHERE workspace_id = $1", [
      transaction.workspaceId,
      NEVER_MINUTES,
    ]),
  );
  const key = options.key ?? randomBytes(32).toString("base64");
  const masterKeys = readMasterKeys({ TRIBUTARY_KEY: key }, "");
  const log = createLogger({ name: "test", level: "fatal" });
  const { dependencies, close } = createDependencies({ databaseUrl: test.appUrl, masterKeys, now }, log);
  const { patience = UNHURRIED } = options;
  const deps: Dependencies = { ...dependencies, patience, now };
  const hubspot = await startHubspotTwin({ ...(options.hubspot ?? FAST), now });
  const stripe = await startStripeTwin({ ...FAST, now });
  const connectionIds = {
    hubspot: await connect(
      deps,
      test.workspaceId,
      { connector: "hubspot", baseUrl: hubspot.url, ...(options.hubspot === undefined ? FAST : {}) },
      { accessToken: hubspot.accessToken },
    ),
    stripe: await connect(
      deps,
      test.workspaceId,
      { connector: "stripe", baseUrl: stripe.url, ...FAST },
      { apiKey: stripe.apiKey },
    ),
  };
  const stopWorkers = options.workers === false ? async () => undefined : await runWorkers(temporal, deps, masterKeys);
  const { installationId } = await deps.installation.get();
  const engine = await openEngine(plainTemporal(temporal.address), masterKeys, installationId);

  return {
    ...{
      test,
      workspaceId: test.workspaceId,
      hubspot,
      stripe,
      connectionIds,
      temporal,
      masterKeys,
      engine,
      deps,
      names: namesOf(installationId),
    },
    workerEnvironment: {
      ...{ DATABASE_URL: test.appUrl, TEMPORAL_ADDRESS: temporal.address, TRIBUTARY_KEY: key },
      TRIBUTARY_STREAM_WAIT: String(patience.streamMs / 1_000),
    },
    async restartPostgres() {
      if (test.restart === undefined) throw new Error("This loop shares its Postgres; ask for a durable one.");
      await test.restart();
    },
    restartTemporal: () => durableTemporal().restart(),
    async loseTemporalHistory() {
      const server = findProcess(durableTemporal().pid);
      if (server !== null) {
        sendSignal(server.pid, "SIGKILL");
        await waitForEnd(server, 5_000);
      }
      rmSync(join(temporalDir, "temporal"), { recursive: true });
      await durableTemporal().restart();
    },
    advance(ms) {
      shift += ms;
      stripe.advance(ms);
    },
    async refresh() {
      const { runId } = await engine.refresh(test.workspaceId);
      const run = (await deps.runs.lastRuns(test.workspaceId, 50)).find((known) => known.runId === runId);
      if (run === undefined) throw new Error("There is no record of the run.");
      return run;
    },
    async stop() {
      await engine.close();
      await stopWorkers();
      await Promise.all([hubspot.close(), stripe.close(), close(), ownTemporal?.stop()]);
      rmSync(temporalDir, { recursive: true, force: true });
      await test.drop();
    },
  };
}

async function connect(
  deps: Dependencies,
  workspaceId: WorkspaceId,
  account: { connector: string; baseUrl: string; requestsPerSecond?: number },
  credentials: unknown,
): Promise<ConnectionId> {
  const input = { ...account, name: "main", writeBack: true, autoApplyShare: 1 };
  const { connectionId } = await deps.connections.upsertConnection(workspaceId, input, "test");
  await deps.credentials.put(workspaceId, connectionId, credentials);
  await deps.plans.defineFields(workspaceId, connectionId);
  return connectionId;
}

/** Once per process: Temporal's own words go where ours go. */
export function quieten(log: Logger): void {
  try {
    Runtime.install({
      logger: temporalLogger(log),
      telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: "ERROR" }), forward: {} } },
    });
  } catch (error) {
    // It was installed by another test file of this process.
    if (!(error instanceof Error && error.name === "IllegalStateError")) throw error;
  }
}

/** Workers inside the test's process. @returns what stops them */
export async function runWorkers(
  temporal: Pick<RunningTemporal, "address">,
  dependencies: Dependencies,
  masterKeys: MasterKeys,
  bundle?: WorkflowBundle,
): Promise<() => Promise<void>> {
  quieten(dependencies.log);
  const connection = await connectWorker(plainTemporal(temporal.address));
  const workflowBundle = bundle ?? (await bundleWorkflows());
  const { installationId: installation } = await dependencies.installation.get();
  const workers = await createWorkers({
    ...{ connection, namespace: "default", installation, dependencies, masterKeys, workflowBundle },
  });
  const running = Promise.all(workers.map((worker) => worker.run()));
  return async () => {
    for (const worker of workers) worker.shutdown();
    await running;
    await connection.close();
  };
}

/** A step's counts of a run; a step that did not run counts nothing. */
export function countsOf(run: Run, step: string): Record<string, number> {
  return run.steps.find((known) => known.step === step)?.counts ?? {};
}

/** Approves every waiting plan and waits for its end. @returns how many */
export async function approveAll({ deps, engine, workspaceId }: TestLoop): Promise<number> {
  const waiting = (await deps.plans.list(workspaceId, 50)).filter(({ status }) => status === "waiting");
  for (const { planId, digest } of waiting) {
    await engine.approve(planId, "test", digest ?? "");
    await engine.finished(planId);
  }
  return waiting.length;
}
