/** Google's error replies (AIP-193). */
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import type { VendorErrors } from "#connectors/core/twin/vendor-error.ts";

export function googleError(code: number, status: string, message: string, reason?: string): VendorError {
  const details =
    reason === undefined
      ? {}
      : { details: [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason, domain: "googleapis.com" }] };
  return new VendorError(code, message, { error: { code, message, status, ...details } });
}

export const invalid = (message: string): VendorError => googleError(400, "INVALID_ARGUMENT", message);

export const noAccess = (): VendorError =>
  googleError(
    403,
    "PERMISSION_DENIED",
    "User does not have sufficient permissions for this property. To learn more about Property ID, see https://developers.google.com/analytics/devguides/reporting/data/v1/property-id.",
  );

export const notFound = (what: string): VendorError => googleError(404, "NOT_FOUND", `${what} was not found.`);

const EXHAUSTED: Record<string, string> = {
  hour: "Exhausted property tokens for a project per hour. These quota tokens will return in under an hour.",
  day: "Exhausted property tokens per day. These quota tokens will return at midnight Pacific time.",
  concurrent: "Exhausted concurrent requests quota. Please send fewer requests concurrently.",
  errors: "Exhausted server errors per project per hour quota. These quota tokens will return in under an hour.",
};

export const exhausted = (which: string): VendorError =>
  googleError(429, "RESOURCE_EXHAUSTED", EXHAUSTED[which] ?? "Resource has been exhausted (e.g. check quota).");

export const errors: VendorErrors = {
  unauthorised: () =>
    googleError(
      401,
      "UNAUTHENTICATED",
      "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid authentication credential.",
      "ACCESS_TOKEN_EXPIRED",
    ),
  denied: () =>
    googleError(
      403,
      "PERMISSION_DENIED",
      "Request had insufficient authentication scopes.",
      "ACCESS_TOKEN_SCOPE_INSUFFICIENT",
    ),
  throttled: (reason = "concurrent") => exhausted(reason),
  broken: (status) =>
    status === 503
      ? googleError(503, "UNAVAILABLE", "The service is currently unavailable.")
      : googleError(status, "INTERNAL", "An internal error has occurred. Please retry."),
  unknownRoute: (_, path) => googleError(404, "NOT_FOUND", `The requested URL ${path} was not found on this server.`),
  wrongMethod: (_, path) => googleError(404, "NOT_FOUND", `The requested URL ${path} was not found on this server.`),
  invalidBody: (where) => invalid(`Invalid JSON payload received. ${where}`),
};
