/** Quotas of a property: what is left is heeded before Google has to refuse. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { RateLimiter } from "#connectors/core/call.ts";
import { unlimited } from "#connectors/core/call.ts";
import { readToEnd } from "#connectors/core/contract-suite/index.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { YESTERDAY } from "./contract-account.ts";
import { hitsOn } from "./fixtures.ts";
import { QUOTAS } from "./twin/account.ts";
import { exhausted } from "./quota.ts";
import { HOUR, startPlace } from "./testing.ts";
import type { Place } from "./testing.ts";

let place: Place;
let blocked: Map<string, number>;
let limiter: RateLimiter;
beforeEach(async () => {
  place = await startPlace();
  place.twin.load({ hits: [hitsOn(YESTERDAY, 1)], members: [] });
  blocked = new Map();
  limiter = { ...unlimited, block: async (bucket, until) => void blocked.set(bucket, until) };
});
afterEach(() => place.close());

const read = () => readToEnd(place.open({ limiter }), "channels").catch((error: unknown) => error as ConnectorError);
const reports = () => place.twin.requests.get("POST /v1beta/properties/:property") ?? 0;

describe("tokens", () => {
  it("of the hour are left to the customer's other apps at the end: everybody waits for the next hour", async () => {
    place.twin.used.hour = Math.floor(place.now() / HOUR);
    place.twin.used.hourTokens = QUOTAS.project - 1_000;
    const error = (await read()) as ConnectorError;
    expect(error).toMatchObject({ kind: "rate_limited", details: { wholeAccount: true, retryAfterMs: HOUR } });
    expect(error.message).toContain("tokens");
    // One answer told so, and no call followed it.
    expect(reports()).toBe(1);
    expect(new Set(blocked.keys())).toEqual(new Set(["reports", "admin", "token", "events", "server_errors"]));
  });

  it("are left in the share that is set for the connection, a tenth where none is", () => {
    const quota = { tokensPerDay: { consumed: 10, remaining: 90_000 } };
    expect(exhausted(quota, place.now())).toBeNull();
    expect(exhausted(quota, place.now(), 0.5)).toMatchObject({ kind: "rate_limited" });
    expect(exhausted({ tokensPerDay: { consumed: 10, remaining: 10 } }, place.now(), 1)).toBeNull();
  });

  it("of the day come back at midnight in California", async () => {
    place.twin.used.day = "2026-11-15";
    place.twin.used.dayTokens = QUOTAS.day - 15_000;
    const error = (await read()) as ConnectorError;
    // Noon in London is four in the morning there.
    expect(error.details.retryAfterMs).toBe(20 * HOUR);
  });

  it.each([
    ["hour", HOUR],
    ["day", 20 * HOUR],
    ["concurrent", 10_000],
  ])("that are used up by others (%s) are waited for although no header names the time", async (reason, wait) => {
    place.twin.faults.throttle = { count: 1, reason };
    expect((await read()) as ConnectorError).toMatchObject({ kind: "rate_limited", details: { retryAfterMs: wait } });
    expect(blocked.size > 0).toBe(reason !== "concurrent");
  });
});

describe("server errors", () => {
  it("count, so that a second one shortly after closes the property to us before Google does", async () => {
    let taken = 0;
    const strict: RateLimiter = {
      ...limiter,
      async acquire(bucket) {
        if (bucket === "server_errors" && (taken += 1) > 1)
          throw new ConnectorError("rate_limited", "used up", { retryAfterMs: 1 });
      },
    };
    place.twin.faults.breakServer = { count: 2, status: 500 };
    const attempt = () => readToEnd(place.open({ limiter: strict }), "channels").catch((error: unknown) => error);
    expect(await attempt()).toMatchObject({ kind: "transient" });
    expect(await attempt()).toMatchObject({
      kind: "rate_limited",
      details: { wholeAccount: true, retryAfterMs: HOUR },
    });
    expect(blocked.get("reports")).toBe(place.now() + HOUR);
  });

  it("that others of the project provoked are in the answers, and heeded", async () => {
    place.twin.used.hour = Math.floor(place.now() / HOUR);
    place.twin.used.errors = QUOTAS.errors - 2;
    expect(await read()).toMatchObject({
      kind: "rate_limited",
      message: expect.stringContaining("server errors") as string,
    });
  });
});

it("lets others go first where the property is asked for much at once", async () => {
  const paused: number[] = [];
  const before = QUOTAS.concurrent;
  QUOTAS.concurrent = 1;
  await readToEnd(place.open({ pause: async (ms) => void paused.push(ms) }), "channels");
  QUOTAS.concurrent = before;
  expect(paused).toHaveLength(3);
});
