/** What every vendor twin offers besides the vendor's own wire format. */
export interface Twin<Seed> {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** Fills the account; call before the first request. Replaces nothing, adds. */
  load(seed: Seed): void;
  /** Requests served so far, by operation (`POST /crm/v3/objects/contacts/search`). */
  readonly requests: ReadonlyMap<string, number>;
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
