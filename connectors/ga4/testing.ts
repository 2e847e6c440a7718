/** A property and a connection to it, for this folder's tests. */
import { createVendorCall } from "#connectors/core/call.ts";
import type { RateLimiter } from "#connectors/core/call.ts";
import { unlimited } from "#connectors/core/call.ts";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { NOON } from "./contract-account.ts";
import { connect } from "./client.ts";
import type { Ga4Client } from "./client.ts";
import { ga4 } from "./index.ts";
import { credentials, settings } from "./settings.ts";
import { startGa4Twin } from "./twin/index.ts";
import type { Ga4Twin, Ga4TwinOptions } from "./twin/index.ts";

export interface Place {
  twin: Ga4Twin;
  /** The clock of both sides stands still but for this. */
  advance(ms: number): void;
  now(): number;
  open(options?: Partial<Opening>): OpenConnection;
  client(options?: Partial<Opening>): Ga4Client;
  close(): Promise<void>;
}

interface Opening {
  settings: Record<string, unknown>;
  credentials: Record<string, unknown>;
  limiter: RateLimiter;
  baseUrl: string;
  pause(ms: number): Promise<void>;
}

export async function startPlace(options: Partial<Ga4TwinOptions> = {}): Promise<Place> {
  let now = NOON;
  const twin = await startGa4Twin({ requestsPerSecond: 100_000, now: () => now, ...options });
  const environment = (given: Partial<Opening> = {}) => {
    const baseUrl = given.baseUrl ?? twin.url;
    const call = createVendorCall({ connector: ga4, limiter: given.limiter ?? unlimited, now: () => now });
    return {
      settings: { backfillDays: 3, ...given.settings },
      credentials: { propertyId: twin.property.id, key: twin.accessToken, ...given.credentials },
      ...{ baseUrl, call, now: () => now, pause: given.pause ?? (async () => undefined) },
    };
  };
  return {
    twin,
    advance: (ms) => void (now += ms),
    now: () => now,
    open: (given) => ga4.open(environment(given)),
    client(given) {
      const { settings: raw, credentials: secret, ...rest } = environment(given);
      return connect({ ...rest, settings: settings.parse(raw), credentials: credentials.parse(secret) });
    },
    close: () => twin.close(),
  };
}

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
