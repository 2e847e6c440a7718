/** Installations beside one another: a database each, one Temporal between them. */
import { randomBytes } from "node:crypto";
import { Client as Postgres } from "pg";
import { readMasterKeys } from "#config.ts";
import { createLogger } from "#logger.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { plainTemporal } from "#temporal-config.ts";
import { openEngine } from "#workflows/client.ts";
import type { Engine } from "#workflows/client.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { namesOf } from "#workflows/names.ts";
import { createTestDatabase } from "#tests/support/database.ts";

export interface Installation {
  engine: Engine;
  deps: Dependencies;
  /** As the schema's owner. */
  owner: Postgres;
  names: ReturnType<typeof namesOf>;
  /** Its workspace `test`, which every one of them has. */
  workspaceId: WorkspaceId;
  addWorkspace(slug: string, refreshMinutes?: number): Promise<WorkspaceId>;
  stop(): Promise<void>;
}

export async function createInstallation(
  address: string,
  key = randomBytes(32).toString("base64"),
): Promise<Installation> {
  const test = await createTestDatabase({ max: 4 });
  const owner = new Postgres({ connectionString: test.ownerUrl });
  await owner.connect();
  const masterKeys = readMasterKeys({ TRIBUTARY_KEY: key }, "");
  const log = createLogger({ name: "test", level: "fatal" });
  const { dependencies: deps, close } = createDependencies({ databaseUrl: test.appUrl, masterKeys }, log);
  const { installationId } = await deps.installation.get();
  const engine = await openEngine(plainTemporal(address), masterKeys, installationId);
  return {
    ...{ engine, deps, owner, workspaceId: test.workspaceId, names: namesOf(installationId) },
    addWorkspace: async (slug, refreshMinutes = 15) => {
      const made = await deps.connections.createWorkspace({
        ...{ slug, name: slug, defaultCountry: "GB", currency: "GBP", timeZone: "UTC", refreshMinutes },
      });
      return made.workspaceId;
    },
    stop: async () => {
      await engine.close();
      await owner.end();
      await close();
      await test.drop();
    },
  };
}

export async function scheduleIds({ engine }: Installation): Promise<string[]> {
  const ids: string[] = [];
  for await (const { scheduleId } of engine.client.schedule.list()) ids.push(scheduleId);
  return ids.toSorted();
}
