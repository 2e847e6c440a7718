/** What a marketer would look at: sessions and revenue by day and channel. */
import { markup, page, table } from "#connectors/core/twin/html.ts";
import type { Ga4Account } from "./account.ts";

const SHOWN = 200;

export function sessionsPage({ hits }: Ga4Account): string {
  const sums = new Map<string, { day: string; channel: string; sessions: number; revenue: number }>();
  for (const { day, channel, sessions, revenue, gone } of hits.values()) {
    if (gone) continue;
    const before = sums.get(`${day} ${channel}`) ?? { day, channel, sessions: 0, revenue: 0 };
    const after = { sessions: before.sessions + sessions, revenue: before.revenue + revenue };
    sums.set(`${day} ${channel}`, { ...before, ...after });
  }
  const rows = [...sums.values()]
    .toSorted((a, b) => (a.day === b.day ? (a.channel < b.channel ? -1 : 1) : a.day < b.day ? 1 : -1))
    .slice(0, SHOWN)
    .map(({ day, channel, sessions, revenue }) => [day, channel, String(sessions), revenue.toFixed(2)]);
  return page("Google Analytics 4", "Sessions", markup`${table(["Day", "Channel", "Sessions", "Revenue"], rows)}`);
}
