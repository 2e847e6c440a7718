/** Temporal's client, a fifth of what a command loads: most commands do without it, so it is loaded when asked for. */
import type { Client } from "@temporalio/client";
import type { MasterKeys } from "#profile/store/credentials.ts";
import type { TemporalConfig } from "#temporal-config.ts";
import type { Engine, openEngine as open } from "#workflows/client.ts";
import type * as schedules from "#workflows/schedules.ts";

export const openEngine: typeof open = async (...args) => (await import("#workflows/client.ts")).openEngine(...args);

const scheduling = () => import("#workflows/schedules.ts");

export const makeUpSchedules: typeof schedules.makeUpSchedules = async (...args) =>
  (await scheduling()).makeUpSchedules(...args);

export const repairSchedules: typeof schedules.repairSchedules = async (...args) =>
  (await scheduling()).repairSchedules(...args);

export const lookAtSchedules: typeof schedules.lookAtSchedules = async (...args) =>
  (await scheduling()).lookAtSchedules(...args);

export const scheduleOf: typeof schedules.scheduleOf = async (...args) => (await scheduling()).scheduleOf(...args);

/** Long enough for a server that is there, short enough for a person who looks. */
const PATIENCE_MS = 3_000;

/** Lends Temporal's client to a look at things, opened when it is asked for; null: it does not answer. */
export async function withTemporal<T>(
  temporal: TemporalConfig,
  keys: MasterKeys,
  work: (open: () => Promise<Client | null>) => Promise<T>,
): Promise<T> {
  let engine: Promise<Engine | null> | undefined;
  try {
    return await work(
      async () =>
        (await (engine ??= openEngine(temporal, keys, undefined, PATIENCE_MS).catch(() => null)))?.client ?? null,
    );
  } finally {
    await (await engine)?.close();
  }
}
