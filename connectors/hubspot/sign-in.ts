/** Signing in at HubSpot. Read 2026-11: https://developers.hubspot.com/docs/api-reference/auth-oauth-v3/guide */
import type { Scope, SignIn } from "../core/oauth/sign-in.ts";

const scope = (name: string, purpose: string): Scope => ({ name, purpose });

export const signIn: SignIn = {
  id: "app",
  app: "a HubSpot app",
  client: "hubspot",
  authorizeUrl: "https://app.hubspot.com/oauth/authorize",
  // `/oauth/v1` is switched off on 2027-02-16: https://developers.hubspot.com/changelog/v1-oauth-api-deprecation
  tokenUrl: "https://api.hubapi.com/oauth/2026-03/token",
  scopes: {
    required: [
      scope("oauth", "sign in"),
      scope("crm.objects.contacts.read", "read contacts"),
      scope("crm.objects.contacts.write", "write the approved values to contacts"),
      scope("crm.objects.companies.read", "read companies"),
      scope("crm.objects.deals.read", "read deals"),
      scope("crm.schemas.contacts.read", "see which properties contacts have"),
    ],
    // Plans differ in what they offer; asked for as required, they would keep a smaller account out.
    optional: [
      scope("crm.schemas.contacts.write", "create the properties that values are written to"),
      scope("communication_preferences.statuses.batch.read", "read who subscribed to which e-mails"),
    ],
  },
  optionalParameter: "optional_scope",
  // Not demanded of an app with a secret, but the token address takes the verifier (HubSpot's API description, 2026-11).
  pkce: "S256",
  authenticate: "body",
  refresh: "yes",
  revoke: { url: "https://api.hubapi.com/oauth/2026-03/token/revoke", ends: "token" },
  credentials: ({ accessToken }) => ({ accessToken }),
  setUp:
    "In a HubSpot developer project make an app with OAuth, with the scopes that connectors/hubspot/README.md lists and the redirect address below.",
  where: "HubSpot: Settings, Integrations, Connected Apps",
};
