/** Who joined which list when, list by list in the order of their ids. */
import { z } from "zod";
import type { Reject } from "#connectors/core/contract.ts";
import { defineStream, formOf, idOf } from "#connectors/core/stream.ts";
import type { RawPage } from "#connectors/core/stream.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { KlaviyoClient, Listed } from "../client.ts";
import { memberToRecords } from "../mapping.ts";
import { listRow, memberRow } from "../schema.ts";
import type { ListRow, MemberRow } from "../schema.ts";
import { pageOrAnew, placeInWindow, secondBefore, settledOf, WINDOW_START } from "./windows.ts";
import type { PlaceInWindow } from "./windows.ts";

const instantMs = z.number().int();
/** Lists before `list` are done, and with `after` null it is too. `list` null: at rest between two reads. `since` null: a read of everything. */
const cursor = z.strictObject({
  list: z.string().nullable(),
  ...placeInWindow,
  since: instantMs.nullable(),
  settledAt: instantMs,
});
type Cursor = z.infer<typeof cursor>;

export const lists = defineStream<KlaviyoClient, MemberRow, Cursor>({
  title: "List memberships",
  kind: "touchpoint",
  cursor,
  // Who leaves a list joined it all the same.
  deletes: "none",
  row: memberRow,
  idOf: (raw) => {
    const member = memberRow.pick({ list: true }).safeParse(raw).data;
    const id = idOf(raw);
    return member === undefined || id === null ? null : `${member.list.id}:${id}`;
  },
  read: readLists,
  toRecords: memberToRecords,
});

async function* readLists(client: KlaviyoClient, from: Cursor | null): AsyncGenerator<RawPage<Cursor>> {
  const startedAt = client.now();
  const known = await listsOf(client);
  const settledAt = from === null || from.list === null ? settledOf(client, startedAt, known) : from.settledAt;
  const since = from === null ? null : from.list === null ? from.settledAt : from.since;
  const rest: Cursor = { list: null, ...WINDOW_START, since: null, settledAt };
  const isOpen = ({ id }: ListRow) => from?.list == null || id > from.list || (id === from.list && from.after !== null);
  const open = known.lists.filter(isOpen);
  const last = open.at(-1)?.id;
  let rejects = known.rejects;
  if (last === undefined) yield { raw: [], rejects, next: rest, atEnd: true };
  for (const { id, attributes } of open) {
    const filter = since === null ? null : `greater-or-equal(joined_group_at,${secondBefore(since)})`;
    for (let place: PlaceInWindow = id === from?.list ? from : WINDOW_START; ;) {
      const page: Listed & Pick<PlaceInWindow, "anew"> = await pageOrAnew(place, (after) =>
        client.members(id, filter, after),
      );
      const list = { id, name: attributes.name ?? null };
      const raw = page.rows.map((row) => (typeof row === "object" && row !== null ? { ...row, list } : row));
      const atEnd = page.next === null && id === last;
      place = { after: page.next, anew: page.anew };
      // Hundreds of lists that nobody joined are no page each.
      if (raw.length === 0 && rejects.length === 0 && page.next === null && !atEnd) break;
      yield { raw, rejects, next: atEnd ? rest : { list: id, ...place, since, settledAt }, atEnd };
      rejects = [];
      if (page.next === null) break;
    }
  }
}

interface KnownLists {
  lists: ListRow[];
  /** Lists in a form we do not know: nobody can be asked about their members. */
  rejects: Reject[];
  servedAt: number | null;
}

/** All lists in the order of their ids, and Klaviyo's clock at the first page. */
async function listsOf(client: KlaviyoClient): Promise<KnownLists> {
  const found = new Map<string, ListRow>();
  const rejects: Reject[] = [];
  let servedAt: number | null | undefined;
  for await (const page of walkPages("Klaviyo's lists", (after) => client.lists(after))) {
    if (servedAt === undefined) servedAt = page.servedAt;
    for (const raw of page.rows) {
      const list = listRow.safeParse(raw);
      if (list.success) found.set(list.data.id, list.data);
      else rejects.push({ ref: `list ${idOf(raw) ?? "without an id"}`, reason: `Lists: ${formOf(list.error)}.`, raw });
    }
  }
  const lists = [...found.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { lists, rejects, servedAt: servedAt ?? null };
}
