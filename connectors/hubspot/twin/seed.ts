/** What a HubSpot twin is filled with: the account as it stands before the first call. */
export interface HubspotSeed {
  contacts: HubspotSeedContact[];
  companies: (HubspotSeedRecord & { contactIds: string[] })[];
  deals: (HubspotSeedRecord & { contactIds: string[] })[];
}

export interface HubspotSeedRecord {
  id: string;
  /** Vendor names: email, firstname, lastname, phone, mobilephone, hs_additional_emails (`;`-separated), company, zip, city ... */
  properties: Record<string, string | null>;
  createdAt: string;
  updatedAt: string;
}

export interface HubspotSeedContact extends HubspotSeedRecord {
  archived?: boolean;
  /** This contact was merged into that one: archived here, listed in the winner's hs_merged_object_ids. */
  mergedInto?: string;
  /** Subscription statuses of the primary address, one per subscription type. */
  subscriptions?: {
    subscriptionId: string;
    subscriptionName: string;
    status: "SUBSCRIBED" | "UNSUBSCRIBED" | "NOT_SPECIFIED";
    source: string;
    legalBasis: string | null;
    legalBasisExplanation: string | null;
    timestamp: string;
  }[];
}
