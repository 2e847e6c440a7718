/** The demo shop's accounts at the twins, how each is set up, and the tokens by which grading looks into them. */

/** Who grades reads the tools with these; the product signs in. */
export const DEMO_HUBSPOT_TOKEN = "demo-hubspot-token";
export const DEMO_STRIPE_KEY = "sk_test_demo";
export const DEMO_KLAVIYO_KEY = "pk_demo_klaviyo";
export const DEMO_GA4_TOKEN = "demo-ga4-token";
export const DEMO_ADS_TOKEN = "ya29.demo-google-ads-token";

/** What the shop's accounts allow: vendors raise limits on request; at published ones the demo would mostly wait. */
export const DEMO_REQUESTS_PER_SECOND = 10_000;

/** Subscription types of the shop's HubSpot account. */
export const NEWS = { subscriptionId: "601", subscriptionName: "Fern & Kettle news" };
export const OFFERS = { subscriptionId: "602", subscriptionName: "Tea club offers" };
/** Switched off by people who do not want to be profiled. */
export const RECOMMENDATIONS = { subscriptionId: "603", subscriptionName: "Personal recommendations" };
/** Switched on by people who may be shown the shop's adverts elsewhere. */
export const ADVERTS = { subscriptionId: "604", subscriptionName: "Adverts picked for me" };

/** Settings for the connection to the shop's HubSpot: what a subscription type permits where it is not e-mail marketing. */
export const DEMO_HUBSPOT_SETTINGS = {
  subscriptions: {
    [RECOMMENDATIONS.subscriptionId]: { channel: "any", purpose: "personalisation" },
    [ADVERTS.subscriptionId]: { channel: "ads", purpose: "ad_audience" },
  },
};

/** Opens are kept of whoever agreed to it. */
export const DEMO_KLAVIYO_SETTINGS = { opens: "consented" };

/** The audience of the property that the site's signed-in users are in. */
export const SITE_USERS = "7";
/** Of the snapshot that the shop's agency has made of it each morning. */
export const SITE_USER_COLUMNS = ["deviceId", "userId", "isAdsPersonalizationAllowed"];
/** Of the Google Ads twin's account. */
export const ADS_ACCOUNT = "1112223330";
/** Of the GA4 twin's property. */
export const GA4_PROPERTY = "314159265";

/** The site's users are known by their number at the till. */
export const ga4Settings = (days: number) => ({
  ...{ backfillDays: days, audiences: [SITE_USERS], userIdIsAccountNumber: true },
});
/** Today is one of the days of clicks. */
export const adsSettings = (days: number) => ({
  ...{ backfillDays: days, clickDays: days + 1, audience: { customerMatchTerms: "accepted", size: 500 } },
});
