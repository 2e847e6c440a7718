import type { TokenAuth } from "#connectors/core/auth.ts";
import { signIn } from "./sign-in.ts";

export const READ_SCOPE = "https://www.googleapis.com/auth/analytics.readonly";

/** Private keys, and access tokens as Google writes them. Read 2026-11: https://cloud.google.com/docs/authentication/token-types */
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
  secretPatterns: [
    /-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?-----END [A-Z ]*PRIVATE KEY-----/g,
    /\bya29\.[\w.-]{8,}/g,
    /\bGOCSPX-[\w-]{8,}/g,
    /\b1\/\/[\w-]{20,}/g,
  ],
};
