import { loadConfig } from "#config.ts";
import type { Config } from "#config.ts";
import { createLogger } from "#logger.ts";
import { createProfileViews } from "#profile/store/views/profile.ts";
import type { ProfileViews } from "#profile/store/views/profile.ts";
import { readRejectReasons } from "#profile/store/views/health.ts";
import type { RejectReason } from "#profile/store/views/health.ts";
import { createReader } from "#profile/store/views/read.ts";
import type { Reader } from "#profile/store/views/read.ts";
import type { Workspace } from "#profile/store/connections.ts";
import { openEngine } from "#workflows/client.ts";
import type { Engine } from "#workflows/client.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { asDatabaseFailure } from "./database-failure.ts";
import { CommandFailure } from "./failure.ts";

export interface Context {
  config: Config;
  stores: Dependencies & { views: ProfileViews; reader: Reader; rejectReasons(): Promise<RejectReason[]> };
  workspace: Workspace;
  /** Connects to Temporal the first time it is asked for, and makes sure that a worker is there to do what is asked. */
  engine(): Promise<Engine>;
}

/** Set by the program's own options before a command runs. */
export const globals: { workspace?: string; verbose: boolean } = { verbose: false };

/** Opens what a command works with and closes it whatever happens. */
export async function withContext<T>(work: (context: Context) => Promise<T>): Promise<T> {
  const config = loadConfig();
  const log = createLogger({ name: "tributary", level: globals.verbose ? "debug" : "warn" });
  const { dependencies, database, close } = createDependencies(config, log);
  let engine: Promise<Engine> | undefined;
  try {
    const workspace = await chosenWorkspace(dependencies, config);
    return await work({
      config,
      stores: {
        ...dependencies,
        views: createProfileViews(database),
        reader: createReader(database),
        rejectReasons: () => readRejectReasons(database, workspace.workspaceId),
      },
      workspace,
      engine: () => (engine ??= engineWithWorker(config)),
    });
  } finally {
    await (await engine?.catch(() => undefined))?.close();
    await close();
  }
}

/** Asking a Temporal without workers would wait for ever. */
async function engineWithWorker({ temporal, masterKeys }: Config): Promise<Engine> {
  const engine = await openEngine(temporal, masterKeys).catch((error: unknown) => {
    throw new CommandFailure(
      `Temporal at ${temporal.address} does not answer. Is \`npm start\` running? \`tributary doctor\` looks closer.`,
      1,
      { cause: error },
    );
  });
  if ((await engine.pollers()) > 0) return engine;
  await engine.close();
  throw new CommandFailure(
    `No worker asks Temporal at ${temporal.address} for work, so nothing would happen: \`npm start\` runs one.`,
  );
}

/** The one there is, or the one named by --workspace. */
async function chosenWorkspace({ connections }: Dependencies, { databaseUrl }: Config): Promise<Workspace> {
  const all = await connections.listWorkspaces().catch((error: unknown) => {
    throw asDatabaseFailure(error, databaseUrl);
  });
  const named = globals.workspace === undefined ? all : all.filter(({ slug }) => slug === globals.workspace);
  const [only, ...others] = named;
  const slugs = all.map(({ slug }) => slug).join(", ");
  if (only === undefined) {
    throw new CommandFailure(
      all.length === 0
        ? "There is no workspace yet: run `npm start` first."
        : `There is no such workspace; there are: ${slugs}.`,
      3,
    );
  }
  if (others.length > 0) throw new CommandFailure(`Which workspace? Add --workspace with one of: ${slugs}.`, 2);
  const workspace = await connections.getWorkspace(only.workspaceId);
  if (workspace === null) throw new CommandFailure(`The workspace ${only.slug} cannot be read.`);
  return workspace;
}
