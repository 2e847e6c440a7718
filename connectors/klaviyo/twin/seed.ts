/** What an account of the twin is filled with, in Klaviyo's own form. */

export interface KlaviyoSeedProfile {
  id: string;
  attributes: {
    email?: string | null;
    phone_number?: string | null;
    external_id?: string | null;
    first_name?: string | null;
    last_name?: string | null;
    organization?: string | null;
    title?: string | null;
    created: string;
    updated: string;
    location?: Record<string, string | number | null>;
    properties?: Record<string, unknown>;
    /** Left out: the person never said anything about any channel. */
    subscriptions?: unknown;
  };
}

export interface KlaviyoSeedEvent {
  id: string;
  /** The metric's name; it is made where the account has none of that name. */
  metric: string;
  /** The profile's id. */
  profile: string;
  datetime: string;
  properties?: Record<string, unknown>;
}

export interface KlaviyoSeedList {
  id: string;
  name: string;
  members: { profile: string; joined: string }[];
}

export interface KlaviyoSeed {
  profiles: KlaviyoSeedProfile[];
  events: KlaviyoSeedEvent[];
  lists: KlaviyoSeedList[];
}

/** As Klaviyo shows somebody of whom it knows nothing: nobody suppresses them, so they "can receive". */
export const NEVER_SUBSCRIBED = {
  email: {
    marketing: {
      ...{
        can_receive_email_marketing: true,
        consent: "NEVER_SUBSCRIBED",
        consent_timestamp: null,
        last_updated: null,
      },
      ...{ method: null, method_detail: null, custom_method_detail: null, double_optin: null },
      ...{ suppression: [], list_suppressions: [] },
    },
  },
  sms: {
    marketing: {
      ...{ can_receive_sms_marketing: false, consent: "NEVER_SUBSCRIBED", consent_timestamp: null },
      ...{ method: null, method_detail: null, last_updated: null },
    },
  },
};
