/** What a person bought and when they left: the modified beta-geometric / NBD process, and the tea club. */
import { DAY_MS, type Person, type Window } from "./person.ts";
import { randomOf } from "./random.ts";
import type { Rates } from "./rates.ts";

const WEEK_MS = 7 * DAY_MS;
const MONTH_MS = 30 * DAY_MS;
const TOPIC = 4;
/** Pounds to the currency's minor unit; yen has none. */
const MINOR_PER_POUND = { GBP: 100, EUR: 117, JPY: 190 };
export const TEA_CLUB_POUNDS = 14;

export interface Purchase {
  /** 0, 1, 2 ... in order of time. */
  number: number;
  at: number;
  place: "online" | "store";
  pounds: number;
}

export interface Membership {
  startedAt: number;
  /** Null: runs on. */
  endedAt: number | null;
}

export interface Buying {
  purchases: Purchase[];
  /** After this purchase the person never comes back; null: still a customer at the end of the data. */
  leftAt: number | null;
  teaClub: Membership | null;
  /** First dealing with the shop, bought or not. */
  joinedAt: number;
}

/**
 * Buys at a rate of their own while a customer and may leave after every purchase, the first included (MBG/NBD: Batislam,
 * Denizel & Filiztekin 2007). The tea club lasts at most as long as the person is a customer.
 */
export function buyingOf(seed: number, person: Person, rates: Rates, window: Window): Buying {
  const random = randomOf(seed, TOPIC, person.index);
  const latest = window.end - rates.lastFirstPurchaseDays * DAY_MS;
  const joinedAt = window.start + Math.floor(random.next() * (latest - window.start));
  if (random.chance(rates.leadOnly)) return { purchases: [], leftAt: null, teaClub: null, joinedAt };

  const channel = random.next();
  const online =
    channel < rates.onlineOnly ? 1 : channel < rates.onlineOnly + rates.bothChannels ? rates.onlineShare : 0;
  const weeklyRate = random.gamma(rates.purchases.r, rates.purchases.alpha);
  const leaving = random.beta(rates.purchases.a, rates.purchases.b);
  const nu = random.gamma(rates.spend.q, rates.spend.rate);
  const purchases: Purchase[] = [];
  let leftAt: number | null = null;
  for (let at = joinedAt; at < window.end; at += Math.ceil(random.exponential(weeklyRate) * WEEK_MS)) {
    const pounds = Math.min(900, Math.max(3, random.gamma(rates.spend.p, nu)));
    const place = random.chance(online) ? "online" : "store";
    purchases.push({ number: purchases.length, at: openingHours(at, place), place, pounds });
    if (random.chance(leaving)) {
      leftAt = purchases.at(-1)?.at ?? at;
      break;
    }
  }
  return { purchases, leftAt, teaClub: teaClubOf(), joinedAt };

  function teaClubOf(): Membership | null {
    const member = online > 0 && person.currency === "GBP" && random.chance(rates.teaClub);
    if (!member || purchases.length === 0) return null;
    const startedAt = joinedAt + Math.floor(random.next() * 0.5 * (window.end - joinedAt));
    // Whoever left the shop has left the club: it cannot outlive the last purchase, which would not be leaving.
    const until = leftAt ?? window.end;
    if (startedAt >= until) return null;
    for (let at = startedAt; at < until; at += MONTH_MS) {
      if (random.chance(rates.teaClubCancel)) return { startedAt, endedAt: at };
    }
    return { startedAt, endedAt: leftAt };
  }
}

/** Days on which the club's box is paid, in order. */
export function teaClubPayments(membership: Membership, window: Window): number[] {
  const payments: number[] = [];
  const until = membership.endedAt ?? window.end;
  for (let at = membership.startedAt; at < until; at += MONTH_MS) payments.push(at);
  return payments;
}

/** Start of the period after the last payment. */
export function teaClubPeriodEnd(membership: Membership, window: Window): number {
  return (teaClubPayments(membership, window).at(-1) ?? membership.startedAt) + MONTH_MS;
}

export const minorOf = (pounds: number, currency: Person["currency"]) => Math.round(pounds * MINOR_PER_POUND[currency]);

/** The store sells from nine to six, the site at any hour. Never on another day. */
function openingHours(at: number, place: Purchase["place"]): number {
  if (place === "online") return at;
  const day = Math.floor(at / DAY_MS) * DAY_MS;
  return day + 9 * 3_600_000 + Math.floor(((at - day) / DAY_MS) * 9 * 3_600_000);
}
