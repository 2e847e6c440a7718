/** What a person gives to connect an account. */
import { z } from "zod";
import { webhookSecrets } from "#connectors/core/webhooks.ts";
import { DEFAULT_EVENT_OVERLAP_MINUTES, DEFAULT_FULL_READ_HOURS, DEFAULT_OVERLAP_MINUTES } from "./limits.ts";

export const settings = z.strictObject({
  /**
   * The most that is kept of opened e-mails: with `consented` those of people whose consent to open tracking stands in Klaviyo
   * reach the ledger, which decides.
   * Clicks and orders are the person's own doing and always kept.
   */
  opens: z.enum(["off", "consented"]).default("off"),
  /** How far an incremental read of profiles and lists reaches back behind the last one. */
  overlapMinutes: z.number().min(1).max(1440).default(DEFAULT_OVERLAP_MINUTES),
  /** The same for events, which arrive late and dated when they happened. */
  eventOverlapMinutes: z.number().min(1).max(20_160).default(DEFAULT_EVENT_OVERLAP_MINUTES),
  /** After so many hours all profiles are read again: nothing else shows which were deleted. */
  fullReadHours: z.number().min(1).max(720).default(DEFAULT_FULL_READ_HOURS),
});
export type Settings = z.infer<typeof settings>;

/** A private key, or the token of a sign-in. */
export const credentials = z.union([
  z.strictObject({ apiKey: z.string().min(1), webhookSecrets }),
  z.strictObject({ accessToken: z.string().min(1) }),
]);
export type Credentials = z.infer<typeof credentials>;
