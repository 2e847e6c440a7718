/** Google Ads' error replies: one form for all of Google, with a `GoogleAdsFailure` inside. */
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import type { VendorErrors } from "#connectors/core/twin/vendor-error.ts";

const STATUS: Record<number, string> = {
  400: "INVALID_ARGUMENT",
  401: "UNAUTHENTICATED",
  403: "PERMISSION_DENIED",
  404: "NOT_FOUND",
  429: "RESOURCE_EXHAUSTED",
};

/**
 * @param category as `queryError`
 * @param quota how long to wait, in the body where Google puts it
 */
export function adsError(
  status: number,
  category: string,
  code: string,
  message: string,
  quota?: { retrySeconds: number; rateName: string },
): VendorError {
  const error = {
    errorCode: { [category]: code },
    message,
    ...(quota === undefined
      ? {}
      : {
          details: {
            quotaErrorDetails: {
              rateScope: "DEVELOPER",
              rateName: quota.rateName,
              retryDelay: `${quota.retrySeconds}s`,
            },
          },
        }),
  };
  const details = [
    {
      "@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure",
      errors: [error],
      requestId: "req",
    },
  ];
  return new VendorError(status, message, { error: { code: status, message, status: STATUS[status], details } });
}

export const queryError = (code: string, message: string): VendorError => adsError(400, "queryError", code, message);
export const requestError = (code: string, message: string): VendorError =>
  adsError(400, "requestError", code, message);
export const unreachable = (): VendorError =>
  adsError(
    403,
    "authorizationError",
    "USER_PERMISSION_DENIED",
    "User doesn't have permission to access customer. Note: If you're accessing a client customer, the manager's customer id must be set in the 'login-customer-id' header.",
  );

/** Of Google's front, before any of its APIs. */
export function googleError(status: number, message: string, reason?: string): VendorError {
  const details =
    reason === undefined
      ? {}
      : { details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com" }] };
  return new VendorError(status, message, {
    error: { code: status, message, status: STATUS[status] ?? "INTERNAL", ...details },
  });
}

export const errors: VendorErrors = {
  unauthorised: () =>
    adsError(401, "authenticationError", "OAUTH_TOKEN_INVALID", "OAuth token in the header is not valid."),
  denied: () => googleError(403, "Request had insufficient authentication scopes.", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"),
  throttled: (reason = "RESOURCE_TEMPORARILY_EXHAUSTED") =>
    adsError(429, "quotaError", reason, "Too many requests. Retry in 30 seconds.", {
      retrySeconds: 30,
      rateName: "Requests per service per method",
    }),
  broken: (status) => googleError(status, "An internal error has occurred."),
  unknownRoute: (method, path) => googleError(404, `The requested URL ${method} ${path} was not found on this server.`),
  wrongMethod: (method, path) => googleError(404, `The requested URL ${method} ${path} was not found on this server.`),
  invalidBody: (where) => googleError(400, `Invalid JSON payload received. Unknown name or wrong type: ${where}`),
};
