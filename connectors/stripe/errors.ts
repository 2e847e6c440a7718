/** What the Stripe SDK throws, told as who has to act. Stripe's own messages can quote values and keys: never passed on. */
import { Stripe } from "stripe";
import { ConnectorError } from "#connectors/core/errors.ts";
import type { ConnectorErrorDetails } from "#connectors/core/errors.ts";

export function classify(error: unknown): ConnectorError | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const details = detailsOf(error);
  // Somebody else is changing the same object: also a 429, but no reason to slow down the whole account.
  if (isBusy(error)) return new ConnectorError("transient", "Stripe is busy with this object.", details);
  if (error instanceof Stripe.errors.StripeRateLimitError) {
    return new ConnectorError("rate_limited", "Stripe asks us to slow down.", { ...details, ...waitOf(error) });
  }
  if (error instanceof Stripe.errors.StripeAuthenticationError) {
    return new ConnectorError("auth", "Stripe refuses the API key: it was revoked, rolled or mistyped.", details);
  }
  if (error instanceof Stripe.errors.StripePermissionError) {
    return new ConnectorError("permission", missingPermission(error), details);
  }
  if (error instanceof Stripe.errors.StripeConnectionError) {
    return new ConnectorError("transient", "The connection to Stripe failed.", details);
  }
  if (isLostPlace(error)) {
    return new ConnectorError("cursor_expired", "Stripe no longer has the record we had read up to.", details);
  }
  if (error instanceof Stripe.errors.StripeInvalidRequestError) {
    return new ConnectorError("contract", `Stripe does not accept the request (${error.code ?? "no code"}).`, details);
  }
  return new ConnectorError("transient", "Stripe could not answer.", details);
}

/** Codes of 429 and 409 that are about one object or one key, not about the account's quota. */
export function isBusy(error: InstanceType<typeof Stripe.errors.StripeError>): boolean {
  return error.code === "lock_timeout" || error.code === "idempotency_key_in_use";
}

/** The object a page should start after is gone (a deleted customer) or has expired (an event). */
function isLostPlace(error: InstanceType<typeof Stripe.errors.StripeError>): boolean {
  return error.code === "resource_missing" && (error.param === "starting_after" || error.param === "ending_before");
}

function detailsOf(error: InstanceType<typeof Stripe.errors.StripeError>): ConnectorErrorDetails {
  return {
    ...(error.statusCode === undefined ? {} : { status: error.statusCode }),
    ...(error.code === undefined ? {} : { vendorCode: error.code }),
    ...(error.requestId === undefined ? {} : { vendorRequestId: error.requestId }),
  };
}

/** Stripe promises no `Retry-After`; without one the framework backs off by itself. */
function waitOf(error: InstanceType<typeof Stripe.errors.StripeError>): { retryAfterMs?: number } {
  const seconds = Number(error.headers?.["retry-after"]);
  return Number.isFinite(seconds) && seconds > 0 ? { retryAfterMs: seconds * 1000 } : {};
}

function missingPermission(error: InstanceType<typeof Stripe.errors.StripeError>): string {
  const name = /'(rak_[a-z_]+)'/.exec(error.message)?.[1];
  const which = name === undefined ? "a permission" : `the permission ${name}`;
  return `The Stripe key lacks ${which}. Add it to the restricted key in the Stripe Dashboard.`;
}
