/** What Temporal keeps of workflows, as it would be exported. */
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
import type { History, JSONPayload } from "@temporalio/common/lib/proto-utils.js";
import type { Client } from "@temporalio/client";

export interface ExportedHistory {
  workflowId: string;
  type: string;
  startedAt: Date;
  /** Temporal's own JSON; payloads are base64. */
  json: string;
  /** Search attributes and memo, which a list shows without anybody's key. */
  listed: string;
}

/**
 * What a workflow costs in Temporal Cloud's unit, by its history. Read 2026-11:
 * https://docs.temporal.io/cloud/actions. Not in a history, and so not in here: two for each time a schedule fires,
 * heartbeats, queries.
 */
export function actionsOf({ events }: History): number {
  const actions: [attributes: keyof NonNullable<History["events"]>[number], count: number][] = [
    ["workflowExecutionStartedEventAttributes", 1],
    ["activityTaskScheduledEventAttributes", 1],
    ["timerStartedEventAttributes", 1],
    ["startChildWorkflowExecutionInitiatedEventAttributes", 1],
    ["signalExternalWorkflowExecutionInitiatedEventAttributes", 1],
    ["workflowExecutionUpdateAcceptedEventAttributes", 1],
    ["markerRecordedEventAttributes", 1],
  ];
  return (events ?? []).reduce((sum, event) => {
    const retries = Math.max(0, (event.activityTaskStartedEventAttributes?.attempt ?? 1) - 1);
    const own = actions.reduce((all, [attributes, count]) => (event[attributes] == null ? all : all + count), 0);
    return sum + own + retries;
  }, 0);
}

/** Every workflow of an installation, by the queue it runs on, closed or open, oldest first. */
export async function exportHistories(client: Client, queue: string): Promise<ExportedHistory[]> {
  const exported: ExportedHistory[] = [];
  for await (const workflow of client.workflow.list({ query: `TaskQueue = "${queue}"` })) {
    const { workflowId, runId, type, startTime, memo, typedSearchAttributes } = workflow;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const listed = JSON.stringify({ memo, attributes: typedSearchAttributes.getAll() });
    exported.push({ workflowId, type, startedAt: startTime, json: historyToJSON(history), listed });
  }
  return exported.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
}

/** Payloads anywhere in an exported history; search attributes are not encrypted and are looked at by themselves. */
export function payloadsOf(value: unknown): JSONPayload[] {
  if (Array.isArray(value)) return value.flatMap(payloadsOf);
  if (typeof value !== "object" || value === null) return [];
  if ("metadata" in value && "data" in value) return [value as JSONPayload]; // Only payloads have both.
  // Temporal's core notes by itself, and in the clear, which change of the workflows' code a run has met: a name in our code.
  if ("markerName" in value && value.markerName === "core_patch") return [];
  return Object.entries(value).flatMap(([name, inner]) => (name === "searchAttributes" ? [] : payloadsOf(inner)));
}
