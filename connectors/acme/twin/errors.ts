/** Acme's error bodies. */
import { VendorError } from "#connectors/core/twin/vendor-error.ts";
import type { VendorErrors } from "#connectors/core/twin/vendor-error.ts";

export function refusal(status: number, code: string, message: string, more: object = {}): VendorError {
  return new VendorError(status, message, { error: { code, message, request_id: "req_twin", ...more } });
}

export const errors: VendorErrors = {
  unauthorised: (expired) =>
    refusal(401, "unauthorised", expired ? "This token is no longer valid." : "There is no such token."),
  denied: (permission) => refusal(403, "missing_permission", `The token lacks ${permission}.`, { permission }),
  throttled: () => refusal(429, "too_many_requests", "Too many requests; slow down."),
  broken: (status) => refusal(status, "internal", "Something went wrong at Acme."),
  unknownRoute: (method, path) => refusal(404, "unknown_route", `There is no ${method} ${path}.`),
  wrongMethod: (method) => refusal(405, "wrong_method", `The method ${method} is not allowed here.`),
  invalidBody: (where) => refusal(400, "invalid_body", `The body does not have the form of this call. ${where}`),
};
