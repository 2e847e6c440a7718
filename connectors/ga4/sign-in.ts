import { googleSignIn } from "#connectors/google/sign-in.ts";

export const signIn = googleSignIn({
  required: [{ name: "analytics.readonly", purpose: "read reports and audiences" }],
  api: "Google Analytics Data and Admin APIs",
  // Somebody sees many properties; a connection is one.
  asks: [{ name: "propertyId" }],
  credentials: ({ accessToken, facts }) => ({ propertyId: facts["propertyId"] ?? "", key: accessToken }),
});
