import { inBatches } from "../../core/batches.ts";
import type { RecordNews, Reject } from "../../core/contract.ts";
import type { FoundRows } from "../../core/stream.ts";
import type { HubspotClient } from "../client.ts";
import { BATCH_SIZE } from "../limits.ts";
import { mergedIdsOf } from "../mapping.ts";
import type { ObjectRow } from "../schema.ts";
import type { ObjectReading } from "./objects.ts";

/** `merged`: the row is the one it lives on in. `refused`: asked for alone, HubSpot names a fault. */
type Answer = { row: ObjectRow } | { merged: ObjectRow } | { refused: string } | "not answered";

/**
 * Single records as they stand now, which a search would show up to a minute later. A hundred cost one call; those that are
 * not among the live ones one more among the archived, and only what HubSpot then says to know nothing of is gone.
 */
export async function findObjects(
  client: HubspotClient,
  reading: ObjectReading,
  news: readonly RecordNews[],
): Promise<FoundRows> {
  const ids = news.map(({ id }) => id);
  const live = await ask(client, reading, ids, false);
  const absent = ids.filter((_, n) => live[n] === "not answered");
  const archived = await ask(client, reading, absent, true);
  const rows = new Map<string, ObjectRow>();
  const keep = (row: ObjectRow) => rows.set(row.id, row);
  const rejects: Reject[] = [];
  const gone: string[] = [];
  const take = (id: string, answer: Answer) => {
    if (answer === "not answered") return;
    if ("refused" in answer) rejects.push({ ref: id, id, reason: answer.refused, raw: { id } });
    else keep("row" in answer ? answer.row : answer.merged);
  };
  for (const [n, id] of ids.entries()) take(id, live[n] ?? "not answered");
  for (const [n, id] of absent.entries()) {
    const answer = archived[n] ?? "not answered";
    if (answer !== "not answered") {
      take(id, "row" in answer ? { row: { ...answer.row, archived: true } } : answer);
      continue;
    }
    const alone = await client.read(id, reading.properties, reading.type);
    if (alone === null || (alone.id !== id && !mergedIdsOf(alone).includes(id))) gone.push(id);
    if (alone !== null) keep(alone);
  }
  return { raw: [...rows.values()], rejects, gone };
}

function ask(client: HubspotClient, { type, properties }: ObjectReading, ids: string[], archived: boolean) {
  return inBatches<string, Answer>(ids, {
    size: BATCH_SIZE,
    keyOf: (id) => id,
    async send(batch) {
      const { rows } = await client.readBatch(type, batch, properties, archived);
      const answers = new Map<string, Answer>();
      for (const row of rows) for (const id of mergedIdsOf(row)) answers.set(id, { merged: row });
      for (const row of rows) answers.set(row.id, { row });
      return answers;
    },
    refused: (_, error) => (error.details.status === 404 ? "not answered" : { refused: error.message }),
    unanswered: () => "not answered",
  });
}
