/** What a person gives to connect an account. */
import { z } from "zod";
import { overlapMinutes } from "#connectors/core/overlap.ts";
import { webhookSecrets } from "#connectors/core/webhooks.ts";

export const credentials = z.strictObject({
  apiKey: z.string().min(1),
  /** Of a sign-in, whose token need not show it. */
  mode: z.enum(["live", "test"]).optional(),
  webhookSecrets,
});
export type Credentials = z.infer<typeof credentials>;

export const settings = z.strictObject({
  overlapMinutes: overlapMinutes(5),
});
export type Settings = z.infer<typeof settings>;
