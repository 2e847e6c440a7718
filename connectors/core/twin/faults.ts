/**
 * What vendors do wrong, each a switch with the same name at every twin. Counters count down to 0, everything else holds until it
 * is set back. A twin adds what only its vendor does.
 */
export interface Faults {
  /** Every answer waits this long, milliseconds. */
  delayMs: number;
  /** The next `count` calls are answered 429. `reason`: which of the vendor's limits, in its own word. */
  throttle: { count: number; retryAfterSeconds?: number; reason?: string };
  /** The next `count` calls fail before anything happens, with this status (503 unless given). */
  breakServer: { count: number; status?: number; retryAfterSeconds?: number };
  /** The next `count` calls are answered with this status and a web page, as a proxy in between does. */
  htmlError: { count: number; status: number };
  /** The next `count` calls are sent on to another address. */
  redirect: { count: number; to: string };
  /** The next N calls are carried out, then the connection breaks in the middle of the reply. */
  dropReply: number;
  /** The credentials no longer work. */
  revoked: boolean;
  /** Permissions taken away: calls that need one are answered 403. */
  denied: Set<string>;
  /** No page holds more rows than this, whatever was asked for. */
  shortPage: number;
  /** The next N pages hold no row and say that there is more. */
  emptyPageWithMore: number;
  /** Whatever the cursor, the first page is given, and that there is more. */
  stuckCursor: boolean;
  /** The first row of each of the next N pages is in a form that the vendor never described. */
  badRow: number;
  /** The first row of each of the next N pages is only an id and says that it is deleted. */
  stub: number;
  /** The first row of each of the next N pages is a sandbox's in a real account, or the other way round. */
  otherMode: number;
  /** A changed record keeps its place in the order of changes and shows its new values there. */
  misplacedRow: boolean;
  /** The next N batch replies silently leave out one of their answers. */
  partial207: number;
  /** Writes to these records fail alone. */
  entryError: Set<string>;
  /** Writes to these records are answered as done and change nothing. */
  silentNoOp: Set<string>;
  /** How long what is changed while this is set stays out of searches and lists of events, milliseconds. */
  lag: number;
  /** Every change carries this instant (epoch milliseconds) until it is null again. */
  frozenTimestamp: number | null;
  /** Called after each answered call: lets a change land between two pages. */
  afterAnswer: ((operation: string) => void) | null;
}

export function noFaults(): Faults {
  return {
    delayMs: 0,
    throttle: { count: 0 },
    breakServer: { count: 0 },
    htmlError: { count: 0, status: 502 },
    redirect: { count: 0, to: "" },
    dropReply: 0,
    revoked: false,
    denied: new Set(),
    shortPage: Number.POSITIVE_INFINITY,
    emptyPageWithMore: 0,
    stuckCursor: false,
    badRow: 0,
    stub: 0,
    otherMode: 0,
    misplacedRow: false,
    partial207: 0,
    entryError: new Set(),
    silentNoOp: new Set(),
    lag: 0,
    frozenTimestamp: null,
    afterAnswer: null,
  };
}

/** Uses one up, if any is left. */
export function strikes<Name extends string>(counters: Record<Name, number>, name: Name): boolean {
  if (counters[name] <= 0) return false;
  counters[name] -= 1;
  return true;
}
