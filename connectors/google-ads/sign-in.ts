import { googleSignIn } from "#connectors/google/sign-in.ts";

export const signIn = googleSignIn({
  required: [{ name: "adwords", purpose: "read campaigns, what they cost and their clicks" }],
  optional: [{ name: "datamanager", purpose: "fill audiences, where somebody asks for one" }],
  api: "Google Ads API, and for audiences the Data Manager API",
  // Left out where the person reaches one account alone.
  asks: [{ name: "customerId", optional: true }],
  credentials: ({ accessToken, facts }) => ({
    ...(facts["customerId"] === undefined ? {} : { customerId: facts["customerId"] }),
    key: accessToken,
  }),
});
