/** What Google's reference says must, may never, or is easily got wrong in reading, each against the stand-in. */
import { afterEach, describe, expect, it } from "vitest";
import { failureOf, openForContract, readToEnd } from "#connectors/core/contract-suite/account.ts";
import type { FigureRecord, TouchpointRecord } from "#connectors/core/records.ts";
import { ACCOUNT, accountSeed, campaignSeed, clickSeed, dayBefore, figureSeed, seedOf } from "./fixtures.ts";
import { googleAds } from "./index.ts";
import { startGoogleAdsTwin } from "./twin/index.ts";
import type { GoogleAdsTwin, GoogleAdsTwinOptions } from "./twin/index.ts";
import type { GoogleAdsSeed } from "./twin/seed.ts";

const NOON = Date.parse("2026-11-20T12:00:00Z");
const MANAGER = "9990001110";
const twins: GoogleAdsTwin[] = [];
afterEach(async () => {
  for (const twin of twins.splice(0)) await twin.close();
});

interface Situation {
  seed?: Partial<GoogleAdsSeed>;
  credentials?: Record<string, string>;
  settings?: Record<string, unknown>;
  twin?: GoogleAdsTwinOptions;
  now?: () => number;
}

async function open({ seed = {}, credentials = {}, settings = {}, twin: options = {}, now = () => NOON }: Situation) {
  const twin = await startGoogleAdsTwin({ now, ...options });
  twins.push(twin);
  twin.load(seedOf(seed));
  const access = {
    credentials: { key: twin.accessToken, ...credentials },
    settings: { backfillDays: 40, clickDays: 3, ...settings },
    ...{ baseUrl: twin.url, now },
  };
  return { twin, connection: openForContract(googleAds, access) };
}
const figures = async (connection: ReturnType<typeof openForContract>, from: unknown = null) => {
  const { pages, next } = await readToEnd(connection, "spend", from);
  return { pages, next, records: pages.flatMap(({ records }) => records as FigureRecord[]) };
};
const asked = ({ requests }: GoogleAdsTwin) => [...requests].reduce((sum, [, count]) => sum + count, 0);

describe("accounts and managers", () => {
  const managed: Partial<GoogleAdsSeed> = {
    accounts: [
      accountSeed({ id: MANAGER, isManager: true, name: "Agency" }),
      accountSeed({ id: "9990001112", manager: MANAGER, isManager: true, name: "Sub-agency" }),
      accountSeed({ manager: "9990001112" }),
      accountSeed({ id: "1112223331", manager: MANAGER, currency: "JPY", timeZone: "Asia/Tokyo" }),
      accountSeed({ id: "1112223332", manager: MANAGER, status: "CANCELED" }),
    ],
    campaigns: [campaignSeed(0), campaignSeed(1, { account: "1112223331" })],
    figures: [
      figureSeed(0, "2026-11-20"),
      figureSeed(1, "2026-11-20", { account: "1112223331", costMicros: 900_000_000 }),
    ],
  };

  it("manager accounts hold no metrics: the accounts below them are asked, through the manager's login-customer-id", async () => {
    const { connection } = await open({ seed: managed, credentials: { customerId: "999-000-1110" } });
    expect(await connection.check()).toEqual({ account: MANAGER, title: "Agency", mode: "test" });
    const { records } = await figures(connection);
    const spend = records.filter(({ kind }) => kind === "spend");
    expect(spend).toMatchObject([
      { account: ACCOUNT, currency: "GBP", amountMicros: 1_250_000 },
      { account: "1112223331", currency: "JPY", amountMicros: 900_000_000 },
    ]);
  });

  it("an account that is cancelled is said not to be read", async () => {
    const { connection } = await open({ seed: managed, credentials: { customerId: MANAGER } });
    const { pages } = await figures(connection);
    const remarks = pages.flatMap(({ rejects }) => rejects);
    expect(remarks).toMatchObject([
      { ref: "account 1112223332", kept: true, reason: expect.stringContaining("canceled") },
    ]);
  });

  it("an account that joined later is read from its own beginning", async () => {
    const { twin, connection } = await open({ seed: managed, credentials: { customerId: MANAGER } });
    const { next } = await figures(connection);
    twin.addAccount(accountSeed({ id: "1112223333", manager: MANAGER }));
    twin.setFigure(figureSeed(5, "2026-10-15", { account: "1112223333" }));
    twin.addCampaign(campaignSeed(5, { account: "1112223333" }));
    const { records, pages } = await figures(connection, next);
    expect(records.filter(({ account }) => account === "1112223333").map(({ day }) => day)).toContain("2026-10-15");
    const days = pages.flatMap(({ days = [] }) => days);
    expect(days.filter(({ account }) => account === "1112223333")).toHaveLength(41);
    expect(days.filter(({ account }) => account === ACCOUNT)).toHaveLength(31);
  });

  it("login-customer-id is ten digits and no dashes, and only there when access goes through a manager", async () => {
    const below = await open({ seed: managed, credentials: { customerId: ACCOUNT, loginCustomerId: "999-000-1110" } });
    expect((await below.connection.check()).account).toBe(ACCOUNT);
    const direct = await open({ credentials: { customerId: ACCOUNT } });
    expect((await figures(direct.connection)).pages.length).toBeGreaterThan(0);
  });

  it("a wrong or missing login-customer-id is a missing permission, with what to do", async () => {
    const { connection } = await open({ seed: managed, credentials: { customerId: ACCOUNT } });
    expect(await failureOf(connection.check())).toMatchObject({
      kind: "permission",
      message: expect.stringContaining("manager's customer id"),
      details: { vendorCode: "USER_PERMISSION_DENIED", vendorRequestId: "req" },
    });
  });

  it("asks which account where the credentials reach several and none was named", async () => {
    const two = { accounts: [accountSeed(), accountSeed({ id: "1112223331" })] };
    const { connection } = await open({ seed: two });
    expect(await failureOf(connection.check())).toMatchObject({
      kind: "permission",
      message: expect.stringContaining("1112223330, 1112223331"),
    });
    const none = await open({ seed: { accounts: [] } });
    expect((await failureOf(none.connection.check()))?.kind).toBe("permission");
  });

  it("a customer id that is none is refused before anything is asked", async () => {
    const { twin, connection } = await open({ credentials: { customerId: "123" } });
    expect((await failureOf(connection.check()))?.kind).toBe("auth");
    expect(asked(twin)).toBe(0);
  });

  it("test and live accounts are never mixed", async () => {
    const accounts = [
      accountSeed({ id: MANAGER, isManager: true }),
      accountSeed({ manager: MANAGER }),
      accountSeed({ id: "1112223331", manager: MANAGER, test: false }),
    ];
    const { connection } = await open({ seed: { accounts }, credentials: { customerId: MANAGER } });
    for (const refused of [connection.check(), readToEnd(connection, "spend"), readToEnd(connection, "clicks")])
      expect(await failureOf(refused)).toMatchObject({ kind: "auth", message: expect.stringContaining("never mixed") });
  });

  it("says whether an account is live", async () => {
    const { connection } = await open({ seed: { accounts: [accountSeed({ test: false })] } });
    expect((await connection.check()).mode).toBe("live");
  });
});

describe("spend", () => {
  it("int64 come as texts, and money stays in micros of the account's currency", async () => {
    const seed = {
      campaigns: [campaignSeed(0)],
      figures: [figureSeed(0, "2026-11-19", { costMicros: 9_007_199_254_740_991 })],
    };
    const { records } = await figures((await open({ seed })).connection);
    expect(records[0]).toMatchObject({ kind: "spend", amountMicros: 9_007_199_254_740_991, currency: "GBP" });
  });

  it("an amount that no number holds is refused, and its day is not taken for whole", async () => {
    const seed = { campaigns: [campaignSeed(0)], figures: [figureSeed(0, "2026-11-19", { costMicros: 1e17 })] };
    const { records, pages } = await figures((await open({ seed })).connection);
    expect(records).toEqual([]);
    expect(pages.flatMap(({ rejects }) => rejects)).toHaveLength(1);
    const days = pages.flatMap(({ days = [] }) => days);
    expect(days.filter(({ whole }) => whole === false).map(({ day }) => day)).toEqual(["2026-11-19"]);
  });

  it("dates are in the account's time zone: today is the account's, and is never settled", async () => {
    const at = Date.parse("2026-11-20T02:00:00Z");
    const lastDay = async (timeZone: string) => {
      const { connection } = await open({ seed: { accounts: [accountSeed({ timeZone })] }, now: () => at });
      const days = (await figures(connection)).pages.flatMap(({ days = [] }) => days);
      return days.at(-1);
    };
    expect(await lastDay("America/Los_Angeles")).toMatchObject({ day: "2026-11-19", settled: false });
    expect(await lastDay("Asia/Tokyo")).toMatchObject({ day: "2026-11-20", settled: false });
  });

  it("conversions keep moving: the last 30 days are read again and each is replaced as a whole", async () => {
    let now = NOON;
    const seed = { campaigns: [campaignSeed(0)], figures: [figureSeed(0, "2026-10-22"), figureSeed(0, "2026-10-10")] };
    const { twin, connection } = await open({ seed, now: () => now });
    const full = await figures(connection);
    now += 3_600_000;
    twin.setFigure(figureSeed(0, "2026-10-22", { conversions: 4 }));
    twin.setFigure(figureSeed(0, "2026-10-10", { conversions: 4 }));
    const later = await figures(connection, full.next);
    const days = later.pages.flatMap(({ days = [] }) => days.map(({ day }) => day));
    expect([days[0], days.at(-1), days.length]).toEqual(["2026-10-21", "2026-11-20", 31]);
    expect(later.records.filter((record) => record.kind === "metric" && record.name === "conversions")).toMatchObject([
      { day: "2026-10-22", value: 4 },
    ]);
  });

  it("a day is settled with the read after it became 30 days old, also after an outage", async () => {
    let now = NOON;
    const { connection } = await open({ now: () => now });
    const { next } = await figures(connection);
    now += 50 * 24 * 3_600_000;
    const days = (await figures(connection, next)).pages.flatMap(({ days = [] }) => days);
    expect(days[0]).toMatchObject({ day: "2026-10-21", settled: true });
    expect(days).toHaveLength(81);
  });

  it("many days cost one operation, and a page of 10,000 rows is not asked for by size", async () => {
    const { twin, connection } = await open({ settings: { backfillDays: 29 } });
    await figures(connection);
    expect(asked(twin)).toBe(3);
  });
});

describe("clicks", () => {
  const clicksOf = async (connection: ReturnType<typeof openForContract>, from: unknown = null) => {
    const { pages, next } = await readToEnd(connection, "clicks", from);
    return { pages, next, records: pages.flatMap(({ records }) => records as TouchpointRecord[]) };
  };

  it("each query selects exactly one day, and ninety days are all there are", async () => {
    const clicks = [0, 1, 89, 90].map((ago) => clickSeed(ago, dayBefore(NOON, ago)));
    const { twin, connection } = await open({
      seed: { campaigns: [campaignSeed(0)], clicks },
      settings: { clickDays: 90 },
    });
    const { records } = await clicksOf(connection);
    expect(records.map(({ id }) => id).toSorted()).toEqual([0, 1, 89].map((ago) => clickSeed(ago, "").gclid));
    // The one accessible account, what is below it, and ninety days.
    expect(asked(twin)).toBe(92);
  });

  it("a gclid is case-sensitive and names no person", async () => {
    const clicks = [
      clickSeed(0, "2026-11-19", { gclid: "AbCdEfGh123" }),
      clickSeed(0, "2026-11-19", { gclid: "abcdefgh123" }),
    ];
    const { records } = await clicksOf((await open({ seed: { campaigns: [campaignSeed(0)], clicks } })).connection);
    expect(records.map(({ id, person }) => [id, person])).toEqual([
      ["AbCdEfGh123", null],
      ["abcdefgh123", null],
    ]);
  });

  it("a day older than ninety days is lost for good, and that is said", async () => {
    let now = NOON;
    const { connection } = await open({ now: () => now });
    const { next } = await clicksOf(connection);
    now += 100 * 24 * 3_600_000;
    const { pages } = await clicksOf(connection, next);
    const remarks = pages.flatMap(({ rejects }) => rejects);
    expect(remarks).toMatchObject([{ kept: true, reason: expect.stringContaining("2026-11-18 to 2026-11-30") }]);
    expect(pages).toHaveLength(90);
  });

  it("a place within a day that Google has forgotten costs that day's beginning, not the stream", async () => {
    const clicks = Array.from({ length: 9 }, (_, index) => clickSeed(index, "2026-11-20"));
    const { twin, connection } = await open({
      seed: { campaigns: [campaignSeed(0)], clicks },
      settings: { clickDays: 1 },
    });
    twin.faults.shortPage = 4;
    const first = await connection.read("clicks", null).next();
    twin.faults.forgetPages = true;
    twin.faults.shortPage = 100;
    const { records } = await clicksOf(connection, (first.value as { next: unknown }).next);
    expect(new Set(records.map(({ id }) => id)).size).toBe(9);
  });
});

describe("access", () => {
  it("the version in the path is a setting, and one that was shut down is said to be", async () => {
    const old = await open({ settings: { apiVersion: "v22" } });
    expect(await failureOf(old.connection.check())).toMatchObject({
      kind: "contract",
      message: expect.stringContaining("apiVersion"),
    });
    const next = await open({ settings: { apiVersion: "v27" }, twin: { version: "v27" } });
    expect((await next.connection.check()).account).toBe(ACCOUNT);
  });

  it("test access to a live account is a missing permission, with what to apply for", async () => {
    const { twin, connection } = await open({ seed: { accounts: [accountSeed({ test: false })] } });
    twin.faults.testAccessOnly = true;
    expect(await failureOf(connection.check())).toMatchObject({
      kind: "permission",
      message: expect.stringContaining("Explorer or Basic"),
    });
  });

  it("used-up operations are waited for as long as the answer says, in its body", async () => {
    const { connection } = await open({ twin: { operationsPerDay: 1 } });
    await expect(connection.check()).rejects.toMatchObject({
      kind: "rate_limited",
      details: { retryAfterMs: 3_600_000, vendorCode: "RESOURCE_EXHAUSTED" },
    });
  });
});
