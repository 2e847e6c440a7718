/** Events, oldest first. They never change; which of them are new is told by when they happened. */
import { z } from "zod";
import { chunked } from "#connectors/core/batches.ts";
import { defineStream } from "#connectors/core/stream.ts";
import type { RawPage } from "#connectors/core/stream.ts";
import type { KlaviyoClient, Listed } from "../client.ts";
import type { ConsentRecord } from "#connectors/core/records.ts";
import { allowsOpens, consentsOf } from "../consent.ts";
import { PROFILE_PAGE } from "../limits.ts";
import { eventToRecords } from "../mapping.ts";
import type { EventExtra } from "../mapping.ts";
import { meaningOf } from "../metrics.ts";
import { eventRow, metricRow, profileRow } from "../schema.ts";
import type { EventRow } from "../schema.ts";
import { profilesById } from "./profiles.ts";
import { findEvents } from "./find.ts";
import { pageOrAnew, placeInWindow, secondBefore, settledOf, WINDOW_START } from "./windows.ts";

const instantMs = z.number().int();
/** `after` null: at rest between two reads. `since` null: a read of everything. */
const cursor = z.strictObject({ ...placeInWindow, since: instantMs.nullable(), settledAt: instantMs });
type Cursor = z.infer<typeof cursor>;

export const events = defineStream<KlaviyoClient, EventRow, Cursor, EventExtra>({
  title: "Events",
  kind: "touchpoint",
  cursor,
  deletes: "none",
  row: eventRow,
  read: readEvents,
  find: (client, news) => findEvents(client, news, withMetrics),
  enrich: async (client, rows) => ({ extra: { mayKeepOpens: await mayKeepOpens(client, rows) } }),
  toRecords: eventToRecords,
});

async function* readEvents(client: KlaviyoClient, from: Cursor | null): AsyncGenerator<RawPage<Cursor>> {
  let position: Omit<Cursor, "settledAt"> & { settledAt: number | null } =
    from !== null && from.after !== null ? from : { ...WINDOW_START, since: from?.settledAt ?? null, settledAt: null };
  for (;;) {
    const { since } = position;
    const startedAt = client.now();
    const filter = since === null ? null : `greater-or-equal(datetime,${secondBefore(since)})`;
    const ask = (after: string | null) => client.events(filter, after);
    // Everything is begun anew by the framework.
    const page = since === null ? { ...(await ask(position.after)), anew: 0 } : await pageOrAnew(position, ask);
    const settledAt: number =
      position.settledAt ?? settledOf(client, startedAt, page, client.settings.eventOverlapMinutes);
    const atEnd = page.next === null;
    const next: Cursor = atEnd
      ? { ...WINDOW_START, since: null, settledAt }
      : { after: page.next, anew: page.anew, since, settledAt };
    yield { raw: withMetrics(page), next, atEnd };
    if (atEnd) return;
    position = next;
  }
}

/** Each row with the name of its metric, which the page includes beside the rows. */
function withMetrics({ rows, included }: Listed): unknown[] {
  const names = new Map(
    included.flatMap((one) => {
      const metric = metricRow.safeParse(one).data;
      return metric === undefined ? [] : [[metric.id, metric.attributes.name ?? null] as const];
    }),
  );
  return rows.map((row) => {
    if (typeof row !== "object" || row === null) return row;
    const id = eventRow.shape.relationships.safeParse("relationships" in row ? row.relationships : null).data?.metric
      ?.data?.id;
    return { ...row, metric: names.get(id ?? "") ?? null };
  });
}

/** Of those who opened something, who agreed to be seen opening. Nobody is asked about while opens are not kept. */
async function mayKeepOpens(client: KlaviyoClient, rows: EventRow[]): Promise<EventExtra["mayKeepOpens"]> {
  if (client.settings.opens === "off") return null;
  const openers = rows.flatMap(({ metric, relationships }) =>
    meaningOf(metric)?.type === "email_opened" ? (relationships?.profile?.data?.id ?? []) : [],
  );
  const allowed = new Map<string, ConsentRecord[]>();
  for (const part of chunked([...new Set(openers)], PROFILE_PAGE))
    for (const row of await profilesById(client, part)) {
      const profile = profileRow.safeParse(row).data;
      if (profile !== undefined && allowsOpens(profile, client.now()))
        allowed.set(
          profile.id,
          consentsOf(profile).filter(({ purpose }) => purpose === "open_tracking"),
        );
    }
  return allowed;
}
