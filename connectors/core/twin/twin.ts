/** A stateful stand-in of a vendor's API, over real HTTP on loopback: our written understanding of the vendor. */
import { IdempotencyKeys } from "./idempotency.ts";
import type { TwinDefinition } from "./route.ts";
import { TwinServer } from "./server.ts";

/** What every twin offers besides the vendor's own wire format. */
export interface Twin<Seed> {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Fills the account; call before the first request. Replaces nothing, adds. */
  load(seed: Seed): void;
  /** Calls served so far, by operation (`POST /crm/v3/objects/contacts/search`). */
  readonly requests: ReadonlyMap<string, number>;
  /** Answers so far, by operation and status (`GET /v1/customers 429`). */
  readonly answers: ReadonlyMap<string, number>;
  /** Calls of routes that the twin does not have: method and path. */
  readonly missingRoutes: ReadonlySet<string>;
  /** What its error replies said, in the vendor's own words. */
  readonly said: ReadonlySet<string>;
  /** Idempotency keys that came with writes; null: the vendor takes none. */
  readonly idempotencyKeys: ReadonlySet<string> | null;
  /** @throws AggregateError when something went wrong inside the twin. */
  close(): Promise<void>;
}

export interface TwinOptions {
  /** 0: any free port. */
  port?: number;
  /** File for an append-only journal of what was written, replayed on start so that a restart forgets nothing. None: in memory only. */
  journal?: string;
  /** Milliseconds since the epoch. */
  now?: () => number;
  /** Requests per second the account allows, in place of the vendor's own figures. */
  requestsPerSecond?: number;
}

export async function startTwin(
  definition: TwinDefinition,
  { port = 0, journal }: TwinOptions,
): Promise<Omit<Twin<never>, "load">> {
  const { account, idempotency, parts = [] } = definition;
  const keys = idempotency === undefined ? null : new IdempotencyKeys(idempotency, account);
  if (journal !== undefined) account.openJournal(journal);
  const server = new TwinServer(definition, keys);
  const url = await server.listen(port);
  return {
    url,
    requests: server.requests,
    answers: server.answers,
    missingRoutes: server.missingRoutes,
    said: server.said,
    idempotencyKeys: server.idempotencyKeys,
    async close() {
      await Promise.all(parts.map((part) => part.close()));
      try {
        await server.close();
      } finally {
        account.close();
      }
    },
  };
}
