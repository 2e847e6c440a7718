/** Workflow functions only: this file is what gets bundled for the worker. */
export { planDestination } from "./refresh/destination.ts";
export { refreshOnSchedule, refreshWorkspace } from "./refresh/workflow.ts";
export { syncStream } from "./sync/workflow.ts";
export { refreshOnWebhook } from "./webhooks/workflow.ts";
export { applyPlan, undoPlan } from "./write-back/workflow.ts";
