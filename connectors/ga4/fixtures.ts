/** Invented visits: the nth is told apart from others in every report. */
import { dayAfter } from "#connectors/core/figures.ts";
import type { Ga4Seed, Hits, Member } from "./twin/account.ts";

/** @param day the property's own */
export function hitsOn(day: string, n: number, fields: Partial<Hits> = {}): Hits {
  const number = String(n).padStart(6, "0");
  return {
    ...{ id: `${day} ${number}`, day, channel: `Channel ${number}`, source: `source-${number}`, medium: "email" },
    ...{ campaign: `campaign-${number}`, landingPage: `/page-${number}`, event: "session_start" },
    ...{ sessions: 10 + (n % 7), engagedSessions: 6, keyEvents: 2, revenue: 12.5, users: 9, events: 11, gone: false },
    ...fields,
  };
}

export function member(n: number, fields: Partial<Member> = {}): Member {
  const number = String(n).padStart(6, "0");
  return {
    ...{ id: `member ${number}`, audience: "7", deviceId: `${1_000_000 + n}.1700000000`, userId: `u-${number}` },
    ...{ adsAllowed: true, left: false },
    ...fields,
  };
}

const CHANNELS = ["Organic Search", "Direct", "Email", "Paid Search", "Referral"];
const EVENTS = ["session_start", "view_item", "add_to_cart", "begin_checkout", "purchase"];

/** Ninety days of a small shop, ending yesterday, and members of one audience. */
export function inventedVisits(people: number, yesterday: string): Ga4Seed {
  const hits = Array.from({ length: 90 }, (_, back) => dayAfter(yesterday, -back)).flatMap((day, back) =>
    CHANNELS.flatMap((channel, c) =>
      EVENTS.map((event, e) =>
        hitsOn(day, c * 10 + e, {
          ...{ channel, event, source: channel.toLowerCase().replace(" ", "-"), medium: c === 1 ? "(none)" : "web" },
          ...{ campaign: "(not set)", landingPage: ["/", "/books", "/sale"][c % 3] ?? "/" },
          ...{
            sessions: e === 0 ? 40 + ((back * 7 + c * 5) % 30) : 0,
            users: Math.ceil(30 / (e + 1)),
            events: Math.ceil(60 / (e + 1)),
          },
          ...{ engagedSessions: e === 0 ? 22 : 0, keyEvents: e === 4 ? 3 : 0, revenue: e === 4 ? 57.9 : 0 },
        }),
      ),
    ),
  );
  return { hits, members: Array.from({ length: people }, (_, n) => member(n)) };
}
