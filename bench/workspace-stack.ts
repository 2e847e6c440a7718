/** Many workspaces on real servers in one process: Postgres, Temporal, a worker, and the vendors' stand-ins for each workspace. */
import { randomBytes } from "node:crypto";
import { NativeConnection, Runtime, makeTelemetryFilterString } from "@temporalio/worker";
import { readMasterKeys } from "#config.ts";
import { startHubspotTwin, type HubspotTwin } from "#connectors/hubspot/twin/index.ts";
import { createLogger } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { migrate } from "#prisma/migrate.ts";
import { silent } from "#stack/log.ts";
import { startPostgres } from "#stack/postgres/server.ts";
import { findTemporal } from "#stack/temporal/program.ts";
import { startTemporal } from "#stack/temporal/server.ts";
import { plainTemporal } from "#temporal-config.ts";
import { bundleWorkflows } from "#workflows/bundle.ts";
import { openEngine } from "#workflows/client.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { namesOf } from "#workflows/names.ts";
import { scheduleOf } from "#workflows/schedules.ts";
import { createWorkers } from "#workflows/workers.ts";
import { actionsOf } from "#tests/support/histories.ts";
import { contactIdOf, smallShop } from "#tests/support/people.ts";

/** Not counted in a history: each time a schedule fires. */
const ACTIONS_OF_A_SCHEDULE = 2;

export interface Workspace {
  workspaceId: WorkspaceId;
  slug: string;
  hubspot: HubspotTwin;
}

export interface Look {
  /** Nothing was new. */
  idle: boolean;
  actions: number;
  events: number;
  ms: number;
}

const shopOf = (slug: string) => ({ slug, name: slug, defaultCountry: "GB", currency: "GBP", timeZone: "UTC" });

/** @param options.workers false: none in this process, whoever measures starts its own */
export async function openBench({ workers: workersHere = true }: { workers?: boolean } = {}) {
  const program = await findTemporal({ environment: process.env, log: silent });
  const [postgres, temporal] = await Promise.all([
    startPostgres({ ephemeral: true }),
    startTemporal({ program, ephemeral: true }),
  ]);
  const { appUrl } = await migrate(postgres.ownerUrl);
  const key = randomBytes(32).toString("base64");
  const masterKeys = readMasterKeys({ TRIBUTARY_KEY: key }, "");
  const log = createLogger({ name: "bench", level: "fatal" });
  Runtime.install({
    telemetryOptions: { logging: { filter: makeTelemetryFilterString({ core: "ERROR" }), forward: {} } },
    logger: { log: silent, trace: silent, debug: silent, info: silent, warn: silent, error: silent },
  });
  const { dependencies: deps, database, close } = createDependencies({ databaseUrl: appUrl, masterKeys }, log);
  const { installationId: installation } = await deps.installation.get();
  const names = namesOf(installation);
  const address = plainTemporal(temporal.address);
  const engine = await openEngine(address, masterKeys, installation);
  const connection = await NativeConnection.connect({ address: temporal.address });
  const workflowBundle = await bundleWorkflows();
  const parts = { connection, namespace: "default", installation, dependencies: deps, masterKeys, workflowBundle };
  const workers = workersHere ? await createWorkers(parts) : [];
  const running = Promise.all(workers.map((worker) => worker.run()));
  const twins: HubspotTwin[] = [];
  let changes = 0;

  return {
    ...{ deps, engine, database },
    /** What a worker process of its own needs. */
    environment: { DATABASE_URL: appUrl, TEMPORAL_ADDRESS: temporal.address, TRIBUTARY_KEY: key },
    database,

    /** With a HubSpot account of so many contacts, not read yet; one that allows few calls has not said so, and is written to. */
    async addWorkspace(
      slug: string,
      customers: number,
      { callsPerTenSeconds }: { callsPerTenSeconds?: number } = {},
    ): Promise<Workspace> {
      const slow = callsPerTenSeconds !== undefined;
      // Its schedule is not to fire by itself meanwhile.
      const { workspaceId } = await deps.connections.createWorkspace({ ...shopOf(slug), refreshMinutes: 1_440 });
      const twin = await startHubspotTwin(slow ? { callsPerTenSeconds } : { requestsPerSecond: 10_000 });
      twins.push(twin);
      twin.load(smallShop({ people: customers, now: Date.now() }).hubspot);
      const { connectionId } = await deps.connections.upsertConnection(
        workspaceId,
        {
          ...{ connector: "hubspot", name: "main", baseUrl: twin.url },
          ...(slow ? { writeBack: true } : { requestsPerSecond: 10_000 }),
        },
        "bench",
      );
      if (slow) await deps.plans.defineFields(workspaceId, connectionId);
      await deps.credentials.put(workspaceId, connectionId, { accessToken: twin.accessToken });
      return { workspaceId, slug, hubspot: twin };
    },

    /** With a HubSpot account that runs elsewhere, not read yet. */
    async addConnected(slug: string, { url, accessToken }: { url: string; accessToken: string }) {
      const { workspaceId } = await deps.connections.createWorkspace({ ...shopOf(slug), refreshMinutes: 1_440 });
      const account = { connector: "hubspot", name: "main", baseUrl: url, requestsPerSecond: 10_000 };
      const { connectionId } = await deps.connections.upsertConnection(workspaceId, account, "bench");
      await deps.credentials.put(workspaceId, connectionId, { accessToken });
      return { workspaceId };
    },

    async count(workspaceId: WorkspaceId, table: string): Promise<number> {
      const [row] = await database.inWorkspace(workspaceId, (transaction) =>
        transaction.query<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE workspace_id = $1`, [workspaceId]),
      );
      return row?.n ?? 0;
    },

    /** One contact has another telephone number. */
    change({ hubspot }: Workspace): void {
      changes += 1;
      hubspot.change("contacts", contactIdOf(1), { phone: `+4479111${String(changes).padStart(5, "0")}` });
    },

    scheduleOf: ({ workspaceId }: Workspace) => scheduleOf(engine.client, deps, workspaceId),

    /** Takes effect with the next look after the schedules. */
    refreshEvery: ({ slug }: Workspace, refreshMinutes: number) =>
      deps.connections.createWorkspace({ ...shopOf(slug), refreshMinutes }),

    async firedSoFar({ workspaceId }: Workspace): Promise<{ taken: number; missed: number; joined: number }> {
      const { info } = await engine.client.schedule.getHandle(names.refreshSchedule(workspaceId)).describe();
      const { numActionsTaken: taken, numActionsMissedCatchupWindow: missed, numActionsSkippedOverlap: joined } = info;
      return { taken, missed, joined };
    },

    /** Reads everything, then until nothing is new. */
    async settle({ workspaceId }: Workspace): Promise<void> {
      await engine.refresh(workspaceId);
      await engine.refresh(workspaceId);
    },

    /** A refresh as the schedule starts it. */
    async scheduled({ workspaceId }: Workspace): Promise<Look> {
      const startedAt = performance.now();
      const before = await deps.news.idleRefreshes(workspaceId);
      const handle = await engine.client.workflow.start("refreshOnSchedule", {
        workflowId: names.scheduledRefresh(workspaceId),
        taskQueue: names.engineQueue,
        args: [{ workspaceId, installation }],
      });
      await handle.result();
      const ms = performance.now() - startedAt;
      const history = await handle.fetchHistory();
      const after = await deps.news.idleRefreshes(workspaceId);
      return {
        idle: (after?.refreshes ?? 0) === (before?.refreshes ?? 0) + 1,
        actions: actionsOf(history) + ACTIONS_OF_A_SCHEDULE,
        events: history.events?.length ?? 0,
        ms,
      };
    },

    async rowsOfRuns(): Promise<number> {
      let rows = 0;
      for (const { workspaceId } of await deps.connections.listWorkspaces()) {
        const [counted] = await database.inWorkspace(workspaceId, (transaction) =>
          transaction.query<{ rows: number }>(
            "SELECT (SELECT count(*) FROM run) + (SELECT count(*) FROM run_step) AS rows",
          ),
        );
        rows += counted?.rows ?? 0;
      }
      return rows;
    },

    async close(): Promise<void> {
      for (const worker of workers) worker.shutdown();
      await running;
      await connection.close();
      await engine.close();
      for (const twin of twins) await twin.close();
      await close();
      await temporal.stop();
      await postgres.stop();
    },
  };
}
