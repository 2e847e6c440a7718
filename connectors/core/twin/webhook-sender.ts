/**
 * The vendor's side of webhooks: sends what happened in the account to whoever subscribed, over real HTTP, and again where it was
 * not taken. What vendors do wrong on the way is behind switches.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { TwinPart } from "./route.ts";

/** Where events go, and what signs them. */
export interface WebhookEndpoint {
  url: string;
  secret: string;
}

export interface WebhookFaults {
  /** Every event is sent this often, each time in another request. */
  deliveries: number;
  /** Later events overtake earlier ones. */
  shuffled: boolean;
  /** Requests leave so much later. */
  lateMs: number;
  /** Before each request, so many that somebody else has made: the same bytes, signed with another secret. */
  forged: number;
  /** The next N requests are never sent. */
  lost: number;
}

/** How a vendor writes a request; signed by the vendor's own library, not by ours. */
export interface WebhookFormat<Event> {
  /** Events of one request. */
  together: number;
  body(events: Event[]): string;
  headers(body: string, endpoint: WebhookEndpoint, at: number): Record<string, string>;
}

const SIDE_BY_SIDE = 16;
const MOST_ATTEMPTS = 8;
/** Vendors take minutes; a test has none. */
const AGAIN_MS = 100;

export class WebhookSender<Event> implements TwinPart {
  readonly open = {};
  readonly faults: WebhookFaults = { deliveries: 1, shuffled: false, lateMs: 0, forged: 0, lost: 0 };
  /** Answers so far, by status; those to forged requests apart. 0: nobody answered. */
  readonly answers = new Map<number, number>();
  readonly answersToForged = new Map<number, number>();
  readonly #format: WebhookFormat<Event>;
  readonly #now: () => number;
  readonly #endpoints: WebhookEndpoint[] = [];
  readonly #closing = new AbortController();
  #waiting: Event[] = [];
  #sending: Promise<void> | null = null;

  constructor(format: WebhookFormat<Event>, now: () => number) {
    this.#format = format;
    this.#now = now;
  }

  subscribe(endpoint: WebhookEndpoint): void {
    this.#endpoints.push(endpoint);
  }

  /** Something happened. Without a subscriber nobody is told. */
  happened(event: Event): void {
    if (this.#endpoints.length === 0) return;
    this.#waiting.push(event);
    this.#sending ??= this.#sendAll();
  }

  /** Resolves when everything was sent, or given up. */
  async settled(): Promise<void> {
    await this.#sending;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await this.settled();
  }

  async #sendAll(): Promise<void> {
    await new Promise(setImmediate);
    while (this.#waiting.length > 0 && !this.#closing.signal.aborted) {
      const events = this.#waiting;
      this.#waiting = [];
      if (this.faults.lateMs > 0) await this.#wait(this.faults.lateMs);
      const requests = Array.from({ length: this.faults.deliveries }, () => this.#requestsOf(events)).flat();
      if (this.faults.shuffled) requests.sort((a, b) => scrambled(a) - scrambled(b));
      const next = requests.values();
      const lane = async () => {
        for (const body of next) await this.#deliver(body);
      };
      await Promise.all(Array.from({ length: SIDE_BY_SIDE }, lane));
    }
    this.#sending = null;
  }

  #requestsOf(events: Event[]): string[] {
    const { together, body } = this.#format;
    const ordered = this.faults.shuffled ? events.toReversed() : events;
    return Array.from({ length: Math.ceil(ordered.length / together) }, (_, n) =>
      body(ordered.slice(n * together, (n + 1) * together)),
    );
  }

  async #deliver(body: string): Promise<void> {
    if (this.faults.lost > 0) {
      this.faults.lost -= 1;
      return;
    }
    for (const endpoint of this.#endpoints) {
      for (let forged = 0; forged < this.faults.forged; forged += 1)
        count(this.answersToForged, await this.#post(body, { ...endpoint, secret: "somebody-else" }));
      for (let attempt = 1; attempt <= MOST_ATTEMPTS && !this.#closing.signal.aborted; attempt += 1) {
        const status = await this.#post(body, endpoint);
        count(this.answers, status);
        if ((status >= 200 && status < 300) || (status >= 400 && status < 408)) break;
        await this.#wait(AGAIN_MS * attempt);
      }
    }
  }

  /** Each attempt is signed anew, as vendors do. */
  async #post(body: string, endpoint: WebhookEndpoint): Promise<number> {
    const headers = this.#format.headers(body, endpoint, this.#now());
    try {
      const reply = await fetch(endpoint.url, {
        ...{ method: "POST", body, redirect: "error", signal: this.#closing.signal },
        headers: { "content-type": "application/json", ...headers },
      });
      await reply.arrayBuffer();
      return reply.status;
    } catch {
      return 0; // Nobody there, or it hung up: the vendor tries again.
    }
  }

  async #wait(ms: number): Promise<void> {
    await pause(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }
}

/** A useless order, the same every time. */
function scrambled(text: string): number {
  let hash = 0;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x9e3779b1);
  return hash >>> 0;
}

function count(counts: Map<number, number>, status: number): void {
  counts.set(status, (counts.get(status) ?? 0) + 1);
}
