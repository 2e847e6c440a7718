/** What the shop's web analytics tells: visits by day and where they came from, and the site's signed-in users. */
import type { Hits, Member } from "#connectors/ga4/twin/account.ts";
import { SITE_USERS } from "./accounts.ts";
import { CAMPAIGNS } from "./ads.ts";
import { DAY_MS, type Person, type Window } from "./person.ts";
import { minorOf, type Buying } from "./purchases.ts";
import { randomOf, type Random } from "./random.ts";
import type { Rates } from "./rates.ts";
import type { Statement } from "./statement.ts";

const TOPIC = { visits: 60, login: 61 };
/** The steps to an order, as the site reports them. */
const STEPS = ["session_start", "view_item", "add_to_cart", "begin_checkout", "purchase"] as const;
const LANDING_PAGES = ["/", "/tea", "/plants", "/gifts", "/tea-club"] as const;

interface Origin {
  channel: string;
  source: string;
  medium: string;
  campaign: string;
}

const NONE = "(not set)";
const ORIGINS: readonly (readonly [share: number, origin: Origin])[] = [
  [0.34, { channel: "Organic Search", source: "google", medium: "organic", campaign: NONE }],
  [0.24, { channel: "Direct", source: "(direct)", medium: "(none)", campaign: NONE }],
  [0.18, { channel: "Email", source: "klaviyo", medium: "email", campaign: "Tea letter" }],
  ...CAMPAIGNS.map(({ name }): readonly [number, Origin] => [
    0.045,
    { channel: "Paid Search", source: "google", medium: "cpc", campaign: name },
  ]),
  [0.06, { channel: "Referral", source: "gardenersbench.example", medium: "referral", campaign: NONE }],
];

/** One visit that got as far as a step. */
interface Visit {
  day: string;
  origin: Origin;
  landingPage: string;
  /** Position of the last step in `STEPS`. */
  reached: number;
  pounds: number;
}

export interface SiteShare {
  visits: Visit[];
  members: Member[];
  statements: Statement[];
}

/** @param customerNumber at the till; null: is in no loyalty programme, so cannot sign in */
export function siteShareOf(
  seed: number,
  person: Person,
  buying: Buying,
  customerNumber: string | null,
  rates: Rates,
  window: Window,
): SiteShare {
  const share: SiteShare = { visits: [], members: [], statements: [] };
  const random = randomOf(seed, TOPIC.visits, person.index);
  const online = buying.purchases.filter(({ place }) => place === "online");
  const from = window.end - rates.figureDays * DAY_MS;
  for (const { at, pounds } of online)
    if (at >= from) share.visits.push(visitOn(random, at, STEPS.length - 1, minorOf(pounds, "GBP") / 100));
  const looks = online.length === 0 ? random.below(2) : random.below(rates.visits + 1);
  for (let n = 0; n < looks; n++)
    share.visits.push(visitOn(random, from + random.below(rates.figureDays) * DAY_MS, random.below(4), 0));
  const login = randomOf(seed, TOPIC.login, person.index);
  if (customerNumber === null || !login.chance(rates.siteLogin)) return share;
  const deviceId = `${100_000_000 + person.index}.17${String(60_000_000 + login.below(9_000_000))}`;
  const adsAllowed = !login.chance(rates.siteAdsRefused);
  // As the connector names a user on a device.
  const id = `${customerNumber} ${deviceId}`;
  share.members.push({
    ...{ id, audience: SITE_USERS, deviceId, userId: customerNumber, adsAllowed },
    left: false,
  });
  if (!adsAllowed)
    share.statements.push({
      ...{ person: person.id, channel: "ads", purpose: "ad_audience", state: "withdrawn", explicit: false },
      // Since when, nobody knows: it counts from now.
      ...{ at: window.end + DAY_MS, record: `ga4/audience_members/${id}` },
    });
  return share;
}

function visitOn(random: Random, at: number, reached: number, pounds: number): Visit {
  let left = random.next();
  const found = ORIGINS.find(([share]) => (left -= share) < 0) ?? ORIGINS[0];
  return {
    day: new Date(at).toISOString().slice(0, 10),
    origin: found?.[1] ?? { channel: "Direct", source: "(direct)", medium: "(none)", campaign: NONE },
    landingPage: random.pick(LANDING_PAGES),
    ...{ reached, pounds },
  };
}

/** The site's hits: sums over all visits, so that they need no memory of them. */
export function siteHits() {
  const sums = new Map<string, Hits>();
  const add = ({ day, origin, landingPage, pounds }: Visit, event: (typeof STEPS)[number]) => {
    const id = [day, origin.channel, origin.source, origin.campaign, landingPage, event].join(" ");
    const before = sums.get(id) ?? {
      ...{ id, day, ...origin, landingPage, event, sessions: 0, engagedSessions: 0, keyEvents: 0, revenue: 0 },
      ...{ users: 0, events: 0, gone: false },
    };
    const isStart = event === "session_start";
    const isOrder = event === "purchase";
    sums.set(id, {
      ...before,
      ...{ users: before.users + 1, events: before.events + 1 },
      sessions: before.sessions + (isStart ? 1 : 0),
      engagedSessions: before.engagedSessions + (isStart && pounds > 0 ? 1 : 0),
      keyEvents: before.keyEvents + (isOrder ? 1 : 0),
      revenue: isOrder ? Math.round((before.revenue + pounds) * 100) / 100 : before.revenue,
    });
  };
  return {
    add(visits: readonly Visit[]): void {
      for (const visit of visits) for (const event of STEPS.slice(0, visit.reached + 1)) add(visit, event);
    },
    hits: (): Hits[] => [...sums.values()],
  };
}
