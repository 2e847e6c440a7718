import { VendorError } from "./vendor-error.ts";

const SLOTS = 20;

/** Counts requests in a rolling window, in twentieths of it: memory does not grow with the rate. */
export class RollingWindow {
  readonly limit: number;
  readonly windowMs: number;
  readonly policyName: string;
  readonly #slots = new Map<number, number>();

  constructor(limit: number, windowMs: number, policyName: string) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.policyName = policyName;
  }

  /** Real time on purpose: a test's frozen clock must not freeze the quota. */
  take(atMs = performance.now()): { remaining: number } {
    const slotMs = this.windowMs / SLOTS;
    const current = Math.floor(atMs / slotMs);
    let used = 0;
    for (const [slot, count] of this.#slots) {
      if (slot <= current - SLOTS) this.#slots.delete(slot);
      else used += count;
    }
    if (used >= this.limit) throw rateLimited(this.policyName);
    this.#slots.set(current, (this.#slots.get(current) ?? 0) + 1);
    return { remaining: this.limit - used - 1 };
  }
}

export function rateLimited(policyName: string, retryAfterSeconds?: number): VendorError {
  const which = policyName === "SECONDLY" ? "secondly" : policyName === "DAILY" ? "daily" : "ten_secondly_rolling";
  return new VendorError(429, "RATE_LIMITS", `You have reached your ${which} limit.`, {
    policyName,
    ...(retryAfterSeconds === undefined ? {} : { headers: { "retry-after": String(retryAfterSeconds) } }),
  });
}
