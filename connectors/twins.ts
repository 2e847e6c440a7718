/** The one list of twins: what stands in for a vendor in tests, in the demo and on a developer's machine. */
import { inventedVisits } from "./ga4/fixtures.ts";
import { startGa4Twin } from "./ga4/twin/index.ts";
import { ACCOUNT as ADS_ACCOUNT, inventedAdvertising } from "./google-ads/fixtures.ts";
import { startGoogleAdsTwin } from "./google-ads/twin/index.ts";
import { inventedContacts } from "./hubspot/fixtures.ts";
import { startHubspotTwin } from "./hubspot/twin/index.ts";
import { inventedProfiles } from "./klaviyo/fixtures.ts";
import { startKlaviyoTwin } from "./klaviyo/twin/index.ts";
import { inventedCustomers } from "./stripe/fixtures.ts";
import { startStripeTwin } from "./stripe/twin/index.ts";
import type { Twin, TwinOptions } from "./core/twin/twin.ts";

export interface TwinStart extends TwinOptions {
  /** Fill the account with so many invented people, the same at every twin. */
  people?: number;
}

/** A running twin, whatever its vendor. */
export type TwinHandle = Pick<Twin<unknown>, "url" | "requests" | "close">;

export interface TwinEntry {
  /** The connector it stands in for. */
  id: string;
  /** What a connection to it is made with. */
  credentials: Record<string, string>;
  settings: Record<string, unknown>;
  start(options: TwinStart): Promise<TwinHandle>;
}

const DEMO_HUBSPOT_TOKEN = "demo-hubspot-token";
const DEMO_KLAVIYO_KEY = "pk_demo_klaviyo";
const DEMO_STRIPE_KEY = "sk_test_demo";
const DEMO_ADS_TOKEN = "ya29.demo-google-ads-token";
const DEMO_GA4_TOKEN = "demo-ga4-token";

export const twins: readonly TwinEntry[] = [
  {
    id: "hubspot",
    credentials: { accessToken: DEMO_HUBSPOT_TOKEN },
    settings: {},
    async start({ people = 0, ...options }) {
      const twin = await startHubspotTwin({ ...options, accessToken: DEMO_HUBSPOT_TOKEN });
      twin.load(inventedContacts(people));
      return twin;
    },
  },
  {
    id: "klaviyo",
    credentials: { apiKey: DEMO_KLAVIYO_KEY },
    settings: {},
    async start({ people = 0, ...options }) {
      const twin = await startKlaviyoTwin({ ...options, apiKey: DEMO_KLAVIYO_KEY });
      twin.load(inventedProfiles(people));
      return twin;
    },
  },
  {
    id: "stripe",
    credentials: { apiKey: DEMO_STRIPE_KEY },
    settings: {},
    async start({ people = 0, ...options }) {
      const twin = await startStripeTwin({ ...options, apiKey: DEMO_STRIPE_KEY });
      twin.load(inventedCustomers(people, twin.now()));
      return twin;
    },
  },
  {
    id: "google-ads",
    credentials: { customerId: ADS_ACCOUNT, key: DEMO_ADS_TOKEN },
    settings: {},
    async start({ people = 0, ...options }) {
      const twin = await startGoogleAdsTwin({ ...options, accessToken: DEMO_ADS_TOKEN });
      twin.load(inventedAdvertising(people, twin.now()));
      return twin;
    },
  },
  {
    id: "ga4",
    credentials: { propertyId: "314159265", key: DEMO_GA4_TOKEN },
    settings: {},
    async start({ people = 0, ...options }) {
      const twin = await startGa4Twin({ ...options, accessToken: DEMO_GA4_TOKEN });
      twin.load(inventedVisits(people, twin.yesterday()));
      return twin;
    },
  },
];

/** @throws Error when no twin has this id */
export function twinOf(id: string): TwinEntry {
  const twin = twins.find((candidate) => candidate.id === id);
  if (twin !== undefined) return twin;
  throw new Error(`There is no twin "${id}"; there are: ${twins.map((known) => known.id).join(", ")}.`);
}
