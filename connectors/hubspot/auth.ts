import type { TokenAuth } from "../core/auth.ts";

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
  secretPatterns: [/\bpat-[a-z0-9]+-[0-9a-f-]{8,}/gi],
};
