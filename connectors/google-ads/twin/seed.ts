/** What a Google Ads twin is filled with. */
export interface AccountSeed {
  /** Ten digits. */
  id: string;
  /** The manager above it; null: reached directly. */
  manager: string | null;
  isManager?: boolean;
  name: string;
  currency: string;
  timeZone: string;
  test: boolean;
  status?: "ENABLED" | "CANCELED" | "SUSPENDED" | "CLOSED";
}

export interface CampaignSeed {
  id: string;
  account: string;
  name: string;
}

export interface FigureSeed {
  account: string;
  campaign: string;
  /** In the account's own time zone. */
  day: string;
  costMicros: number;
  clicks: number;
  impressions: number;
  conversions: number;
  conversionsValue: number;
}

export interface ClickSeed {
  /** Null: a click of a campaign that advertises an app. */
  gclid: string | null;
  account: string;
  campaign: string;
  adGroup: string;
  day: string;
  keyword?: string;
}

export interface GoogleAdsSeed {
  accounts: AccountSeed[];
  campaigns: CampaignSeed[];
  figures: FigureSeed[];
  clicks: ClickSeed[];
}
