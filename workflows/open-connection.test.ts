import { expect, it } from "vitest";
import { unlimited } from "#connectors/core/call.ts";
import type { RateLimiter } from "#connectors/core/call.ts";
import type { RateLimit } from "#connectors/core/contract.ts";
import { ACCOUNT, seedOf } from "#connectors/google-ads/fixtures.ts";
import { startGoogleAdsTwin } from "#connectors/google-ads/twin/index.ts";
import { startHubspotTwin } from "#connectors/hubspot/twin/index.ts";
import type { ConnectionId } from "#profile/ids.ts";
import { budgetOf, openWith } from "./open-connection.ts";
import { noTelemetry } from "./telemetry/telemetry.ts";

/** What a call of either kind asks the limiter for, and what the answers taught it. */
async function asked(requestsPerSecond: number | null) {
  const twin = await startHubspotTwin({ callsPerTenSeconds: 100 });
  try {
    const limits: Record<string, RateLimit> = {};
    const taught: unknown[] = [];
    const limiter: RateLimiter = {
      ...unlimited,
      acquire: async (bucket, limit) => void (limits[bucket] = limit),
      learned: async (bucket, allowance) => void taught.push([bucket, allowance]),
      learnedDay: async (day) => void taught.push(["day", day]),
    };
    const { connection } = openWith(
      { limiterFor: () => limiter, now: Date.now, telemetry: noTelemetry },
      {
        ...{ connector: "hubspot", connectionId: "c" as ConnectionId, externalAccount: "1", baseUrl: twin.url },
        ...{ settings: {}, requestsPerSecond },
      },
      { accessToken: twin.accessToken },
      new AbortController().signal,
    );
    await connection.ensureFields([]);
    await connection.count("contacts");
    return { limits, taught };
  } finally {
    await twin.close();
  }
}

it("an operator's word on an account is for what accounts are granted, and for no limit that all accounts share", async () => {
  const { limits } = await asked(50);
  expect(limits["general"]).toMatchObject({ calls: 500, windowMs: 10_000, mostCalls: 500 });
  expect(limits["search"]).toMatchObject({ calls: 5, windowMs: 1_000 });
});

it("a connection's head-room is left in every limit of its account, and not in those of our app", () => {
  const row = { connectionId: "c" as ConnectionId, externalAccount: "1", requestsPerSecond: null, quotaShare: 0.5 };
  const limitsOf = (connector: string) => budgetOf({ limiterFor: () => unlimited }, { ...row, connector }, null).limits;
  expect(Object.values(limitsOf("hubspot")).map(({ share }) => share)).toEqual([0.5, 0.5]);
  expect(limitsOf("google-ads")["operations"]?.share).toBeUndefined();
});

it("a sandbox is asked at its own pace", () => {
  const row = { connector: "stripe", connectionId: "c" as ConnectionId, externalAccount: "1", requestsPerSecond: null };
  const all = (mode: "live" | "test") =>
    budgetOf({ limiterFor: () => unlimited }, { ...row, mode }, null).limits["all"];
  expect([all("live")?.calls, all("test")?.calls]).toEqual([100, 25]);
});

it("what an answer says of the account's limit is passed on", async () => {
  const { limits, taught } = await asked(null);
  expect(limits["general"]).toMatchObject({ calls: 190, windowMs: 10_000 });
  expect(taught[0]).toEqual(["general", { calls: 100, windowMs: 10_000 }]);
  expect(taught[1]).toEqual(["day", { calls: 625_000, left: expect.any(Number) as number }]);
});

it("what a vendor counts for our app is spent from one budget by all accounts of the app, and by no other app's", async () => {
  const twin = await startGoogleAdsTwin();
  try {
    const spent: string[] = [];
    const limiterFor = (connector: string, account: string): RateLimiter => ({
      ...unlimited,
      acquire: async (bucket) => void spent.push(`${connector} ${account} ${bucket}`),
    });
    twin.load(seedOf({}));
    const project = (id: string) =>
      JSON.stringify({ project_id: id, client_id: "app", client_secret: "secret", refresh_token: "token" });
    for (const [externalAccount, key] of [
      ["1", twin.accessToken],
      ["2", twin.accessToken],
      ["3", project("other")],
    ] as const) {
      const { connection } = openWith(
        { limiterFor, now: Date.now, telemetry: noTelemetry },
        {
          ...{ connector: "google-ads", connectionId: "c" as ConnectionId, externalAccount, baseUrl: twin.url },
          ...{ settings: {}, requestsPerSecond: null },
        },
        { key, customerId: ACCOUNT },
        new AbortController().signal,
      );
      await connection.check().catch(() => undefined);
    }
    expect(spent).toEqual([
      "google-ads app sign-in operations",
      "google-ads app sign-in operations",
      // Its token is its account's affair.
      "google-ads 3 token",
    ]);
  } finally {
    await twin.close();
  }
});
