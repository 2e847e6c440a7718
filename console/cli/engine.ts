/** Temporal's client, a fifth of what a command loads: most commands do without it, so it is loaded when asked for. */
import type { openEngine as open } from "#workflows/client.ts";
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
