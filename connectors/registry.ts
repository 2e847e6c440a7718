/** The one list of connectors; everything else asks it. */
import type { Connector } from "./core/contract.ts";
import { csv } from "./csv/index.ts";
import { ga4 } from "./ga4/index.ts";
import { googleAds } from "./google-ads/index.ts";
import { hubspot } from "./hubspot/index.ts";
import { klaviyo } from "./klaviyo/index.ts";
import { stripe } from "./stripe/index.ts";

export const connectors: readonly Connector[] = [hubspot, klaviyo, stripe, ga4, googleAds, csv];

/** @throws Error when no connector has this id */
export function connectorOf(id: string): Connector {
  const connector = connectors.find((candidate) => candidate.id === id);
  if (connector !== undefined) return connector;
  throw new Error(`There is no connector "${id}"; there are: ${connectors.map((known) => known.id).join(", ")}.`);
}
