/** What a person gives to connect an account. */
import { z } from "zod";

export const credentials = z.strictObject({ token: z.string().min(1) });
export type Credentials = z.infer<typeof credentials>;

export const settings = z.strictObject({
  /** How far a read of changes reaches back before the last one: changes become visible late and out of order. */
  overlapMinutes: z
    .number()
    .int()
    .min(1)
    .max(24 * 60)
    .default(5),
});
export type Settings = z.infer<typeof settings>;
