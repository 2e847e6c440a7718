/** Idempotency keys: the first answer under a key is kept for a while and given again. */
import type { TwinAccount } from "./account.ts";
import type { Call, Reply, TwinDefinition } from "./route.ts";
import { VendorError } from "./vendor-error.ts";

/** Thrown by a route whose failure is itself kept under the key. */
export class KeptFailure extends VendorError {}

export class IdempotencyKeys {
  readonly #rules: NonNullable<TwinDefinition["idempotency"]>;
  readonly #account: TwinAccount;

  constructor(rules: NonNullable<TwinDefinition["idempotency"]>, account: TwinAccount) {
    this.#rules = rules;
    this.#account = account;
  }

  once(call: Call, handle: () => Reply): Reply {
    const key = call.headers[this.#rules.header];
    if (typeof key !== "string") return handle();
    if (key.length > this.#rules.maxLength) throw this.#rules.tooLong();
    const request = `${call.method} ${call.path}?${call.query.toString()}${call.text}`;
    const before = this.#account.replies.get(key);
    if (before !== undefined && this.#account.now() - before.at <= this.#rules.keptMs) {
      if (before.request !== request) throw this.#rules.conflict(key);
      const headers = { "idempotent-replayed": "true", "original-request": before.requestId };
      return { status: before.status, body: before.body, headers };
    }
    const keep = ({ status, body }: Reply): void => {
      this.#account.replies.put({ id: key, at: this.#account.now(), request, requestId: call.requestId, status, body });
    };
    try {
      const reply = handle();
      keep(reply);
      return reply;
    } catch (error) {
      if (error instanceof KeptFailure) keep(error);
      throw error;
    }
  }
}
