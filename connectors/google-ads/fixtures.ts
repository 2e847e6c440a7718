/** Invented accounts and campaigns for tests and the stand-in. */
import { dayAfter } from "#connectors/core/figures.ts";
import { dayAt } from "#connectors/core/local-time.ts";
import type { AccountSeed, CampaignSeed, ClickSeed, FigureSeed, GoogleAdsSeed } from "./twin/seed.ts";

export const ACCOUNT = "1112223330";
export const ZONE = "Europe/London";

/** In the account's time zone. */
export const dayBefore = (now: number, days: number): string => dayAfter(dayAt(now, ZONE), -days);

export function seedOf(parts: Partial<GoogleAdsSeed>): GoogleAdsSeed {
  return { accounts: [accountSeed()], campaigns: [], figures: [], clicks: [], ...parts };
}

export function accountSeed(fields: Partial<AccountSeed> = {}): AccountSeed {
  return {
    ...{ id: ACCOUNT, manager: null, name: "Hollow Pine", currency: "GBP", timeZone: ZONE, test: true },
    ...fields,
  };
}

export function campaignSeed(index: number, fields: Partial<CampaignSeed> = {}): CampaignSeed {
  return { id: String(21_000_000_000 + index), account: ACCOUNT, name: `Campaign ${index}`, ...fields };
}

export function figureSeed(index: number, day: string, fields: Partial<FigureSeed> = {}): FigureSeed {
  return {
    ...{ account: ACCOUNT, campaign: campaignSeed(index).id, day, costMicros: 1_250_000 + index },
    ...{ clicks: 3, impressions: 90, conversions: 0.5, conversionsValue: 12.5, ...fields },
  };
}

export function clickSeed(index: number, day: string, fields: Partial<ClickSeed> = {}): ClickSeed {
  return {
    ...{ gclid: `Cj0KCQtwin${String(index).padStart(6, "0")}`, account: ACCOUNT, campaign: campaignSeed(index).id },
    ...{ adGroup: "5500000001", day, ...fields },
  };
}

const CAMPAIGNS = ["Brand", "Bread subscriptions", "Gift boxes", "Wholesale"];

/** A month of four campaigns, and a click for each person. */
export function inventedAdvertising(people: number, now: number): GoogleAdsSeed {
  const campaigns = CAMPAIGNS.map((name, index) => campaignSeed(index, { name }));
  const figures = campaigns.flatMap((_, index) =>
    Array.from({ length: 30 }, (_day, ago) =>
      figureSeed(index, dayBefore(now, ago), { clicks: 2 + ((ago + index) % 5) }),
    ),
  );
  const clicks = Array.from({ length: people }, (_, index) =>
    clickSeed(index, dayBefore(now, index % 60), { campaign: campaigns[index % campaigns.length]?.id ?? "" }),
  );
  return seedOf({ campaigns, figures, clicks });
}
