import { googleSignIn } from "#connectors/google/sign-in.ts";

export const signIn = googleSignIn({
  required: [{ name: "adwords", purpose: "read campaigns, what they cost and their clicks" }],
  api: "Google Ads API",
  // Left out where the person reaches one account alone.
  asks: [{ name: "customerId", optional: true }],
  credentials: ({ accessToken, facts }) => ({
    ...(facts["customerId"] === undefined ? {} : { customerId: facts["customerId"] }),
    key: accessToken,
  }),
});
