import type { TokenAuth } from "../core/auth.ts";
import { signIn } from "./sign-in.ts";

/** Private app tokens read `pat-<region>-<uuid>`. Read 2026-11: https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview */
export const auth: TokenAuth = {
  kind: "token",
  fields: [
    {
      name: "accessToken",
      title: "access token of a private app",
      secret: true,
      env: "HUBSPOT_ACCESS_TOKEN",
      where:
        "In HubSpot: Settings, Integrations, Private Apps, create one with the scopes that connectors/hubspot/README.md lists, then copy its access token.",
    },
  ],
  signIns: [signIn],
  // Refresh tokens of a sign-in read `<region>-<four characters>-<uuid>`; access tokens have no form of their own.
  secretPatterns: [/\bpat-[a-z0-9]+-[0-9a-f-]{8,}/gi, /\b[a-z]{2}\d-[0-9a-f]{4}-[0-9a-f]{8}-[0-9a-f-]{20,}/gi],
};
