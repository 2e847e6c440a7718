import type { TokenAuth } from "#connectors/core/auth.ts";
import { app, connect } from "./sign-in.ts";

/** `sk_`, `rk_` and `pk_` are keys, `whsec_` webhook secrets. Read 2026-11: https://docs.stripe.com/keys */
export const auth: TokenAuth = {
  kind: "token",
  fields: [
    {
      name: "apiKey",
      title: "restricted or secret API key",
      secret: true,
      env: "STRIPE_API_KEY",
      where:
        "In the Stripe Dashboard: Developers, API keys, create a restricted key with the rights that connectors/stripe/README.md lists.",
    },
  ],
  signIns: [connect, app],
  secretPatterns: [/\b(?:sk|rk|pk|whsec)_[\w-]{8,}/g],
};
