/** What the Stripe SDK throws, told as who has to act. Stripe's own messages can quote values and keys: never passed on. */
import { ConnectorError } from "#connectors/core/errors.ts";
import { httpErrors } from "#connectors/core/http-errors.ts";
import type { VendorAnswer } from "#connectors/core/http-errors.ts";
import { HttpRefusal } from "#connectors/core/http.ts";
import { z } from "zod";

interface StripeAnswer extends VendorAnswer {
  /** As `rak_charge_read`; out of the message, which is not shown. */
  missingPermission: string | undefined;
  /** Which limit it was. */
  limitedBy: string | null;
}

const refusal = z.object({
  error: z.object({
    type: z.string().nullish(),
    code: z.string().nullish(),
    param: z.string().nullish(),
    message: z.string().nullish(),
  }),
});

const classifyAnswer = httpErrors<StripeAnswer>({
  title: "Stripe",
  answerOf,
  refused: "contract",
  statuses: {
    401: { kind: "auth", say: "Stripe rejected the API key: it was revoked, rolled or mistyped." },
    403: {
      kind: "permission",
      say: ({ missingPermission: name }) =>
        `The Stripe key lacks ${name === undefined ? "a permission" : `the permission ${name}`}. Add it to the restricted key in the Stripe Dashboard.`,
    },
    409: { kind: "transient" },
    429: {
      kind: "rate_limited",
      // `global-rate` and `global-concurrency`, against `endpoint-...`: https://docs.stripe.com/rate-limits (2026-11)
      wholePace: ({ limitedBy }) => limitedBy?.startsWith("global-") === true,
    },
  },
  codes: {
    // Both are about one object or one key, and no reason to slow down the whole account.
    lock_timeout: { kind: "transient", status: 429, say: "Stripe is busy with this object." },
    idempotency_key_in_use: { kind: "transient", status: 409, say: "Stripe is busy with this object." },
    rate_limit: { kind: "rate_limited", status: 400 },
    account_invalid: { kind: "auth", status: 403, say: "Stripe no longer lets this key into the account." },
    lost_place: { kind: "cursor_expired", say: "Stripe no longer has the record we had read up to." },
    should_retry: { kind: "transient" },
    other_mode: {
      kind: "auth",
      say: "The Stripe key is for the other mode, test or live, than the records it is asked for. Connect with a key of the mode the account was read in.",
    },
  },
});

export function classify(error: unknown): ConnectorError | undefined {
  const answered = classifyAnswer(error);
  if (answered !== undefined) return answered;
  if (isSdkError(error, "StripeConnectionError"))
    return new ConnectorError("transient", "The connection to Stripe failed.");
  // The SDK could not read the reply: cut off, or not JSON.
  if (isSdkError(error, "StripeAPIError")) return new ConnectorError("transient", "Stripe's answer could not be read.");
  return undefined;
}

/**
 * By the name that the SDK gives each kind: its classes would load all of it wherever an error is told.
 * https://docs.stripe.com/error-handling?lang=node (2026-11)
 */
function isSdkError(error: unknown, type: "StripeConnectionError" | "StripeAPIError"): error is { detail?: unknown } {
  return error instanceof Error && "type" in error && error.type === type;
}

/** Stripe has no such object, as opposed to no such page. */
export function isMissing(error: unknown): boolean {
  return error instanceof ConnectorError && error.details.vendorCode === "resource_missing";
}

/** Every refusal comes as `HttpRefusal` out of our own `fetch` (see client.ts), inside the SDK's wrapping. */
function answerOf(error: unknown): StripeAnswer | undefined {
  const refused = isSdkError(error, "StripeConnectionError") ? error.detail : error;
  if (!(refused instanceof HttpRefusal)) return undefined;
  const said = refusal.safeParse(refused.body).data?.error;
  return {
    status: refused.status,
    headers: refused.headers,
    code: codeOf(refused, said),
    foreign: said === undefined,
    requestId: refused.headers.get("request-id") ?? undefined,
    limitedBy: refused.headers.get("stripe-rate-limited-reason"),
    missingPermission: /'(rak_[a-z_]+)'/.exec(said?.message ?? "")?.[1],
  };
}

function codeOf({ status, headers }: HttpRefusal, said: z.infer<typeof refusal>["error"] | undefined) {
  const code = said?.code ?? undefined;
  // "a similar object exists in live mode, but a test mode key was used to make this request": it is not gone.
  if (code === "resource_missing" && /similar object exists in (live|test) mode/.test(said?.message ?? ""))
    return "other_mode";
  // The object a page should start after is gone (a deleted customer) or has expired (an event).
  if (code === "resource_missing" && /^(starting_after|ending_before)$/.test(said?.param ?? "")) return "lost_place";
  if (said?.type === "idempotency_error" && status === 400) return "idempotency_error";
  // Stripe's word on refusals that pass. https://docs.stripe.com/error-low-level (2026-11)
  if (code === undefined && status < 500 && headers.get("stripe-should-retry") === "true") return "should_retry";
  return code;
}
