/** The vendor's bad manners, each a switch. Nothing here is on by default except the search cap, which is always in force. */
export interface HubspotFaults {
  /** Rows one search query can page through. HubSpot's own figure is 10,000; lower it for fast tests. */
  searchCap: number;
  /** How long a change stays invisible to search, milliseconds; lists and reads by id see it at once. */
  indexLagMs: number;
  /** Every change carries this instant (epoch milliseconds) until it is null again: equal timestamps. */
  frozenTimestamp: number | null;
  /** Every answer waits this long, milliseconds. */
  delayMs: number;
  /** The next `count` calls answer 429. */
  throttle: { count: number; retryAfterSeconds?: number; policyName?: string };
  /** The next `count` calls answer this status (500 to 599, or 477 with its wait). */
  breakServer: { count: number; status: number; retryAfterSeconds?: number };
  /** The next `count` calls are carried out, then the connection breaks in the middle of the reply. */
  dropReplies: number;
  /** Tokens answered 401. */
  revokedTokens: Set<string>;
  /** Scopes taken away: calls that need one answer 403 naming it. */
  missingScopes: Set<string>;
  /** Batch writes to these ids fail alone, inside a 207. */
  failingIds: Set<string>;
  /** Writes to these ids are answered as done and change nothing. */
  silentIds: Set<string>;
  /** Writes to these properties are answered as done and change nothing. */
  silentProperties: Set<string>;
  /** A batch holding one of these ids is refused as a whole with 400, not saying which record is at fault. */
  poisonIds: Set<string>;
  /** A batch holding an id that is gone is refused as a whole with 404, as some of HubSpot's objects do. */
  wholeBatch404: boolean;
  /** Called after each answered list, search or batch page: lets a change land between two pages. */
  afterPage: ((operation: string) => void) | null;
}

export function noFaults(): HubspotFaults {
  return {
    searchCap: 10_000,
    indexLagMs: 0,
    frozenTimestamp: null,
    delayMs: 0,
    throttle: { count: 0 },
    breakServer: { count: 0, status: 503 },
    dropReplies: 0,
    revokedTokens: new Set(),
    missingScopes: new Set(),
    failingIds: new Set(),
    silentIds: new Set(),
    silentProperties: new Set(),
    poisonIds: new Set(),
    wholeBatch404: false,
    afterPage: null,
  };
}
