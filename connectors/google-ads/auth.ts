import type { TokenAuth } from "#connectors/core/auth.ts";
import { SECRET_PATTERNS } from "#connectors/google/secrets.ts";
import { signIn } from "./sign-in.ts";

export const ADS_SCOPE = "https://www.googleapis.com/auth/adwords";
/** For audiences. */
export const AUDIENCE_SCOPE = "https://www.googleapis.com/auth/datamanager";

export const auth: TokenAuth = {
  kind: "token",
  fields: [
    {
      name: "customerId",
      title: "customer id",
      secret: false,
      env: "GOOGLE_ADS_CUSTOMER_ID",
      where:
        "In Google Ads: the ten digits at the top right, of one account or of a manager account; of a manager, all accounts below it are read.",
    },
    {
      name: "key",
      title: "credentials",
      secret: true,
      env: "GOOGLE_ADS_CREDENTIALS",
      where:
        "A service account's key file that has access to the account, or the file with client_id, client_secret and refresh_token of somebody who has; the JSON on one line. connectors/google-ads/README.md lists the steps.",
    },
  ],
  signIns: [signIn],
  secretPatterns: SECRET_PATTERNS,
};
