/** What is read of a property, and how far back. */
import { z } from "zod";
import { MOST_AUDIENCES, MOST_STEPS, USUAL_CORRECTION_DAYS } from "./limits.ts";

/** Names of events: a letter, then letters, digits and underscores, at most 40. */
const eventName = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,39}$/, "not the name of an event");

export const settings = z.strictObject({
  /** Full days before today that the first read goes back. */
  backfillDays: z.number().int().min(1).max(1_095).default(90),
  /** So many of the last days are read again each time, because Google still corrects them. */
  correctionDays: z.number().int().min(1).max(30).default(USUAL_CORRECTION_DAYS),
  /** The steps that lead to an order, by their events, in order. */
  funnel: z
    .array(eventName)
    .min(1)
    .max(MOST_STEPS)
    .refine((events) => new Set(events).size === events.length, "an event stands in it twice")
    .default(["session_start", "view_item", "add_to_cart", "begin_checkout", "purchase"]),
  /** Ids of audiences whose members are read, where the site tells Google its own user ids. */
  audiences: z.array(z.string().regex(/^\d+$/)).max(MOST_AUDIENCES).default([]),
  /** A snapshot of an audience is taken so often; it costs a multiple of a report. */
  audienceHours: z.number().int().min(1).max(168).default(24),
  /** The site's user id is the shop's own account number, which other tools hold as well. */
  userIdIsAccountNumber: z.boolean().default(false),
  /** To send events (Measurement Protocol): the web stream they belong to. */
  measurementId: z
    .string()
    .regex(/^G-[A-Z0-9]+$/)
    .optional(),
});
export type Settings = z.infer<typeof settings>;

export const credentials = z.strictObject({
  /** A number; whether it is one is told with what is asked for (client.ts). */
  propertyId: z.string().min(1),
  /** A service account's key file, or the access token of a sign-in. */
  key: z.string().min(1),
  /** To send events (Measurement Protocol): the secret of that stream. */
  measurementSecret: z.string().min(1).optional(),
});
export type Credentials = z.infer<typeof credentials>;
