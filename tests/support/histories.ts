/** What Temporal keeps of workflows, as it would be exported. */
import { historyToJSON } from "@temporalio/common/lib/proto-utils.js";
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

/** Every workflow of the namespace, closed or open, oldest first. */
export async function exportHistories(client: Client): Promise<ExportedHistory[]> {
  const exported: ExportedHistory[] = [];
  for await (const workflow of client.workflow.list()) {
    const { workflowId, runId, type, startTime, memo, typedSearchAttributes } = workflow;
    const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    const listed = JSON.stringify({ memo, attributes: typedSearchAttributes.getAll() });
    exported.push({ workflowId, type, startedAt: startTime, json: historyToJSON(history), listed });
  }
  return exported.toSorted((a, b) => a.startedAt.getTime() - b.startedAt.getTime());
}
