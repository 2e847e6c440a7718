/** HubSpot's error bodies. Source: https://developers.hubspot.com/docs/api-reference/error-handling (2026-11). */
import { randomUUID } from "node:crypto";
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import type { VendorErrors } from "#connectors/core/twin/vendor-error.ts";

interface Details {
  errors?: { message: string; code?: string; context?: Record<string, string[]> }[];
  subCategory?: string;
}

export function hubspotError(status: number, category: string, message: string, details: Details = {}): VendorError {
  const body = { status: "error", message, correlationId: randomUUID(), category, ...details };
  return new VendorError(status, message, body);
}

export const invalidInput = (message: string, details?: Details): VendorError =>
  hubspotError(400, "VALIDATION_ERROR", message, details);

export const notFound = (message = "resource not found"): VendorError => hubspotError(404, "OBJECT_NOT_FOUND", message);

export function throttled(policyName = "TEN_SECONDLY_ROLLING"): VendorError {
  const message = `You have reached your ${policyName.toLowerCase()} limit.`;
  const ids = { correlationId: randomUUID(), requestId: randomUUID() };
  return new VendorError(429, message, { status: "error", message, errorType: "RATE_LIMIT", policyName, ...ids });
}

export const errors: VendorErrors = {
  unauthorised: () => hubspotError(401, "INVALID_AUTHENTICATION", "Authentication credentials not found or invalid."),
  denied: (scope) =>
    hubspotError(403, "MISSING_SCOPES", "This app hasn't been granted all required scopes to make this call.", {
      errors: [
        { message: "One or more of the following scopes are required.", context: { requiredGranularScopes: [scope] } },
      ],
    }),
  throttled,
  broken: (status) => hubspotError(status, "INTERNAL_ERROR", "internal error"),
  unknownRoute: () => notFound(),
  wrongMethod: () => hubspotError(405, "METHOD_NOT_ALLOWED", "The method is not allowed for this endpoint."),
  // The vendor says little more than this either.
  invalidBody: (where) => invalidInput(`Invalid input JSON ${where}`.trim()),
};
