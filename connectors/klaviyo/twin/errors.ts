/** Klaviyo's error bodies: JSON:API, as its API description has them. */
import { randomUUID } from "node:crypto";
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import type { VendorErrors } from "#connectors/core/twin/vendor-error.ts";

interface Source {
  pointer?: string;
  parameter?: string;
}

export function klaviyoError(
  status: number,
  code: string,
  title: string,
  detail: string,
  source: Source = {},
): VendorError {
  const error = { id: randomUUID(), status, code, title, detail, source: { pointer: "/data/", ...source } };
  return new VendorError(status, detail, { errors: [error] });
}

export const invalid = (detail: string, source?: Source): VendorError =>
  klaviyoError(400, "invalid", "Invalid input.", detail, source);

export const notFound = (detail: string): VendorError => klaviyoError(404, "not_found", "Not found.", detail);

export function throttled(seconds: number): VendorError {
  const detail = `Request was throttled. Expected available in ${seconds} seconds.`;
  const { status, message, body } = klaviyoError(429, "throttled", "Request was throttled.", detail);
  return new VendorError(status, message, body, { "retry-after": String(seconds) });
}

export const errors: VendorErrors = {
  unauthorised: (expired) =>
    klaviyoError(
      401,
      "not_authenticated",
      "Authentication credentials were not provided.",
      expired ? "The API key was deleted from this account." : "Missing or invalid authorization header.",
    ),
  denied: (scope) =>
    klaviyoError(
      403,
      "permission_denied",
      "You do not have permission to perform this action.",
      `Your API key is missing required scopes: ${scope}`,
    ),
  throttled: () => throttled(1),
  broken: (status) =>
    klaviyoError(status, "error", "A server error occurred.", "An unexpected error occurred on our side."),
  unknownRoute: (method, path) => notFound(`The path ${method} ${path} could not be found.`),
  wrongMethod: (method) =>
    klaviyoError(405, "method_not_allowed", "Method not allowed.", `Method "${method}" not allowed.`),
  invalidBody: (where) => invalid(`The payload provided in the request is invalid. ${where}`.trim()),
};
