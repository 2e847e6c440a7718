/** Request limits as Stripe publishes them: 25 a second per endpoint, 100 over all. https://docs.stripe.com/rate-limits (2026-11-21) */
import { ApiError } from "./api-error.ts";

const PER_ENDPOINT = 25;
const PER_ACCOUNT = 100;

interface Bucket {
  tokens: number;
  at: number;
}

export class Throttle {
  #buckets = new Map<string, Bucket>();
  readonly #perEndpoint: number;
  readonly #perAccount: number;

  /** `requestsPerSecond` stands in for both limits. */
  constructor(requestsPerSecond: number | undefined) {
    this.#perEndpoint = requestsPerSecond ?? PER_ENDPOINT;
    this.#perAccount = requestsPerSecond ?? PER_ACCOUNT;
  }

  /** Throws 429 when there is no token left. Runs on real time: a moved clock gives no quota. */
  take(endpoint: string): void {
    const now = performance.now();
    if (!this.#spend("", this.#perAccount, now)) throw rateLimited("global-rate");
    if (!this.#spend(endpoint, this.#perEndpoint, now)) throw rateLimited("endpoint-rate");
  }

  #spend(name: string, perSecond: number, now: number): boolean {
    const bucket = this.#buckets.get(name) ?? { tokens: perSecond, at: now };
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((now - bucket.at) / 1000) * perSecond);
    bucket.at = now;
    this.#buckets.set(name, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}

export function rateLimited(reason: string, retryAfterSeconds: number | null = null): ApiError {
  const headers = { "stripe-rate-limited-reason": reason };
  return new ApiError(
    429,
    {
      type: "invalid_request_error",
      code: "rate_limit",
      message: "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
    },
    retryAfterSeconds === null ? headers : { ...headers, "retry-after": String(retryAfterSeconds) },
  );
}

export function lockTimeout(): ApiError {
  return new ApiError(429, {
    type: "invalid_request_error",
    code: "lock_timeout",
    message:
      "This object cannot be accessed right now because another API request or Stripe process is currently accessing it.",
  });
}
