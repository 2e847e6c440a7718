import type { TokenAuth } from "#connectors/core/auth.ts";
import { signIn } from "./sign-in.ts";

/** Private keys begin with `pk_`. Read 2026-11: https://help.klaviyo.com/hc/en-us/articles/7423954176283 */
export const auth: TokenAuth = {
  kind: "token",
  fields: [
    {
      name: "apiKey",
      title: "private API key",
      secret: true,
      env: "KLAVIYO_API_KEY",
      where:
        "In Klaviyo: Settings, API keys, Create Private API Key with the scopes that connectors/klaviyo/README.md lists, then copy it; a key's scopes cannot be changed afterwards.",
    },
  ],
  signIns: [signIn],
  secretPatterns: [/\bpk_[A-Za-z0-9_]{8,}/g],
};
