import type { Dependencies } from "./dependencies.ts";
import { pruneActivities } from "./prune/activities.ts";
import { newsActivities } from "./refresh/news.ts";
import { refreshActivities } from "./refresh/activities.ts";
import { syncActivities } from "./sync/activities.ts";
import { webhookActivities } from "./webhooks/activities.ts";
import { writeBackActivities } from "./write-back/activities.ts";

/** Every activity the workers register. */
export function createActivities(deps: Dependencies) {
  return {
    ...syncActivities(deps),
    ...newsActivities(deps),
    ...refreshActivities(deps),
    ...webhookActivities(deps),
    ...writeBackActivities(deps),
    ...pruneActivities(deps),
  };
}

export type Activities = ReturnType<typeof createActivities>;
