/** What every score reads and returns, so that later models replace earlier ones without touching anything else. */
import type { ConsentChannel, ConsentPurpose, ConsentStateName } from "#connectors/core/records.ts";

/** All a score may know of one profile, up to `asOf`. Lists are sorted by time, oldest first. */
export interface ProfileFacts {
  profileId: string;
  /** Earliest creation time any source gives, else when we first saw it. */
  firstSeenAt: string;
  hasIdentifier: boolean;
  /** One entry per calendar day (workspace zone) with a purchase of positive net amount. Net of refunds, minor units. */
  purchaseDays: { day: string; netMinor: number; currency: string }[];
  subscriptions: { status: string; startedAt: string; currentPeriodEnd: string | null; endedAt: string | null }[];
  /** Newest thing the person did (not what was sent to them); null when nothing is known. */
  lastActivityAt: string | null;
  /** Messages sent in the last 30 days, by any tool, for frequency caps. */
  messages: { channel: string; at: string }[];
  openDeals: number;
  consents: { purpose: ConsentPurpose; channel: ConsentChannel; state: ConsentStateName; reason: string }[];
  reachable: { email: boolean; phone: boolean };
}

/** The shop's own rhythm; `medianGapDays` is null until there are enough repeat buyers. */
export interface ShopBaseline {
  repeatBuyers: number;
  medianGapDays: number | null;
  /** 80th percentile of spend among customers with four or more purchase days; null with fewer than 50 customers. */
  topSpendMinor: number | null;
}

/** A score's answer. `refused` has no value: a default is never put in its place. */
export interface Score<Value> {
  name: string;
  status: "ok" | "low_confidence" | "refused";
  value: Value | null;
  /** At most three plain sentences, each tied to a fact that can be shown. No relative times: they must stay true. */
  reasons: string[];
  method: string;
  modelVersion: string;
  /** Until when the answer holds if no new fact arrives; null: for ever. */
  validUntil: string | null;
}

export interface ScoreContext {
  /** The instant the score is for; nothing reads the clock. */
  asOf: string;
  timeZone: string;
  baseline: ShopBaseline;
}
