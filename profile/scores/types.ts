/** What every score reads and returns, so that later models replace earlier ones without touching anything else. */
import type { KnownAnswer } from "#profile/consent/decide.ts";
import type { TraitName } from "#profile/traits.ts";
import type { Calendar } from "./calendar.ts";
import type { Overdue } from "./churn-risk.ts";
import type { Lifecycle } from "./lifecycle.ts";

/** One calendar day (workspace zone) with a purchase. `netMinor` counts orders in the workspace's currency only. */
export interface PurchaseDay {
  /** `YYYY-MM-DD` */
  day: string;
  netMinor: number;
}

export interface SubscriptionFact {
  status: string;
  startedAt: string;
  currentPeriodEnd: string | null;
  endedAt: string | null;
}

/** All a score may know of one profile, up to `asOf`. Lists are sorted by time, oldest first. */
export interface ProfileFacts {
  profileId: string;
  /** Earliest creation time any source gives, else when we first saw it. */
  firstSeenAt: string;
  hasIdentifier: boolean;
  /** One entry per day on which some currency's orders, net of refunds, were above zero. */
  purchaseDays: PurchaseDay[];
  subscriptions: SubscriptionFact[];
  /** Newest thing the person did (not what was sent to them); null when nothing is known. */
  lastActivityAt: string | null;
  /** Messages sent in the last 30 days, by any tool, for frequency caps. */
  messages: { channel: string; at: string }[];
  openDeals: number;
  consents: KnownAnswer[];
  reachable: { email: boolean; phone: boolean };
}

/** The shop's own rhythm; the nulls mean that there are too few customers to say. */
export interface ShopBaseline {
  /** People with purchases on two days or more. */
  repeatBuyers: number;
  /** Days between purchases of the typical repeat buyer, whole days; null with fewer than 50 repeat buyers. */
  medianGapDays: number | null;
  /** 80th percentile of spend among customers with four or more purchase days; null with fewer than 50 of them. */
  topSpendMinor: number | null;
}

/** A score's answer. `refused` has no value: a default is never put in its place. */
export interface Answer<Value> {
  status: "ok" | "low_confidence" | "refused";
  value: Value | null;
  /** At most three plain sentences, each tied to a fact that can be shown. No relative times: they must stay true. */
  reasons: string[];
  method: string;
  modelVersion: string;
  /** The instant at which the answer changes if no new fact arrives; null: never. */
  validUntil: string | null;
}

/** The answer of one trait. */
export interface Score<Value> extends Answer<Value> {
  name: TraitName;
}

/** What a trait's function is given: the facts, and what several traits build on, worked out once. */
export interface Scoring {
  facts: ProfileFacts;
  context: ScoreContext;
  calendar: Calendar;
  /** Day number. */
  today: number;
  lifecycle: Lifecycle;
  /** Null: never bought, so there is no risk to tell. */
  overdue: Overdue | null;
}

export interface ScoreContext {
  /** The instant the score is for; nothing reads the clock. */
  asOf: string;
  timeZone: string;
  baseline: ShopBaseline;
}
