/** What a person gives to connect an account. */
import { z } from "zod";
import { consentChannel, consentPurpose } from "../core/records.ts";
import { webhookSecrets } from "../core/webhooks.ts";
import { DEFAULT_OVERLAP_MINUTES } from "./limits.ts";

const use = z.strictObject({ channel: consentChannel, purpose: consentPurpose });

export const settings = z.strictObject({
  /** HubSpot subscription type id -> what it permits. Types not named are e-mail marketing. */
  subscriptions: z.record(z.string(), use).default({}),
  /** How far an incremental read reaches back behind the last one, for the search index lags behind. */
  overlapMinutes: z.number().min(1).max(1440).default(DEFAULT_OVERLAP_MINUTES),
});
export type Settings = z.infer<typeof settings>;

export const credentials = z.strictObject({ accessToken: z.string().min(1), webhookSecrets });
export type Credentials = z.infer<typeof credentials>;
