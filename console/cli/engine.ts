/** Temporal's client, a fifth of what a command loads: most commands do without it, so it is loaded when asked for. */
import type { openEngine as open } from "#workflows/client.ts";
import type { reconcileSchedules as reconcile } from "#workflows/schedules.ts";

export const openEngine: typeof open = async (...args) => (await import("#workflows/client.ts")).openEngine(...args);

export const reconcileSchedules: typeof reconcile = async (...args) =>
  (await import("#workflows/schedules.ts")).reconcileSchedules(...args);
