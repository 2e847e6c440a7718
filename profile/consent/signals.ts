/** What browsers and consent banners say, as statements for the ledger. Absence of a signal says nothing. Pure. */
import type { Use } from "#connectors/core/grant.ts";
import type { ConsentCause, ConsentStateName } from "#connectors/core/records.ts";

export interface Signalled extends Use {
  state: Extract<ConsentStateName, "granted" | "denied">;
  cause: ConsentCause | null;
  proof: string;
}

/** Consent mode v2, as a page reports it; other words than these two are none. */
export interface ConsentMode {
  analytics_storage?: string;
  ad_storage?: string;
  ad_user_data?: string;
  ad_personalization?: string;
}

export interface Signals {
  /** The header `Sec-GPC`, or `navigator.globalPrivacyControl` as text. */
  secGpc?: string;
  consentMode?: ConsentMode;
}

export function signalled({ secGpc, consentMode }: Signals): Signalled[] {
  return [...privacyControl(secGpc), ...(consentMode === undefined ? [] : modeOf(consentMode))];
}

/** Global Privacy Control (11 CCR 7025): an opt-out of sale and sharing; anything but `1` is no signal, and no yes either. */
function privacyControl(value: string | undefined): Signalled[] {
  if (value?.trim() !== "1" && value?.trim() !== "true") return [];
  const base = { state: "denied", cause: "browser_signal", proof: "Global Privacy Control" } as const;
  return [
    { ...base, channel: "any", purpose: "sale_or_share" },
    { ...base, channel: "ads", purpose: "ad_audience" },
  ];
}

function modeOf({ analytics_storage, ad_storage, ad_user_data, ad_personalization }: ConsentMode): Signalled[] {
  const proof = "Consent mode v2";
  const said: Signalled[] = [];
  if (analytics_storage === "granted" || analytics_storage === "denied")
    said.push({ channel: "any", purpose: "analytics", state: analytics_storage, cause: null, proof });
  const ads = [ad_storage, ad_user_data, ad_personalization];
  // All three are needed for a yes, one is enough for a no; what is unset is neither.
  if (ads.includes("denied"))
    said.push({ channel: "ads", purpose: "ad_audience", state: "denied", cause: null, proof });
  else if (ads.every((one) => one === "granted"))
    said.push({ channel: "ads", purpose: "ad_audience", state: "granted", cause: null, proof });
  return said;
}
