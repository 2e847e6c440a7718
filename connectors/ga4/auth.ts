import type { TokenAuth } from "#connectors/core/auth.ts";
import { SECRET_PATTERNS } from "#connectors/google/secrets.ts";
import { signIn } from "./sign-in.ts";

export const READ_SCOPE = "https://www.googleapis.com/auth/analytics.readonly";

export const auth: TokenAuth = {
  kind: "token",
  fields: [
    {
      name: "propertyId",
      title: "property id",
      secret: false,
      env: "GA4_PROPERTY_ID",
      where: "In Google Analytics: Admin, Property details, the number at the top right.",
    },
    {
      name: "key",
      title: "service account key",
      secret: true,
      env: "GA4_SERVICE_ACCOUNT_KEY",
      where:
        "In the Google Cloud console: enable the Google Analytics Data and Admin APIs, make a service account, add a key of type JSON and paste the file's content on one line. In Google Analytics give the account's address the role Viewer on the property.",
    },
  ],
  signIns: [signIn],
  secretPatterns: SECRET_PATTERNS,
};
