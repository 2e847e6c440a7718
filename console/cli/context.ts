import { resolve } from "node:path";
import { ConfigError, loadConfig } from "#config.ts";
import type { Config } from "#config.ts";
import { createLogger } from "#logger.ts";
import { createFigureReader } from "#profile/store/views/figures.ts";
import type { FigureReader } from "#profile/store/views/figures.ts";
import { createProfileViews } from "#profile/store/views/profile.ts";
import type { ProfileViews } from "#profile/store/views/profile.ts";
import { readRejectReasons } from "#profile/store/views/health.ts";
import type { RejectReason } from "#profile/store/views/health.ts";
import type { Database } from "#profile/store/database.ts";
import { createReader } from "#profile/store/views/read.ts";
import type { Reader } from "#profile/store/views/read.ts";
import type { Workspace } from "#profile/store/connections.ts";
import type { Engine } from "#workflows/client.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { refuseWrongKey } from "#workflows/master-key.ts";
import { asDatabaseFailure } from "./database-failure.ts";
import { CommandFailure } from "./failure.ts";
import { openEngine } from "./engine.ts";

export interface StoresContext {
  config: Config;
  stores: Dependencies & { views: ProfileViews; reader: Reader; figures: FigureReader };
  /** @throws ConfigError when stored credentials need another master key: new ones would be kept under the wrong one */
  checkKey(): Promise<void>;
  /** Connects to Temporal the first time it is asked for, and makes sure that a worker is there to do what is asked. */
  engine(): Promise<Engine>;
}

export interface Context extends StoresContext {
  stores: StoresContext["stores"] & { rejectReasons(): Promise<RejectReason[]> };
  workspace: Workspace;
}

/** Set by the program's own options before a command runs. */
export const globals: { workspace?: string; dataDir?: string; by?: string; verbose: boolean } = { verbose: false };

/** The environment as the program's own options change it. */
export function commandEnvironment(): Readonly<Record<string, string | undefined>> {
  // Relative to the person's working directory, not to the project.
  return globals.dataDir === undefined ? process.env : { ...process.env, TRIBUTARY_DATA_DIR: resolve(globals.dataDir) };
}

/** Opens what a command works with, without a workspace, and closes it whatever happens. */
export async function withStores<T>(work: (context: StoresContext, database: Database) => Promise<T>): Promise<T> {
  const config = loadConfig(commandEnvironment());
  const log = createLogger({ name: "tributary", level: globals.verbose ? "debug" : "warn" });
  const { dependencies, database, close } = createDependencies(config, log);
  let engine: Promise<Engine> | undefined;
  try {
    const views = { views: createProfileViews(database), reader: createReader(database) };
    const stores = { ...dependencies, ...views, figures: createFigureReader(database) };
    // Whatever a command does first, an unreachable database is reported in one sentence.
    await dependencies.connections.listWorkspaces().catch((error: unknown) => {
      throw asDatabaseFailure(error, config.databaseUrl);
    });
    const checkKey = () => refuseWrongKey(dependencies, config.masterKeys);
    const open = () => checkKey().then(() => engineWithWorker(config, dependencies));
    return await work({ config, stores, checkKey, engine: () => (engine ??= open()) }, database);
  } finally {
    await (await engine?.catch(() => undefined))?.close();
    await close();
  }
}

/** The same with the workspace that --workspace names, or the only one. */
export function withContext<T>(work: (context: Context) => Promise<T>): Promise<T> {
  return withStores(async (context, database) => {
    const workspace = await chosenWorkspace(context.stores);
    const rejectReasons = () => readRejectReasons(database, workspace.workspaceId);
    return work({ ...context, stores: { ...context.stores, rejectReasons }, workspace });
  });
}

/** Without a worker a request to Temporal would wait for ever. */
async function engineWithWorker({ temporal, masterKeys }: Config, { installation }: Dependencies): Promise<Engine> {
  const { installationId } = await installation.get();
  const engine = await openEngine(temporal, masterKeys, installationId).catch((error: unknown) => {
    const why = error instanceof ConfigError ? error.message : `Temporal at ${temporal.address} does not answer.`;
    throw new CommandFailure(`${why} Is \`npm start\` running? \`tributary doctor\` tells you more.`, 1, {
      cause: error,
    });
  });
  if ((await engine.pollers()) > 0) return engine;
  await engine.close();
  throw new CommandFailure(
    `No worker polls Temporal at ${temporal.address} for work, so nothing would happen: \`npm start\` runs one.`,
  );
}

/** The one there is, or the one named by --workspace. */
async function chosenWorkspace({ connections }: Pick<Dependencies, "connections">): Promise<Workspace> {
  const all = await connections.listWorkspaces();
  const named = globals.workspace === undefined ? all : all.filter(({ slug }) => slug === globals.workspace);
  const [only, ...others] = named;
  const slugs = all.map(({ slug }) => slug).join(", ");
  if (only === undefined) {
    throw new CommandFailure(
      all.length === 0
        ? "There is no workspace yet: `tributary workspace create --help` says how to make one."
        : `There is no such workspace; there are: ${slugs}.`,
      3,
    );
  }
  if (others.length > 0) throw new CommandFailure(`Which workspace? Add --workspace with one of: ${slugs}.`, 2);
  const workspace = await connections.getWorkspace(only.workspaceId);
  if (workspace === null) throw new CommandFailure(`The workspace ${only.slug} cannot be read.`);
  return workspace;
}
