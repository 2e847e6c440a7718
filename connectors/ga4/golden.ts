/** Visits as the site recorded them, and exactly what becomes of them in every report. */
import type { Golden } from "#connectors/core/contract-suite/index.ts";
import { figureId } from "#connectors/core/figures.ts";
import { YESTERDAY } from "./contract-account.ts";
import { hitsOn } from "./fixtures.ts";

const visits = hitsOn(YESTERDAY, 1, {
  ...{ channel: "Email", source: "newsletter", medium: "email", campaign: "autumn sale", landingPage: "/sale" },
  ...{ event: "purchase", sessions: 12, engagedSessions: 7, keyEvents: 2, revenue: 1_234.567891, users: 9, events: 14 },
});

/** Nothing was told by the site: words of Google's own, which are values like others. */
const unset = hitsOn(YESTERDAY, 2, {
  ...{ channel: "Unassigned", source: "(not set)", medium: "(not set)", campaign: "(not set)", landingPage: "" },
  ...{ event: "session_start", sessions: 3, engagedSessions: 0, keyEvents: 0, revenue: 0, users: 2, events: 3 },
});

/** A site that lets an address slip into a page's path. */
const leaky = hitsOn(YESTERDAY, 3, {
  ...{ channel: "Email", source: "ada@marlowbooks.co.uk", medium: "email", campaign: "ada%40marlowbooks.co.uk" },
  ...{ landingPage: "/hello/ada@marlowbooks.co.uk/orders", event: "purchase", sessions: 1, engagedSessions: 1 },
  ...{ keyEvents: 0, revenue: 0, users: 1, events: 1 },
});

const money = { unit: "micros", currency: "GBP" };
const count = { unit: "count", currency: null };

const figures = (dimensions: Record<string, string>, values: [name: string, value: number, how: object][]) =>
  values.map(([name, value, how]) => ({
    ...{ kind: "metric", id: figureId(dimensions), updatedAt: null, deleted: false, account: "properties/314159265" },
    ...{ day: YESTERDAY, dimensions, flags: [], name, value, ...how },
  }));

const sessions = (all: number, engaged: number, key: number, micros: number): [string, number, object][] => [
  ["sessions", all, count],
  ["engaged_sessions", engaged, count],
  ["key_events", key, count],
  ["revenue", micros, money],
];
const users = (n: number): [string, number, object] => ["users", n, { unit: "people", currency: null }];

const A = sessions(12, 7, 2, 1_234_567_891);
const B = sessions(3, 0, 0, 0);
const C = sessions(1, 1, 0, 0);
const REMOVED = "(address removed)";

export const golden: Golden = {
  channels: [
    [visits, figures({ channel: "Email" }, [...A, users(9)])],
    [unset, figures({ channel: "Unassigned" }, [...B, users(2)])],
  ],
  sources: [
    [visits, figures({ source: "newsletter", medium: "email" }, A)],
    [unset, figures({ source: "(not set)", medium: "(not set)" }, B)],
    [leaky, figures({ source: REMOVED, medium: "email" }, C)],
  ],
  campaigns: [
    [visits, figures({ campaign: "autumn sale", source: "newsletter", medium: "email" }, A)],
    [leaky, figures({ campaign: REMOVED, source: REMOVED, medium: "email" }, C)],
  ],
  landing_pages: [
    [visits, figures({ landing_page: "/sale" }, A)],
    [unset, figures({ landing_page: "" }, B)],
    [leaky, figures({ landing_page: `/hello/${REMOVED}/orders` }, C)],
  ],
  funnel: [
    [visits, figures({ event: "purchase", channel: "Email" }, [["events", 14, count], users(9)])],
    [unset, figures({ event: "session_start", channel: "Unassigned" }, [["events", 3, count], users(2)])],
  ],
};
