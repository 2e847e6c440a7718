/** Everything that must be in place, in the order in which it depends on each other. Never throws over a finding. */
import { ConfigError, dataDirOf, parseEnvironment, readStackState, temporalOf } from "#config.ts";
import type { Environment, StackState } from "#config.ts";
import { createLogger } from "#logger.ts";
import type { InstallationId } from "#profile/ids.ts";
import { createInstallationStore } from "#profile/store/installation.ts";
import type { TemporalConfig } from "#temporal-config.ts";
import { openDatabase } from "#profile/store/database.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import { commandEnvironment, globals } from "../context.ts";
import { attentionFindings } from "./attention.ts";
import { fail, skip } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { openEngine } from "../engine.ts";
import { planFindings } from "./plans.ts";
import { diskFinding, keyFinding, nodeFinding, stackFinding } from "./machine.ts";
import { databaseFindings, ENGINE, temporalFindings } from "./servers.ts";
import { scheduleFindings } from "./schedules.ts";
import { copyFindings, retentionFindings, sizeFinding, statisticsFinding } from "./room.ts";
import { setAsideFindings } from "./set-aside.ts";
import { toolFindings } from "./tools.ts";

/** @param repair sets right on the way what needs no decision: the schedules */
export async function examine({ repair }: { repair: boolean }): Promise<Finding[]> {
  let environment: Environment;
  let running: StackState | null;
  let named: TemporalConfig | null;
  try {
    environment = parseEnvironment(commandEnvironment());
    running = readStackState(dataDirOf(environment));
    named = temporalOf(environment, running);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return [nodeFinding(), fail("environment", error.message.replaceAll("\n", "; "), "correct these variables")];
  }
  const dataDir = dataDirOf(environment);
  const { finding: key, keys } = keyFinding(environment, dataDir);
  const basics = [nodeFinding(), await diskFinding(dataDir), key, stackFinding(environment, running, dataDir)];

  const databaseUrl = environment.DATABASE_URL ?? running?.databaseUrl;
  const database = databaseUrl === undefined ? [skip("database", "nothing runs")] : await lookAtDatabase(databaseUrl);
  const installation =
    database.every(({ state }) => state === "ok") && databaseUrl !== undefined
      ? await installationOf(databaseUrl)
      : null;
  const temporal =
    named === null || keys === null
      ? [skip(ENGINE, named === null ? "nothing runs" : "needs the master key")]
      : await temporalFindings(named, keys, installation);
  const usable = databaseUrl !== undefined && keys !== null && database.every(({ state }) => state === "ok");
  if (!usable) return [...basics, ...database, ...temporal, skip("tools", "needs the database and the master key")];

  const answers = temporal.some(({ check, state }) => check === ENGINE && state === "ok");
  const log = createLogger({ name: "tributary", level: globals.verbose ? "debug" : "silent" });
  const { dependencies, database: opened, close } = createDependencies({ databaseUrl, masterKeys: keys }, log);
  try {
    return [
      ...basics,
      ...database,
      ...temporal,
      ...(named === null || installation === null
        ? []
        : await looked("schedules", () => scheduleFindings(dependencies, named, keys, { installation, repair }))),
      ...(await toolFindings(dependencies)),
      ...(await setAsideFindings(dependencies)),
      await sizeFinding(opened),
      ...(await retentionFindings(dependencies)),
      ...(await copyFindings(dependencies)),
      await statisticsFinding(opened),
      ...(named === null ? [] : await looked("work", () => attentionFindings(dependencies, named, keys))),
      ...(await planFindings(
        dependencies,
        answers && named !== null && installation !== null ? () => openEngine(named, keys, installation) : null,
      )),
    ];
  } finally {
    await close();
  }
}

/** What another finding keeps from being looked at (the key of another installation, say) does not keep the rest from being told. */
async function looked(check: string, look: () => Promise<Finding[]>): Promise<Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [skip(check, `could not be looked at: ${error instanceof Error ? error.message : String(error)}`)];
  }
}

async function installationOf(url: string): Promise<InstallationId | null> {
  const database = openDatabase(url, { max: 1 });
  try {
    return (await createInstallationStore(database).get()).installationId;
  } finally {
    await database.close();
  }
}

async function lookAtDatabase(url: string): Promise<Finding[]> {
  const database = openDatabase(url, { max: 1 });
  try {
    return await databaseFindings(database, url);
  } finally {
    // Not awaited: a server that never answers would keep us.
    void database.close();
  }
}
