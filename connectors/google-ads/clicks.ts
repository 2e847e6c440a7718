/** Clicks on ads, one query a day: they say of which campaign a click was that somebody else knows by its gclid. */
import type { Reject } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { dayAfter } from "#connectors/core/figures.ts";
import { daySpan } from "#connectors/core/local-time.ts";
import type { TouchpointRecord } from "#connectors/core/records.ts";
import { defineStream } from "#connectors/core/stream.ts";
import { cursorGuard } from "#connectors/core/walk.ts";
import { z } from "zod";
import type { Account } from "./accounts.ts";
import type { GoogleAdsClient } from "./client.ts";
import { cursor, dayOf, ofAccount, readByDay } from "./days.ts";
import type { Cursor, Part, Span } from "./days.ts";
import { CLICK_AGAIN_DAYS, CLICK_DAYS } from "./limits.ts";
import { clickRow } from "./schema.ts";
import type { ClickRow } from "./schema.ts";

export const clicks = defineStream<GoogleAdsClient, ClickRow, Cursor>({
  title: "Clicks",
  kind: "touchpoint",
  deletes: "none",
  cursor,
  row: clickRow,
  idOf: (raw) => named.safeParse(raw).data?.clickView.gclid ?? null,
  read: (client, from) =>
    readByDay(client, from, {
      first: (today) => dayAfter(today, 1 - client.settings.clickDays),
      again: CLICK_AGAIN_DAYS,
      parts,
    }),
  toRecords: recordsOf,
});

const named = z.object({ clickView: z.object({ gclid: z.string().min(1).max(255) }) });

/** Today is one of the ninety. */
const oldest = (today: string): string => dayAfter(today, 1 - CLICK_DAYS);

const queryOf = (day: string): string =>
  `SELECT click_view.gclid, click_view.ad_group_ad, click_view.keyword, click_view.keyword_info.text, segments.date, segments.click_type, campaign.id, campaign.name, ad_group.id FROM click_view WHERE segments.date = '${day}'`;

async function* parts(
  client: GoogleAdsClient,
  account: Account,
  { today, root, ...begin }: Span,
): AsyncGenerator<Part> {
  const first = oldest(today);
  const isLate = begin.day < first;
  let lost: Reject[] = isLate ? [lostDays(account, begin.day, dayAfter(first, -1))] : [];
  let day = isLate ? first : ([begin.day, today].toSorted()[0] ?? today);
  let page = isLate ? null : begin.page;
  let guard = cursorGuard("Clicks", page);
  for (;;) {
    const found = await pageOf(client, account, root, day, page);
    for (const row of found.rows)
      if (dayOf(row) !== day)
        throw new ConnectorError("contract", "Google Ads answered with a click of another day than was asked for.");
    if (found.next !== null) guard(found.next, found.rows.length);
    const isLast = found.next === null && day >= today;
    const next = found.next === null ? { day: dayAfter(day, 1), page: null } : { day, page: found.next };
    yield { raw: found.rows.map((row) => ofAccount(account, row)), rejects: lost, next: isLast ? null : next };
    if (isLast) return;
    lost = [];
    if (found.next === null) guard = cursorGuard("Clicks", null);
    ({ day, page } = next);
  }
}

/** A place within a day is forgotten after a while; the day is then read from its beginning. */
async function pageOf(client: GoogleAdsClient, { id }: Account, root: string, day: string, page: string | null) {
  const ask = (after: string | null) => client.search("click_view.search", { customer: id, root }, queryOf(day), after);
  if (page === null) return ask(null);
  return ask(page).catch((error: unknown) => {
    if (error instanceof ConnectorError && error.kind === "cursor_expired") return ask(null);
    throw error;
  });
}

function lostDays({ id }: Account, first: string, last: string): Reject {
  return {
    ...{ ref: `clicks ${id} ${first}`, kept: true, raw: { account: id, first, last } },
    reason: `Clicks of the account ${id} from ${first} to ${last} were not read in time: Google shows them for ${CLICK_DAYS} days. They cannot be had any more.`,
  };
}

/**
 * Pure. A click names nobody. Only where another tool says that somebody has this very gclid are both known to be the same,
 * so the record carries the gclid as its id and no person.
 */
export function recordsOf({ timeZone, clickView, campaign, segments }: ClickRow): TouchpointRecord[] {
  const at = daySpan(segments.date, timeZone)?.from;
  if (at === undefined) throw new Error("its day is none");
  const { gclid } = clickView;
  // Campaigns that advertise apps have none; what they cost is in the spend.
  if (gclid === undefined || gclid === null || gclid === "") return [];
  return [
    {
      ...{ kind: "touchpoint", id: gclid, updatedAt: null, deleted: false, person: null },
      ...{ type: "ad_clicked", at, channel: "ads", campaign: campaign.name ?? campaign.id },
      ...{ amountMinor: null, currency: null },
    },
  ];
}
