/**
 * Signing in at Stripe: by a platform's Connect, or by a Stripe App. Read 2026-11: https://docs.stripe.com/connect/oauth-reference,
 * https://docs.stripe.com/stripe-apps/api-authentication/oauth
 */
import type { SignIn, TokenAnswer, TokenFacts } from "#connectors/core/oauth/sign-in.ts";

/** Which account and mode: a token need not show its mode as a key does. */
function factsIn(answer: TokenAnswer): Record<string, string> {
  const { stripe_user_id: account, livemode } = answer;
  return {
    ...(typeof account === "string" ? { account } : {}),
    ...(typeof livemode === "boolean" ? { mode: livemode ? "live" : "test" } : {}),
  };
}

const credentials = ({ accessToken, facts }: TokenFacts) => ({
  apiKey: accessToken,
  ...(facts["mode"] === undefined ? {} : { mode: facts["mode"] }),
});

const where = "the Stripe Dashboard: Settings, Installed apps and extensions";

/** The token does not expire; the refresh token beside it is for another mode or scope: https://docs.stripe.com/connect/oauth-reference */
export const connect: SignIn = {
  id: "connect",
  app: "a Stripe platform with Connect",
  client: "stripe",
  authorizeUrl: "https://connect.stripe.com/oauth/authorize",
  tokenUrl: "https://connect.stripe.com/oauth/token",
  scopes: {
    // `read_only` cannot write metadata.
    required: [
      { name: "read_write", purpose: "read customers and payments and write the approved values to customers" },
    ],
    optional: [],
  },
  pkce: "none",
  authenticate: "bearer",
  refresh: "none",
  revoke: {
    url: "https://connect.stripe.com/oauth/deauthorize",
    // The account leaves the platform, whoever connected it.
    ends: "account",
    form: ({ clientId, facts }) => ({ client_id: clientId, stripe_user_id: facts["account"] ?? "" }),
  },
  factsIn,
  credentials,
  setUp:
    "In the Stripe Dashboard: Connect, Settings, OAuth: take the client id, allow the redirect address below; the client secret is the platform's secret key of the same mode.",
  where,
};

/** A new refresh token with each use, valid for a year. */
export const app: SignIn = {
  id: "app",
  app: "a Stripe App",
  client: "stripe-app",
  authorizeUrl: "https://marketplace.stripe.com/oauth/v2/authorize",
  tokenUrl: "https://api.stripe.com/v1/oauth/token",
  // What it may do stands in the app's manifest; the answer calls it `stripe_apps`.
  scopes: { required: [], optional: [] },
  pkce: "none",
  authenticate: "basic-secret",
  refresh: "yes",
  // The answer does not say: https://github.com/NangoHQ/nango/pull/1780 (2026-11)
  lifeSeconds: 3_600,
  // Uninstalling is the account's own deed.
  revoke: null,
  factsIn,
  credentials,
  setUp:
    "In the Stripe App's manifest set stripe_api_access_type to oauth and allow the redirect address below; the client secret is the developer account's secret key of the same mode.",
  where,
};
