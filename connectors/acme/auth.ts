import type { TokenAuth } from "#connectors/core/auth.ts";

/** Keys begin with `acme_key_`. */
export const auth: TokenAuth = {
  kind: "token",
  fields: [
    {
      name: "token",
      title: "API key",
      secret: true,
      env: "ACME_API_KEY",
      where: "In Acme: Settings, API keys, make one with the permissions that connectors/acme/README.md lists.",
    },
  ],
  secretPatterns: [/\bacme_key_\w{8,}/g],
};
