/** What somebody could get wrong here; `npm run test:mutation` makes each and sees that a contract test notices. */
import { mistake } from "#connectors/core/contract-suite/mistake.ts";
import type { Mistake } from "#connectors/core/contract-suite/mistake.ts";

export const mistakes: readonly Mistake[] = [
  mistake("spend is taken for minor units", "spend.ts", [
    "amountMicros: metrics.costMicros",
    "amountMicros: Math.round(metrics.costMicros / 10_000)",
  ]),
  mistake("what conversions are worth is rounded to units", "spend.ts", [
    "Math.round(metrics.conversionsValue * 1e6) + 0",
    "Math.round(metrics.conversionsValue) * 1e6",
  ]),
  mistake("days that are still corrected are not read again", "days.ts", [
    "since[account.id] = earlier(dayAfter(today, -again), today)",
    "since[account.id] = today",
  ]),
  mistake("a day is never settled", "spend.ts", ["settled: one < corrected", "settled: false"]),
  mistake("days without rows are passed over", "spend.ts", [
    "days: [{ account: account.id, day: one, settled: one < corrected, flags: [] }]",
    "days: (rows.get(one) ?? []).length === 0 ? [] : [{ account: account.id, day: one, settled: one < corrected, flags: [] }]",
  ]),
  mistake("the second page of spend is dropped", "spend.ts", [
    'for await (const { rows } of walkPages("Spend", page)) {',
    'for await (const { rows } of walkPages("Spend", async (after) => ({ ...(await page(after)), next: null }))) {',
  ]),
  mistake("clicks beyond a day's first page are dropped", "clicks.ts", [
    "const next = found.next === null ? { day: dayAfter(day, 1), page: null } : { day, page: found.next };",
    "const next = { day: dayAfter(day, 1), page: null };",
  ]),
  mistake("a click's id loses its capitals", "clicks.ts", [
    "id: gclid, updatedAt",
    "id: gclid.toLowerCase(), updatedAt",
  ]),
  mistake("clicks that show up late are not looked for", "clicks.ts", ["again: CLICK_AGAIN_DAYS", "again: 0"]),
  mistake("a click is said to be of a campaign's number", "clicks.ts", [
    "campaign: campaign.name ?? campaign.id",
    "campaign: campaign.id",
  ]),
  mistake("our clock says which day it is", "days.ts", [
    "Math.min(client.now(), servedAt ?? Infinity)",
    "client.now()",
  ]),
  mistake("the wait that a refusal names is not kept to", "errors.ts", [
    "asked ?? retryDelayMs ??",
    "(retryDelayMs === undefined ? undefined : 0) ??",
  ]),
];
