/** Rows of Google Ads and what becomes of them. */
import type { Golden } from "#connectors/core/contract-suite/index.ts";
import { figureId } from "#connectors/core/figures.ts";
import { daySpan } from "#connectors/core/local-time.ts";
import { ACCOUNT, ZONE, clickSeed, dayBefore, figureSeed } from "./fixtures.ts";

const campaign = "21000000007";
const day = dayBefore(Date.now(), 3);
const figure = {
  ...{ id: figureId({ campaign_id: campaign }), updatedAt: null, deleted: false, account: ACCOUNT, day, flags: [] },
  dimensions: { campaign: "Brand", campaign_id: campaign },
};
const count = (name: string, value: number) => ({
  ...{ ...figure, kind: "metric", name, value, unit: "count", currency: null },
});

const figuresOf = (amountMicros: number, clicks: number, impressions: number, conversions: number, worth: number) => [
  { ...figure, kind: "spend", amountMicros, currency: "GBP" },
  count("clicks", clicks),
  count("impressions", impressions),
  count("conversions", conversions),
  { ...figure, kind: "metric", name: "conversions_value", value: worth, unit: "micros", currency: "GBP" },
];

const click = {
  ...{ kind: "touchpoint", updatedAt: null, deleted: false, person: null, type: "ad_clicked" },
  ...{ at: daySpan(day, ZONE)?.from, channel: "ads", campaign: "Brand", amountMinor: null, currency: null },
};

export const golden: Golden = {
  spend: [
    // Millionths stay millionths: a click costs fractions of a penny.
    [
      figureSeed(0, day, { campaign, costMicros: 12_345_678, clicks: 9, conversions: 1.25, conversionsValue: 19.99 }),
      figuresOf(12_345_678, 9, 90, 1.25, 19_990_000),
    ],
    // Shown and not clicked: a campaign of that day that cost nothing.
    [
      figureSeed(0, day, { campaign, costMicros: 0, clicks: 0, impressions: 4, conversions: 0, conversionsValue: 0 }),
      figuresOf(0, 0, 4, 0, 0),
    ],
  ],
  clicks: [
    // Upper and lower case are kept, and nobody is named.
    [clickSeed(0, day, { campaign, gclid: "Cj0KCQiA_aBc-XyZ" }), [{ ...click, id: "Cj0KCQiA_aBc-XyZ" }]],
    // An app's campaign has no gclid: such a click joins nobody and becomes nothing.
    [clickSeed(0, day, { campaign, gclid: null }), []],
  ],
};
