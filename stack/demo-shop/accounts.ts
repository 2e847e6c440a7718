/** The demo shop's accounts at the twins: the only tokens they accept, and how its HubSpot account is set up. */

export const DEMO_HUBSPOT_TOKEN = "demo-hubspot-token";
export const DEMO_STRIPE_KEY = "sk_test_demo";

/** What the shop's accounts allow: vendors raise limits on request; at published ones the demo would mostly wait. */
export const DEMO_REQUESTS_PER_SECOND = 10_000;

/** Subscription types of the shop's HubSpot account. */
export const NEWS = { subscriptionId: "601", subscriptionName: "Fern & Kettle news" };
export const OFFERS = { subscriptionId: "602", subscriptionName: "Tea club offers" };
/** Switched off by people who do not want to be profiled. */
export const RECOMMENDATIONS = { subscriptionId: "603", subscriptionName: "Personal recommendations" };

/** Settings for the connection to the shop's HubSpot: what a subscription type permits where it is not e-mail marketing. */
export const DEMO_HUBSPOT_SETTINGS = {
  subscriptions: { [RECOMMENDATIONS.subscriptionId]: { channel: "any", purpose: "personalisation" } },
};
