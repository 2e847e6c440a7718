/** How a person signs in at Acme. */
import type { SignIn } from "#connectors/core/oauth/sign-in.ts";

export const signIn: SignIn = {
  id: "app",
  app: "an Acme app",
  client: "acme",
  authorizeUrl: "https://acme.example/oauth/authorize",
  tokenUrl: "https://api.acme.example/oauth/token",
  scopes: {
    required: [
      { name: "people:read", purpose: "read people and their consent" },
      { name: "orders:read", purpose: "read orders" },
    ],
    optional: [{ name: "people:write", purpose: "write the approved values to people" }],
  },
  pkce: "S256",
  authenticate: "basic",
  refresh: "yes",
  revoke: { url: "https://api.acme.example/oauth/revoke", ends: "token" },
  credentials: ({ accessToken }) => ({ token: accessToken }),
  setUp:
    "In Acme: Developers, Apps, make one with the scopes of connectors/acme/README.md and the redirect address below.",
  where: "Acme: Settings, Connected apps",
};
