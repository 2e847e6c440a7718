import { activityInfo } from "@temporalio/activity";
import { ON_SCHEDULE } from "./priority.ts";

/** How urgent the calls of the activity under way are: as it is itself among those that wait for a worker. */
export const urgencyHere = (): number => activityInfo().priority?.priorityKey ?? ON_SCHEDULE;
