/** The Measurement Protocol: takes everything with 204, keeps what is right, and says what is wrong at the debug address only. */
import { z } from "zod";
import type { Call, Routes } from "#connectors/core/twin/route.ts";
import type { Ga4Account } from "./account.ts";

export interface TakenEvents {
  taken: unknown[];
  /** Why, by Google's code; nobody was told. */
  dropped: string[];
}

const name = z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,39}$/);
const consent = z.enum(["GRANTED", "DENIED"]);
const hit = z.strictObject({
  client_id: z.string().min(1),
  user_id: z.string().optional(),
  timestamp_micros: z.number().optional(),
  consent: z.strictObject({ ad_user_data: consent.optional(), ad_personalization: consent.optional() }).optional(),
  user_properties: z.record(z.string().max(24), z.strictObject({ value: z.string().max(36) })).optional(),
  events: z
    .array(
      z.strictObject({
        name,
        params: z
          .record(name, z.union([z.string().max(100), z.number()]))
          .refine((params) => Object.keys(params).length <= 25)
          .optional(),
      }),
    )
    .min(1)
    .max(25),
});
const HOUR = 3_600_000;

export function eventRoutes(account: Ga4Account, stream: { id: string; secret: string }, books: TakenEvents): Routes {
  /** Null: nothing is wrong that the debug address would tell. */
  const wrong = ({ text }: Call): string | null => {
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      return "VALUE_INVALID";
    }
    const parsed = hit.safeParse(json);
    if (!parsed.success)
      return parsed.error.issues.some(({ path }) => path.at(-1) === "name") ? "NAME_INVALID" : "VALUE_INVALID";
    const { timestamp_micros: micros } = parsed.data;
    return micros !== undefined && micros / 1_000 < account.now() - 72 * HOUR ? "VALUE_OUT_OF_BOUNDS" : null;
  };
  return {
    "POST /mp/collect": {
      handle(call) {
        const known = call.query.get("measurement_id") === stream.id && call.query.get("api_secret") === stream.secret;
        const reason = known ? wrong(call) : "SECRET_INVALID";
        if (reason === null) books.taken.push(JSON.parse(call.text));
        else books.dropped.push(reason);
        return { status: 204, body: null };
      },
    },
    // It does not look at the secret either.
    "POST /debug/mp/collect": {
      handle(call) {
        const reason = wrong(call);
        const message = {
          fieldPath: "events",
          description: `The value is not valid: ${call.text}`,
          validationCode: reason,
        };
        return { status: 200, body: { validationMessages: reason === null ? [] : [message] } };
      },
    },
  };
}
