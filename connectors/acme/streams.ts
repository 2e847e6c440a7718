/** What is read of Acme, and how. */
import { listThenChanges } from "#connectors/core/list-then-changes.ts";
import { defineStream } from "#connectors/core/stream.ts";
import type { AcmeClient } from "./client.ts";
import { orderToRecords, personToRecords } from "./mapping.ts";
import { orderRow, personRow, stub } from "./schema.ts";

const reading = (what: "people" | "orders") =>
  listThenChanges<AcmeClient>({
    page: (client, { since, after }) => client.list(what, since, after),
    now: (client) => client.now(),
    overlapMs: (client) => client.settings.overlapMinutes * 60_000,
  });

export const people = defineStream({
  title: "People",
  kind: "person",
  // Lists of changes name who was deleted; the list of everybody leaves them out.
  deletes: "tombstones",
  ...reading("people"),
  row: personRow,
  tombstone(raw) {
    const gone = stub.safeParse(raw).data;
    return gone === undefined ? null : { id: gone.id, at: gone.deleted_at ?? null };
  },
  toRecords: personToRecords,
});

export const orders = defineStream({
  title: "Orders",
  kind: "order",
  // An order that is called off is `void`; none is ever deleted.
  deletes: "none",
  ...reading("orders"),
  row: orderRow,
  toRecords: orderToRecords,
});
