/** What a person gives to connect an account. */
import { z } from "zod";
import { overlapMinutes } from "#connectors/core/overlap.ts";

export const credentials = z.strictObject({ token: z.string().min(1) });
export type Credentials = z.infer<typeof credentials>;

export const settings = z.strictObject({
  overlapMinutes: overlapMinutes(5),
});
export type Settings = z.infer<typeof settings>;
