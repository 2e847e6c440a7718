/** Stripe's error replies. */
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import type { VendorErrors } from "#connectors/core/twin/vendor-error.ts";

interface ErrorFacts {
  type?: "invalid_request_error" | "api_error" | "idempotency_error";
  code?: string;
  param?: string;
}

export function stripeError(
  status: number,
  message: string,
  { type = "invalid_request_error", ...facts }: ErrorFacts = {},
  headers: Record<string, string> = {},
): VendorError {
  return new VendorError(status, message, { error: { type, message, ...facts } }, headers);
}

export const invalid = (message: string, code: string, param: string): VendorError =>
  stripeError(400, message, { code, param });

/** 404 for the object a URL names; a parameter that names a missing object is 400. */
export const missing = (what: string, id: string, param = "id", status = 404): VendorError =>
  stripeError(status, `No such ${what}: '${id}'`, { code: "resource_missing", param });

export const SERVER_ERROR =
  "An unknown error occurred. If you have any questions, you can contact us at https://support.stripe.com/.";

export const lockTimeout = (): VendorError =>
  stripeError(
    429,
    "This object cannot be accessed right now because another API request or Stripe process is currently accessing it.",
    { code: "lock_timeout" },
  );

export const errors: VendorErrors = {
  unauthorised: (expired) =>
    expired
      ? stripeError(401, "Expired API Key provided.", { code: "api_key_expired" })
      : stripeError(401, "Invalid API Key provided."),
  denied: (permission) =>
    stripeError(
      403,
      `The provided key does not have the required permissions for this endpoint. Having the '${permission}' permission would allow this request to continue.`,
    ),
  throttled: (reason = "endpoint-rate") =>
    stripeError(
      429,
      "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
      { code: "rate_limit" },
      { "stripe-rate-limited-reason": reason },
    ),
  broken: (status) => stripeError(status, SERVER_ERROR, { type: "api_error" }),
  unknownRoute: unknownUrl,
  wrongMethod: unknownUrl,
  invalidBody: () => stripeError(400, "Invalid request body."),
};

function unknownUrl(method: string, path: string): VendorError {
  return stripeError(404, `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs.`);
}

export const idempotency = {
  header: "idempotency-key",
  keptMs: 24 * 3_600_000,
  maxLength: 255,
  tooLong: () => stripeError(400, "Idempotency keys can have up to 255 characters."),
  conflict: (key: string) =>
    stripeError(
      400,
      `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
      { type: "idempotency_error" },
    ),
};
