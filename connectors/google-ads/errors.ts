/** What Google Ads' refusals mean for whoever has to act. Its own sentences can quote queries and values: never passed on. */
import { z } from "zod";
import { durationMs, googleErrors } from "#connectors/google/errors.ts";
import type { Detail } from "#connectors/google/errors.ts";
import { ADS_SCOPE, AUDIENCE_SCOPE } from "./auth.ts";
import { EXHAUSTED_WAIT_MS } from "./limits.ts";

export const TITLE = "Google Ads";

/** `GoogleAdsFailure`, inside the form that all of Google's APIs have. */
const failure = z.object({
  error: z.object({
    details: z.array(
      z.looseObject({
        requestId: z.string().optional(),
        errors: z
          .array(
            z.looseObject({
              errorCode: z.record(z.string(), z.string()).optional(),
              details: z
                .looseObject({ quotaErrorDetails: z.looseObject({ retryDelay: z.unknown().optional() }).optional() })
                .optional(),
            }),
          )
          .optional(),
      }),
    ),
  }),
});

function detailOf(body: unknown): Detail {
  const details = failure.safeParse(body).data?.error.details ?? [];
  const found = details.find(({ errors = [] }) => errors.length > 0);
  const [first] = found?.errors ?? [];
  const code = Object.values(first?.errorCode ?? {})[0];
  const retryDelayMs = durationMs(first?.details?.quotaErrorDetails?.retryDelay);
  return {
    ...(code === undefined ? {} : { code }),
    ...(found?.requestId === undefined ? {} : { requestId: found.requestId }),
    ...(retryDelayMs === undefined ? {} : { retryDelayMs }),
  };
}

const ACCESS_LEVEL =
  "The Google Cloud project behind the credentials may only call test accounts. In Google Ads, API Center, apply for Explorer or Basic access.";
const NO_WAY =
  "These credentials do not reach the Google Ads account. Where it is reached through a manager, connect with the manager's customer id, or give it as loginCustomerId.";

export const classify = googleErrors(
  TITLE,
  `access to the account, or one of the scopes ${ADS_SCOPE} and, for audiences, ${AUDIENCE_SCOPE}`,
  {
    detailOf,
    statuses: {
      404: {
        kind: "contract",
        say: `${TITLE} does not know the address: the version of its API may have been shut down. Set apiVersion to one that lives.`,
      },
      429: {
        kind: "rate_limited",
        // A daily number of operations comes back bit by bit over 24 hours; there is no hour at which to try again.
        waitMs: ({ code, retryDelayMs }, asked) =>
          asked ?? retryDelayMs ?? (code === "RESOURCE_EXHAUSTED" ? EXHAUSTED_WAIT_MS : undefined),
      },
    },
    codes: {
      USER_PERMISSION_DENIED: { kind: "permission", say: NO_WAY },
      INVALID_LOGIN_CUSTOMER_ID_SERVING_CUSTOMER_ID_COMBINATION: { kind: "permission", say: NO_WAY },
      CUSTOMER_NOT_FOUND: { kind: "permission", status: 401, say: NO_WAY },
      CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION: { kind: "permission", say: ACCESS_LEVEL },
      DEVELOPER_TOKEN_NOT_APPROVED: { kind: "permission", say: ACCESS_LEVEL },
      CUSTOMER_NOT_ENABLED: {
        kind: "permission",
        say: "The Google Ads account is not in use (cancelled, suspended or not set up). Nobody can read it.",
      },
      CUSTOMER_NOT_ALLOWLISTED_FOR_THIS_FEATURE: {
        kind: "permission",
        say: "Google Ads does not offer this to the account.",
      },
      TWO_STEP_VERIFICATION_NOT_ENROLLED: {
        kind: "auth",
        status: 401,
        say: "Google asks whoever signed in for two-step verification. Set it up at myaccount.google.com, then connect again.",
      },
      NOT_ADS_USER: {
        kind: "auth",
        status: 401,
        say: "The Google account that signed in has no Google Ads account. Sign in with one that has.",
      },
      INVALID_PAGE_TOKEN: { kind: "cursor_expired" },
      EXPIRED_PAGE_TOKEN: { kind: "cursor_expired" },
      UNSUPPORTED_VERSION: {
        kind: "contract",
        say: `${TITLE} has shut down this version of its API. Set apiVersion to one that lives.`,
      },
      REQUESTED_METRICS_FOR_MANAGER: {
        kind: "contract",
        say: "A Google Ads manager account was asked for figures; only the accounts below it have any.",
      },
    },
  },
);
