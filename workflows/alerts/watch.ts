/**
 * Looks now and then whether something needs somebody, and tells. Workers and consoles all do; the database gives one of them
 * the turn. So an alert comes while no worker runs, as long as a console does; what cannot be seen from inside, as when
 * neither runs, `tributary doctor` sees from outside.
 */
import type { Client } from "@temporalio/client";
import type { Config } from "#config.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { DueAlert } from "#profile/store/alerts.ts";
import { findConditions } from "../attention/find.ts";
import type { Condition, ConditionKind } from "../attention/judge.ts";
import type { Engine } from "../client.ts";
import type { Dependencies } from "../dependencies.ts";
import { alertChannels, type AlertChannel } from "./channels.ts";
import { messageOf } from "./message.ts";

const EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
const ENGINE_PATIENCE_MS = 10_000;
/** A console that starts before the workers, or a Temporal that is started anew, is nothing to wake anybody for. */
const GRACE_MS = 3 * 60_000;

/** Comes and goes with each retry; a run that is stuck over it names it. */
const NOT_TOLD: readonly ConditionKind[] = ["step_failing"];
/** What only Temporal knows. */
const FROM_ENGINE: readonly ConditionKind[] = ["run_stuck", "plan_stranded", "quota_exhausted"];

export interface Watching {
  config: Pick<Config, "alerts" | "temporal" | "masterKeys">;
  deps: Dependencies;
  channels: readonly AlertChannel[];
}

/** @returns what ends it; nothing is done where nobody is to be told */
export function keepWatch(config: Watching["config"], deps: Dependencies): { stop(): Promise<void> } {
  const channels = alertChannels(config.alerts);
  if (channels.length === 0) return { stop: async () => undefined };
  let atWork = Promise.resolve();
  const look = () => {
    atWork = lookOnce({ config, deps, channels }).catch((error: unknown) => {
      deps.log.warn({ err: error }, "alerts could not be looked after; tried again in a minute");
    });
  };
  look();
  const timer = setInterval(() => void atWork.then(look), EVERY_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await atWork;
    },
  };
}

export async function lookOnce(watching: Watching): Promise<void> {
  const { config, deps } = watching;
  const at = new Date(deps.now());
  if (!(await deps.alerts.takeTurn(at, EVERY_MS))) return;
  const { openEngine } = await import("../client.ts");
  const { installationId } = await deps.installation.get();
  const engine = await openEngine(config.temporal, config.masterKeys, installationId, ENGINE_PATIENCE_MS).catch(
    () => null,
  );
  try {
    // No workspace has this id.
    const everywhere = installationId as string as WorkspaceId;
    await noteAndTell(watching, everywhere, null, await troublesOfInstallation(config, engine), [], at);
    const unsure = engine === null ? FROM_ENGINE : [];
    for (const workspace of await deps.alerts.toWatch())
      try {
        const found = await findConditions(deps, async (): Promise<Client | null> => engine?.client ?? null, workspace);
        const told = found.filter(({ kind }) => !NOT_TOLD.includes(kind));
        await noteAndTell(watching, workspace.workspaceId, workspace.slug, told, unsure, at);
      } catch (error) {
        // The others are looked at all the same, and nothing of this one is taken for over.
        deps.log.warn({ err: error, workspaceId: workspace.workspaceId }, "a workspace could not be watched");
      }
  } finally {
    await engine?.close();
  }
}

async function troublesOfInstallation({ temporal }: Watching["config"], engine: Engine | null): Promise<Condition[]> {
  if (engine === null)
    return [
      {
        ...{
          kind: "no_engine",
          subject: "temporal",
          says: `Temporal at ${temporal.address} does not answer: nothing is refreshed`,
        },
        todo: "start it, or correct TEMPORAL_ADDRESS; `tributary doctor` tells when it is there again",
      },
    ];
  if ((await engine.pollers()) > 0) return [];
  const says = "no worker asks for work: nothing is refreshed and no plan is carried out";
  return [
    { kind: "no_worker", subject: "workers", says, todo: "start one: `node workflows/worker.ts`, and see its log" },
  ];
}

async function noteAndTell(
  { config, deps, channels }: Watching,
  scope: WorkspaceId,
  workspace: string | null,
  conditions: Condition[],
  unsure: readonly ConditionKind[],
  at: Date,
): Promise<void> {
  const due = await deps.alerts.note(scope, {
    ...{ troubles: conditions, channels: channels.map(({ name }) => name), unsure, at },
    againAfterMs: config.alerts.againHours * HOUR_MS,
    graceMs: workspace === null ? GRACE_MS : 0,
  });
  for (const alert of due) {
    const channel = channels.find(({ name }) => name === alert.channel);
    const todo = conditions.find(({ kind, subject }) => kind === alert.kind && subject === alert.subject)?.todo ?? null;
    try {
      await channel?.tell(messageOf(alert, { workspace, todo, at }));
      await deps.alerts.told(scope, alert, at);
    } catch (error) {
      deps.log.warn(
        { err: error, channel: alert.channel, kind: alert.kind },
        "an alert could not be told; tried again",
      );
      await deps.alerts.notTold(scope, alert, new Date(at.getTime() + pauseAfter(alert)));
    }
  }
}

/** One minute, two, four ... an hour: kept in the database, so that a restart forgets nothing. */
const pauseAfter = ({ attempts }: DueAlert): number => Math.min(HOUR_MS, EVERY_MS * 2 ** Math.min(attempts, 10));
