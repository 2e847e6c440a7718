/** What a sign-in leaves us with. */
import { z } from "zod";

/** Stored encrypted, and parsed when it is read. */
export const tokens = z.strictObject({
  accessToken: z.string().min(1),
  /** Null: the vendor gave none, or gives none. */
  refreshToken: z.string().min(1).nullable(),
  /** What the tool's `factsIn` kept; no secrets. */
  facts: z.record(z.string(), z.string()),
});
export type Tokens = z.infer<typeof tokens>;

export interface GrantedTokens {
  tokens: Tokens;
  /** When the access token ends, epoch milliseconds; null: the vendor does not say. */
  expiresAt: number | null;
  scopes: string[];
}
