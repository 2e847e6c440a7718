/**
 * In which order Temporal hands out what waits for a worker: by priority first, and within one in turns between
 * workspaces, so that the many steps of a large one do not stand before the few of a small one.
 *
 * Children and activities have what the workflow that began them has, unless they say otherwise.
 */
import type { Priority } from "@temporalio/common";

/** What somebody waits for at a screen. */
export const ASKED_FOR = 1;
/** Looking for news is little work, and what it finds is to be found soon. */
const NEWS = 2;
export const ON_SCHEDULE = 3;
/** A first read takes as long as it takes. */
const FIRST_READ = 4;

export const askedFor = (workspaceId: string): Priority => ({ priorityKey: ASKED_FOR, fairnessKey: workspaceId });
export const lookingForNews = (workspaceId: string): Priority => ({ priorityKey: NEWS, fairnessKey: workspaceId });
export const onSchedule = (workspaceId: string): Priority => ({ priorityKey: ON_SCHEDULE, fairnessKey: workspaceId });
export const ofFirstRead = (workspaceId: string): Priority => ({ priorityKey: FIRST_READ, fairnessKey: workspaceId });
/** As urgent as what it belongs to. */
export const inTurn = (workspaceId: string): Priority => ({ fairnessKey: workspaceId });
