/** The forms of Google's replies, the parts we read; everything else is tolerated. 64-bit numbers are texts. */
import { z } from "zod";
import { isCurrency } from "#connectors/core/currency.ts";
import { isTimeZone } from "#connectors/core/local-time.ts";

const digits = z.string().regex(/^\d{1,19}$/);

export const searchReply = z.object({
  /** Checked one by one, later. */
  results: z.array(z.unknown()).default([]),
  nextPageToken: z.string().optional(),
});

export const accessibleReply = z.object({
  resourceNames: z.array(z.string().regex(/^customers\/\d{10}$/)).default([]),
});

const zone = z.string().refine(isTimeZone, "no time zone");

export const customerClientRow = z.object({
  customerClient: z.object({
    id: digits,
    /** How far below the account that was asked; itself is 0. */
    level: digits.default("0"),
    manager: z.boolean().default(false),
    status: z.string(),
    currencyCode: z.string().refine(isCurrency, "no currency").optional(),
    timeZone: zone.optional(),
    descriptiveName: z.string().default(""),
    testAccount: z.boolean().default(false),
  }),
});
export type CustomerClient = z.infer<typeof customerClientRow>["customerClient"];

const micros = z
  .string()
  .regex(/^-?\d{1,18}$/)
  .transform(Number)
  .refine(Number.isSafeInteger, "more than a number holds");
const amount = z.number().refine((value) => Number.isSafeInteger(Math.round(value * 1e6)), "more than a number holds");

/** Which account a row is of is not in it: it was asked for. */
const ofAccount = { account: z.string(), currency: z.string(), timeZone: z.string() };

export const spendRow = z.object({
  ...ofAccount,
  campaign: z.object({ id: digits, name: z.string().max(1_000) }),
  segments: z.object({ date: z.iso.date() }),
  metrics: z.object({
    costMicros: micros,
    clicks: micros,
    impressions: micros,
    conversions: z.number(),
    conversionsValue: amount,
  }),
});
export type SpendRow = z.infer<typeof spendRow>;

export const clickRow = z.object({
  ...ofAccount,
  clickView: z.object({
    /** Left out for campaigns that advertise apps. As it came: upper and lower case are different clicks. */
    gclid: z.string().max(255).nullish(),
  }),
  campaign: z.object({ id: digits, name: z.string().max(1_000).optional() }),
  segments: z.object({ date: z.iso.date() }),
});
export type ClickRow = z.infer<typeof clickRow>;
