/** The shop's tools: which twins there are, how each is started, filled and connected. */
import { join } from "node:path";
import { startGa4Twin, type Ga4Twin } from "#connectors/ga4/twin/index.ts";
import { startGoogleAdsTwin, type GoogleAdsTwin } from "#connectors/google-ads/twin/index.ts";
import { startHubspotTwin, type HubspotTwin } from "#connectors/hubspot/twin/index.ts";
import { startKlaviyoTwin, type KlaviyoTwin } from "#connectors/klaviyo/twin/index.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import {
  ADS_ACCOUNT,
  adsSettings,
  DEMO_ADS_TOKEN,
  DEMO_GA4_TOKEN,
  DEMO_HUBSPOT_SETTINGS,
  DEMO_HUBSPOT_TOKEN,
  DEMO_KLAVIYO_KEY,
  DEMO_KLAVIYO_SETTINGS,
  DEMO_STRIPE_KEY,
  GA4_PROPERTY,
  ga4Settings,
} from "./accounts.ts";
import { defaultRates } from "./rates.ts";
import type { ShopSinks } from "./write.ts";

/** By connector; one that is left out the shop has not got. */
export interface Tools {
  hubspot?: HubspotTwin;
  klaviyo?: KlaviyoTwin;
  stripe?: StripeTwin;
  ga4?: Ga4Twin;
  "google-ads"?: GoogleAdsTwin;
}

export type ToolName = keyof Tools;
export const TOOL_NAMES = ["hubspot", "klaviyo", "stripe", "ga4", "google-ads"] as const satisfies readonly ToolName[];

interface Opening {
  /** Where journals are kept; null: in memory only. */
  folder: string | null;
  portOf(tool: ToolName): number;
  requestsPerSecond?: number;
  now?: () => number;
}

export async function startTools(wanted: readonly ToolName[], { folder, portOf, ...rest }: Opening): Promise<Tools> {
  const place = (tool: ToolName) => ({
    ...{ ...rest, port: portOf(tool) },
    ...(folder === null ? {} : { journal: join(folder, `${tool}.jsonl`) }),
  });
  const tools: Tools = {};
  for (const tool of wanted) {
    const options = place(tool);
    if (tool === "hubspot") tools.hubspot = await startHubspotTwin({ ...options, accessToken: DEMO_HUBSPOT_TOKEN });
    else if (tool === "klaviyo") tools.klaviyo = await startKlaviyoTwin({ ...options, apiKey: DEMO_KLAVIYO_KEY });
    else if (tool === "stripe") tools.stripe = await startStripeTwin({ ...options, apiKey: DEMO_STRIPE_KEY });
    else if (tool === "ga4")
      tools.ga4 = await startGa4Twin({ ...options, name: "Fern & Kettle", accessToken: DEMO_GA4_TOKEN });
    else tools["google-ads"] = await startGoogleAdsTwin({ ...options, accessToken: DEMO_ADS_TOKEN });
  }
  return tools;
}

/** Puts the shop into them. */
export const sinksOf = (tools: Tools): ShopSinks => ({
  hubspot: (seed) => tools.hubspot?.load(seed),
  klaviyo: (seed) => tools.klaviyo?.load(seed),
  stripe: (seed) => tools.stripe?.load(seed),
  ga4: (seed) => tools.ga4?.load(seed),
  "google-ads": (seed) => tools["google-ads"]?.load(seed),
});

/** How each is connected: which account a sign-in is for, the connection's settings, and a key besides. */
export const CONNECTING: Record<
  ToolName,
  { page: string; given: Record<string, string>; settings: Record<string, unknown>; key: Record<string, string> }
> = {
  hubspot: {
    ...{ page: "/contacts", given: {}, settings: DEMO_HUBSPOT_SETTINGS },
    key: { accessToken: DEMO_HUBSPOT_TOKEN },
  },
  klaviyo: { page: "/profiles", given: {}, settings: DEMO_KLAVIYO_SETTINGS, key: { apiKey: DEMO_KLAVIYO_KEY } },
  stripe: { page: "/dashboard/customers", given: {}, settings: {}, key: { apiKey: DEMO_STRIPE_KEY } },
  ga4: {
    ...{ page: "/sessions", given: { propertyId: GA4_PROPERTY }, settings: ga4Settings(defaultRates.figureDays) },
    key: { propertyId: GA4_PROPERTY, key: DEMO_GA4_TOKEN },
  },
  "google-ads": {
    ...{ page: "/campaigns", given: { customerId: ADS_ACCOUNT }, settings: adsSettings(defaultRates.figureDays) },
    key: { customerId: ADS_ACCOUNT, key: DEMO_ADS_TOKEN },
  },
};
