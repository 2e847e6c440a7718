/** Which accounts are read, how far back, and with what. */
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import { LEAST_MEMBERS, CLICK_DAYS, USUAL_CORRECTION_DAYS, VERSION } from "./limits.ts";

export const settings = z.strictObject({
  /** A version of the API lives about a year: https://developers.google.com/google-ads/api/docs/sunset-dates (2026-11) */
  apiVersion: z
    .string()
    .regex(/^v\d{1,3}$/)
    .default(VERSION),
  /** Full days before today that the first read of spend goes back. */
  backfillDays: z.number().int().min(1).max(1_100).default(365),
  /** Days of clicks that the first read goes back, today among them: a query for each. */
  clickDays: z.number().int().min(1).max(CLICK_DAYS).default(CLICK_DAYS),
  /** Left out: nobody is sent to Google, and whoever was is taken out. */
  audience: z
    .strictObject({
      /** How many of the best customers, at most. */
      size: z.number().int().min(LEAST_MEMBERS).max(100_000).default(1_000),
      /** Google's terms for Customer Match, which somebody has to have agreed to. */
      customerMatchTerms: z.literal("accepted"),
    })
    .optional(),
  /** So many of the last days are read again each time: conversions are counted for clicks of long ago. */
  correctionDays: z.number().int().min(1).max(CLICK_DAYS).default(USUAL_CORRECTION_DAYS),
});
export type Settings = z.infer<typeof settings>;

export const credentials = z.strictObject({
  /** Of an account or a manager; left out where the credentials reach one alone. */
  customerId: z.string().min(1).optional(),
  /** A service account's key file, a file with a refresh token, or the access token of a sign-in. */
  key: z.string().min(1),
  /** The manager through which the account is reached, where that is not `customerId` itself. */
  loginCustomerId: z.string().min(1).optional(),
  /** No longer asked for since 2026-09-09, and sent only where somebody gives one. */
  developerToken: z.string().min(1).optional(),
});
export type Credentials = z.infer<typeof credentials>;

/** Ten digits, without the dashes that people write. @throws ConnectorError for anything else */
export function customerIdOf(written: string, what: string): string {
  const id = written
    .trim()
    .replace(/^customers\//, "")
    .replaceAll("-", "");
  if (/^\d{10}$/.test(id)) return id;
  throw new ConnectorError("auth", `The ${what} of Google Ads has ten digits, as 123-456-7890; this has not.`);
}
