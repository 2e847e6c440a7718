import type { SignInAuth } from "#connectors/core/auth.ts";
import { signIn } from "./sign-in.ts";

/** Access tokens begin with `acme_at_`, refresh tokens with `rt_`. */
export const auth: SignInAuth = {
  kind: "sign-in",
  signIns: [signIn],
  secretPatterns: [/\b(?:acme_at|rt)_[\w-]{8,}/g],
};
