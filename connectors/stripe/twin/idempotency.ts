/** Idempotency keys: the first answer under a key is kept for 24 hours and given again, a 500 included. */
import { ApiError } from "./api-error.ts";
import type { Change } from "./journal.ts";

const KEPT_MS = 24 * 3600 * 1000;
const MAX_KEY_LENGTH = 255;

export interface Idempotent {
  /** Milliseconds. */
  at: number;
  requestId: string;
  /** Method, path and parameters. */
  request: string;
  /** The object answered with, or the server error. */
  answer: Change | "server_error";
}

export class IdempotencyKeys {
  #kept = new Map<string, Idempotent>();

  /** What was answered to this very request before. Throws where the key was used for another one. */
  find(key: string, request: string, now: number): Idempotent | undefined {
    if (key.length > MAX_KEY_LENGTH) {
      const message = `Idempotency keys can have up to ${MAX_KEY_LENGTH} characters.`;
      throw new ApiError(400, { type: "invalid_request_error", message });
    }
    const kept = this.#kept.get(key);
    if (kept === undefined || now - kept.at > KEPT_MS) return undefined;
    if (kept.request === request) return kept;
    throw new ApiError(400, {
      type: "idempotency_error",
      message: `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${key}' if you meant to execute a different request.`,
    });
  }

  keep(key: string, idempotent: Idempotent): void {
    this.#kept.delete(key);
    this.#kept.set(key, idempotent);
    for (const [oldest, { at }] of this.#kept) {
      if (idempotent.at - at <= KEPT_MS) break;
      this.#kept.delete(oldest);
    }
  }
}
