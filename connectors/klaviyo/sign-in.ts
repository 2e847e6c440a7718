/** Signing in at Klaviyo. Read 2026-11: https://developers.klaviyo.com/en/docs/set_up_oauth */
import type { Scope, SignIn } from "#connectors/core/oauth/sign-in.ts";

const scope = (name: string, purpose: string): Scope => ({ name, purpose });

export const signIn: SignIn = {
  id: "app",
  app: "a Klaviyo app",
  client: "klaviyo",
  authorizeUrl: "https://www.klaviyo.com/oauth/authorize",
  // Not `www`: calls for tokens are blocked there since 2025-03-31.
  tokenUrl: "https://a.klaviyo.com/oauth/token",
  scopes: {
    required: [
      scope("accounts:read", "see whose account it is"),
      scope("profiles:read", "read profiles and their consent"),
      scope("events:read", "read what people did"),
      scope("metrics:read", "tell what kind of event it was"),
      scope("lists:read", "read which lists people joined"),
      scope("profiles:write", "write the approved values to profiles"),
      // A bulk import needs it even where it names no list.
      scope("lists:write", "write many profiles with one call"),
    ],
    optional: [],
  },
  pkce: "S256",
  authenticate: "basic",
  refresh: "yes",
  revoke: { url: "https://a.klaviyo.com/oauth/revoke", ends: "token" },
  credentials: ({ accessToken }) => ({ accessToken }),
  setUp:
    "In Klaviyo: Integrations, Manage apps, create an app with the scopes that connectors/klaviyo/README.md lists and the redirect address below.",
  where: "Klaviyo: Integrations",
};
