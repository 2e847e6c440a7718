/** What campaigns cost and brought, by day: in millionths of the account's currency, in the account's own days. */
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import { dayAfter, daysBetween, figureId } from "#connectors/core/figures.ts";
import type { FigureRecord, MetricRecord } from "#connectors/core/records.ts";
import { defineStream } from "#connectors/core/stream.ts";
import { walkPages } from "#connectors/core/walk.ts";
import type { Account } from "./accounts.ts";
import type { GoogleAdsClient } from "./client.ts";
import { cursor, dayOf, ofAccount, readByDay } from "./days.ts";
import type { Cursor, Part, Span } from "./days.ts";
import { DAYS_PER_QUERY } from "./limits.ts";
import { spendRow } from "./schema.ts";
import type { SpendRow } from "./schema.ts";

export const spend = defineStream<GoogleAdsClient, SpendRow, Cursor>({
  title: "Spend",
  kind: "spend",
  deletes: "none",
  cursor,
  row: spendRow,
  idOf: (raw) => {
    const named = campaignOf.safeParse(raw);
    return named.success ? idOf(named.data.campaign.id) : null;
  },
  read(client, from) {
    const { backfillDays, correctionDays } = client.settings;
    return readByDay(client, from, {
      first: (today) => dayAfter(today, -backfillDays),
      again: correctionDays,
      parts,
    });
  },
  toRecords: recordsOf,
});

const campaignOf = z.object({ campaign: z.object({ id: z.string() }) });

/** By number, so that a campaign that is renamed stays one. */
const idOf = (campaign: string): string => figureId({ campaign_id: campaign });

const queryOf = (first: string, last: string): string =>
  `SELECT campaign.id, campaign.name, segments.date, metrics.cost_micros, metrics.clicks, metrics.impressions, metrics.conversions, metrics.conversions_value FROM campaign WHERE segments.date BETWEEN '${first}' AND '${last}'`;

async function* parts(client: GoogleAdsClient, account: Account, { today, day, root }: Span): AsyncGenerator<Part> {
  const corrected = dayAfter(today, -client.settings.correctionDays);
  // The zone of an account can be changed: its today may lie before the day it was read up to.
  for (let first = day < today ? day : today; first <= today; first = dayAfter(first, DAYS_PER_QUERY)) {
    const last = [dayAfter(first, DAYS_PER_QUERY - 1), today].toSorted()[0] ?? today;
    const rows = await rowsByDay(client, account, root, first, last);
    for (const one of daysBetween(first, last)) {
      yield {
        raw: (rows.get(one) ?? []).map((row) => ofAccount(account, row)),
        // A day that is not over is corrected like any other of the last ones.
        days: [{ account: account.id, day: one, settled: one < corrected, flags: [] }],
        next: one === today ? null : { day: dayAfter(one, 1), page: null },
      };
    }
  }
}

/** Every row of these days, of all pages: a day is replaced as a whole, so it has to be one. */
async function rowsByDay(client: GoogleAdsClient, { id }: Account, root: string, first: string, last: string) {
  const byDay = new Map(daysBetween(first, last).map((day): [string, unknown[]] => [day, []]));
  const seen = new Set<string>();
  const page = (after: string | null) =>
    client.search("campaign.search", { customer: id, root }, queryOf(first, last), after);
  for await (const { rows } of walkPages("Spend", page)) {
    for (const row of rows) {
      const day = dayOf(row);
      const campaign = campaignOf.safeParse(row).data?.campaign.id;
      const ofDay = byDay.get(day);
      if (ofDay === undefined)
        throw new ConnectorError("contract", "Google Ads answered with a row of another day than was asked for.");
      if (campaign !== undefined && seen.has(`${day} ${campaign}`))
        throw new ConnectorError("contract", "Google Ads answered with two rows of one campaign and day.");
      seen.add(`${day} ${campaign ?? ofDay.length}`);
      ofDay.push(row);
    }
  }
  return byDay;
}

/** Pure. */
export function recordsOf({ account, currency, campaign, segments, metrics }: SpendRow): FigureRecord[] {
  const figure = {
    ...{ id: idOf(campaign.id), updatedAt: null, deleted: false as const, account, day: segments.date },
    dimensions: { campaign: campaign.name, campaign_id: campaign.id },
    flags: [],
  };
  const count = (name: string, value: number): MetricRecord => ({
    ...{ kind: "metric", ...figure, name, value, unit: "count", currency: null },
  });
  return [
    { kind: "spend", ...figure, amountMicros: metrics.costMicros, currency },
    count("clicks", metrics.clicks),
    count("impressions", metrics.impressions),
    count("conversions", metrics.conversions),
    {
      ...{ kind: "metric", ...figure, name: "conversions_value", unit: "micros", currency },
      value: Math.round(metrics.conversionsValue * 1e6) + 0,
    },
  ];
}
