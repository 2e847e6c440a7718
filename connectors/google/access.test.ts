import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import { ga4 } from "#connectors/ga4/index.ts";
import { startPlace } from "#connectors/ga4/testing.ts";
import type { Place } from "#connectors/ga4/testing.ts";
import { googleAccess } from "./access.ts";

let place: Place;
let key: string;
beforeEach(async () => {
  // The assertion is signed by the real clock.
  place = await startPlace();
  key = place.twin.serviceAccountKey();
});
afterEach(() => place.close());

const tokens = () => place.twin.requests.get("POST /token") ?? 0;
const accessTo = (options: { key?: string; baseUrl?: string; now?: () => number; scopes?: string[] } = {}) => {
  const now = options.now ?? Date.now;
  return googleAccess({
    ...{ key: options.key ?? key, scopes: options.scopes ?? ["https://www.googleapis.com/auth/analytics.readonly"] },
    ...{
      baseUrl: options.baseUrl ?? place.twin.url,
      ownOrigin: "https://analyticsdata.googleapis.com",
      bucket: "token",
      now,
    },
    call: createVendorCall({ connector: ga4, limiter: unlimited, now }),
  });
};

describe("a service account's key", () => {
  it("is exchanged for a token, once for many calls at once, at Google's address whatever the file says", async () => {
    const access = accessTo();
    const headers = await Promise.all([access.authorization(), access.authorization(), access.authorization()]);
    expect(new Set(headers.map(({ authorization }) => authorization)).size).toBe(1);
    expect(tokens()).toBe(1);
    expect(await place.open({ credentials: { key } }).check()).toMatchObject({ account: "properties/314159265" });
  });

  it("gives a new token before the old one ends", async () => {
    let now = Date.now();
    const access = accessTo({ now: () => now });
    const first = await access.authorization();
    now += 3_000_000;
    expect(await access.authorization()).toEqual(first);
    now += 500_000;
    expect(await access.authorization()).not.toEqual(first);
    expect(tokens()).toBe(2);
  });

  it("that Google no longer takes is told to whoever must act, and asked for once", async () => {
    const other = await startPlace();
    const error = await accessTo({ key: other.twin.serviceAccountKey() })
      .authorization()
      .catch((reason: unknown) => reason);
    await other.close();
    expect(error).toMatchObject({ kind: "auth", details: { vendorCode: "invalid_grant" } });
    expect(tokens()).toBe(1);
  });

  it("is not asked for again by the library when the server is broken: retries are the framework's", async () => {
    place.twin.faults.breakServer = { count: 5 };
    await expect(accessTo().authorization()).rejects.toMatchObject({ kind: "transient" });
    expect(tokens()).toBe(1);
  });

  it("goes nowhere else by a redirect", async () => {
    let heard = 0;
    const elsewhere = createServer((_, response) => {
      heard += 1;
      response.end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    place.twin.faults.redirect = { count: 1, to: `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}` };
    await expect(accessTo().authorization()).rejects.toMatchObject({ kind: "contract" });
    elsewhere.close();
    expect(heard).toBe(0);
  });

  it.each([
    ["cut off", (whole: string) => whole.slice(0, 200)],
    ["another file", () => '{"type":"authorized_user"}'],
  ])("that is %s is refused without a word of it", async (_, spoil) => {
    const given = spoil(key);
    const failure = await place
      .open({ credentials: { key: given } })
      .check()
      .catch((error: unknown) => error as Error);
    expect(failure).toMatchObject({ kind: "auth" });
    expect(failure instanceof Error ? failure.message : "").not.toContain("PRIVATE KEY");
  });
});

it("an access token is used as it is, and production hosts are each their own", async () => {
  const access = accessTo({ key: "ya29.token", baseUrl: "https://analyticsdata.googleapis.com" });
  expect(await access.authorization()).toEqual({ authorization: "Bearer ya29.token" });
  expect(access.originOf("https://www.google-analytics.com")).toBe("https://www.google-analytics.com");
  expect(tokens()).toBe(0);
});
