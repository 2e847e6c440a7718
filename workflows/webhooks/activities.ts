import type { Dependencies } from "../dependencies.ts";
import { webhookReader } from "./read.ts";

export const webhookActivities = (deps: Dependencies) => ({
  /** Reads the records that vendors have told of. */
  readWebhooks: webhookReader(deps),
});
