/**
 * The refresh schedules at Temporal, one for each workspace. They are made when a workspace is made or changed; what could
 * not be made then is noted in the database and made up by a worker. A worker's start does not go through the workspaces.
 *
 * An installation touches the schedules that carry its id, and those of release 0.1.0 that are surely its own.
 */
import { hash } from "node:crypto";
import { ScheduleAlreadyRunning, ScheduleNotFoundError, ScheduleOverlapPolicy, ServiceError } from "@temporalio/client";
import type { Client, ScheduleOptions, ScheduleUpdateOptions } from "@temporalio/client";
import pMap from "p-map";
import type { InstallationId, WorkspaceId } from "#profile/ids.ts";
import type { WorkspaceRhythm } from "#profile/store/installation.ts";
import type { Dependencies } from "./dependencies.ts";
import { retireEarlierSchedule } from "./earlier-release.ts";
import { namesOf } from "./names.ts";

/** Workspaces told to Temporal side by side; each takes it some 30 ms. */
const SIDE_BY_SIDE = 4;

type Stores = Pick<Dependencies, "installation" | "runs">;

/** Makes the schedules that are yet to be made. @returns how many there were */
export async function makeUpSchedules(client: Client, stores: Stores): Promise<number> {
  const { installationId } = await stores.installation.get();
  const pending = await stores.installation.unscheduled();
  await pMap(
    pending,
    async (workspace) => {
      const was = await ensureSchedule(client, installationId, workspace);
      await retireEarlierSchedule(client, stores.runs, workspace.workspaceId);
      await stores.installation.scheduled(workspace, was);
    },
    { concurrency: SIDE_BY_SIDE },
  );
  return pending.length;
}

/**
 * Notes every schedule as yet to be made where this server does not know them: its history was lost, or it is another one. One
 * question, however many workspaces there are.
 */
async function noticeLostSchedules(client: Client, { installation }: Stores): Promise<void> {
  const known = await installation.anyScheduled();
  if (known === null) return;
  const { refreshSchedule } = namesOf((await installation.get()).installationId);
  try {
    await client.schedule.getHandle(refreshSchedule(known.workspaceId)).describe();
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) throw error;
    await installation.scheduleAll();
  }
}

const LOOK_AGAIN_MS = 60_000;

/**
 * A worker's part: schedules that Temporal has lost, or that nobody could make when a workspace was made, are made up for, now
 * and every minute. It goes on beside the worker's other work, which does not wait for it.
 *
 * @returns what ends it
 */
export function keepSchedules(client: Client, stores: Stores & Pick<Dependencies, "log">): { stop(): Promise<void> } {
  const look = async (first: boolean) => {
    try {
      if (first) await noticeLostSchedules(client, stores);
      const made = await makeUpSchedules(client, stores);
      if (made > 0) stores.log.info({ made }, "refresh schedules made");
    } catch (error) {
      stores.log.warn({ err: error }, "refresh schedules could not be looked after; tried again in a minute");
    }
  };
  let atWork = look(true);
  const timer = setInterval(() => {
    atWork = atWork.then(() => look(false));
  }, LOOK_AGAIN_MS);
  return {
    stop: async () => {
      clearInterval(timer);
      await atWork;
    },
  };
}

/** Makes every schedule as it has to be, and removes those of this installation that belong to no workspace. */
export async function repairSchedules(
  client: Client,
  stores: Stores,
  workspaces: readonly WorkspaceRhythm[],
): Promise<void> {
  const { installationId } = await stores.installation.get();
  const { refreshSchedule } = namesOf(installationId);
  const wanted = new Set(workspaces.map(({ workspaceId }) => refreshSchedule(workspaceId)));
  for await (const { scheduleId } of client.schedule.list())
    if (scheduleId.startsWith(refreshSchedule("")) && !wanted.has(scheduleId))
      await client.schedule.getHandle(scheduleId).delete();
  await stores.installation.scheduleAll();
  await makeUpSchedules(client, stores);
}

/** How a workspace's schedule has fared since it was made. */
export interface ScheduleRecord {
  workspaceId: WorkspaceId;
  /** Refreshes that never began, because Temporal was away for longer than it catches up with. */
  missed: number;
  /** Whose time came while the one before was still under way: that one does instead. */
  joined: number;
  since: Date;
  next: Date | null;
}

/** Null: there is no schedule. */
export async function scheduleOf(
  client: Client,
  { installation }: Pick<Stores, "installation">,
  workspaceId: WorkspaceId,
): Promise<ScheduleRecord | null> {
  const { refreshSchedule } = namesOf((await installation.get()).installationId);
  try {
    const { info } = await client.schedule.getHandle(refreshSchedule(workspaceId)).describe();
    const { numActionsMissedCatchupWindow: missed, numActionsSkippedOverlap: joined, createdAt: since } = info;
    return { workspaceId, missed, joined, since, next: info.nextActionTimes[0] ?? null };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return null;
    throw error;
  }
}

export interface ScheduleReport {
  /** Workspaces that are not refreshed on schedule. */
  missing: WorkspaceId[];
  /** Schedules of this installation without a workspace. */
  strays: string[];
  /** Workspaces of whose name release 0.1.0 left a schedule that may be another installation's. */
  earlier: WorkspaceId[];
  records: ScheduleRecord[];
}

/** Goes through all schedules of the namespace: for a person who asks. */
export async function lookAtSchedules(
  client: Client,
  stores: Pick<Stores, "installation">,
  workspaces: readonly WorkspaceRhythm[],
): Promise<ScheduleReport> {
  const { refreshSchedule } = namesOf((await stores.installation.get()).installationId);
  const there = new Set<string>();
  for await (const { scheduleId } of client.schedule.list()) there.add(scheduleId);
  const ids = workspaces.map(({ workspaceId }) => workspaceId);
  const wanted = new Set(ids.map(refreshSchedule));
  const found = await pMap(ids, (id) => scheduleOf(client, stores, id), { concurrency: SIDE_BY_SIDE });
  return {
    missing: ids.filter((_id, index) => found[index] === null),
    strays: [...there].filter((id) => id.startsWith(refreshSchedule("")) && !wanted.has(id)),
    earlier: ids.filter((id) => there.has(namesOf(undefined).refreshSchedule(id))),
    records: found.filter((record) => record !== null),
  };
}

async function ensureSchedule(
  client: Client,
  installation: InstallationId,
  workspace: WorkspaceRhythm,
): Promise<"made" | "changed"> {
  const scheduleId = namesOf(installation).refreshSchedule(workspace.workspaceId);
  const options = scheduleOptions(installation, workspace);
  try {
    await client.schedule.create({ scheduleId, ...options });
    return "made";
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    const handle = client.schedule.getHandle(scheduleId);
    try {
      await handle.update((current): ScheduleUpdateOptions => ({ ...current, ...options }));
      return "changed";
    } catch (problem) {
      if (problem instanceof ServiceError || problem instanceof ScheduleNotFoundError) throw problem;
      // It is ours by its id, but was made under a key that is gone.
      await handle.delete();
      await client.schedule.create({ scheduleId, ...options });
      return "made";
    }
  }
}

function scheduleOptions(
  installation: InstallationId,
  workspace: WorkspaceRhythm,
): Pick<ScheduleOptions, "spec" | "policies"> & {
  action: { type: "startWorkflow"; workflowType: string; workflowId: string; taskQueue: string; args: unknown[] };
} {
  const { workspaceId, refreshMinutes } = workspace;
  const names = namesOf(installation);
  return {
    spec: {
      intervals: [{ every: `${refreshMinutes} minutes`, offset: `${offsetSeconds(installation, workspace)} seconds` }],
    },
    // After an outage one refresh sees what the missed ones would have; the others are counted as skipped.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: "1 day" },
    action: {
      type: "startWorkflow",
      workflowType: "refreshOnSchedule",
      workflowId: names.scheduledRefresh(workspaceId),
      taskQueue: names.engineQueue,
      args: [{ workspaceId, installation }],
    },
  };
}

/** Each workspace has its own place within the interval, so that many of them do not begin in the same second. */
export function offsetSeconds(installation: string, { workspaceId, refreshMinutes }: WorkspaceRhythm): number {
  const digest = hash("sha256", `${installation}|${workspaceId}`, "hex");
  return Number.parseInt(digest.slice(0, 12), 16) % (refreshMinutes * 60);
}
