/** What Google's reference says of reports, sentence by sentence. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readToEnd } from "#connectors/core/contract-suite/index.ts";
import type { RecordPage } from "#connectors/core/contract.ts";
import type { MetricRecord } from "#connectors/core/records.ts";
import { YESTERDAY } from "./contract-account.ts";
import { hitsOn } from "./fixtures.ts";
import { REPORTS, requestOf } from "./reports.ts";
import { settings } from "./settings.ts";
import { startPlace } from "./testing.ts";
import type { Place } from "./testing.ts";

let place: Place;
beforeEach(async () => {
  place = await startPlace();
});
afterEach(() => place.close());

const metricsOf = (pages: RecordPage[]) => pages.flatMap(({ records }) => records as MetricRecord[]);
const dayOf = (pages: RecordPage[], day = YESTERDAY) =>
  pages.flatMap(({ days = [] }) => days).find((one) => one.day === day);
const read = async (stream = "channels", options?: Parameters<Place["open"]>[0]) =>
  (await readToEnd(place.open(options), stream)).pages;
const load = (...hits: ReturnType<typeof hitsOn>[]) => place.twin.load({ hits, members: [] });

describe("a request", () => {
  it("stays within nine dimensions and ten metrics, asks for the quota, and writes 64-bit numbers as text", () => {
    for (const report of Object.values(REPORTS)) {
      const request = requestOf(report, YESTERDAY, 0, settings.parse({})) as Record<string, unknown[]>;
      expect(request["dimensions"]?.length).toBeLessThanOrEqual(9);
      expect(request["metrics"]?.length).toBeLessThanOrEqual(10);
      expect(request).toMatchObject({
        returnPropertyQuota: true,
        offset: "0",
        limit: expect.stringMatching(/^\d+$/) as string,
      });
    }
  });

  it("never asks for a dimension that could name a person, nor for addresses with what follows the question mark", () => {
    const asked = Object.values(REPORTS).flatMap(({ dimensions }) => Object.keys(dimensions));
    expect(asked.filter((name) => /user|client|device|email|phone|custom|query/i.test(name))).toEqual([]);
  });
});

describe("days", () => {
  it("are the property's own: what is yesterday in London is not yet over in Los Angeles", async () => {
    await place.close();
    place = await startPlace({ timeZone: "America/Los_Angeles" });
    // Half past six in the morning of the 15th in London, half past ten in the evening of the 14th there.
    place.advance(-5.5 * 3_600_000);
    load(hitsOn("2026-11-13", 1), hitsOn("2026-11-14", 2));
    const pages = await read();
    expect(pages.flatMap(({ days = [] }) => days.map(({ day }) => day))).toEqual([
      "2026-11-11",
      "2026-11-12",
      "2026-11-13",
    ]);
    expect(new Set(metricsOf(pages).map(({ day }) => day))).toEqual(new Set(["2026-11-13"]));
  });

  it("are not called settled before four of them have passed", async () => {
    const pages = await read("channels", { settings: { backfillDays: 6 } });
    expect(pages.flatMap(({ days = [] }) => days.map(({ day, settled }) => [day, settled]))).toEqual([
      ["2026-11-09", true],
      ["2026-11-10", true],
      ["2026-11-11", true],
      ["2026-11-12", false],
      ["2026-11-13", false],
      ["2026-11-14", false],
    ]);
  });

  it("are read again within the window on every read, and replaced, never added to", async () => {
    load(hitsOn(YESTERDAY, 1, { sessions: 5 }));
    const { next } = await readToEnd(place.open(), "channels");
    place.twin.recordMore(hitsOn(YESTERDAY, 1).id);
    const { pages } = await readToEnd(place.open(), "channels", next);
    expect(pages.flatMap(({ days = [] }) => days.map(({ day }) => day))).toEqual([
      ...["2026-11-11", "2026-11-12", "2026-11-13", "2026-11-14"],
    ]);
    expect(metricsOf(pages).find(({ name }) => name === "sessions")?.value).toBe(6);
  });
});

describe("what Google says of the numbers is kept with them", () => {
  it("a thresholded report is a lower bound, not an error", async () => {
    load(hitsOn(YESTERDAY, 1, { users: 50 }), hitsOn(YESTERDAY, 2, { users: 3 }));
    place.twin.faults.thresholdUsers = 10;
    const pages = await read();
    expect(dayOf(pages)?.flags).toEqual(["thresholded"]);
    expect(metricsOf(pages).every(({ flags }) => flags.includes("thresholded"))).toBe(true);
    expect(new Set(metricsOf(pages).map(({ dimensions }) => dimensions["channel"])).size).toBe(1);
    // Also where nothing is left of the day: that is not zero.
    expect(dayOf(pages, "2026-11-13")?.flags).toEqual(["thresholded"]);
  });

  it("sampling, cut rows and an empty report's reason", async () => {
    load(hitsOn(YESTERDAY, 1));
    Object.assign(place.twin.faults, { sampled: true, truncated: true, emptyReason: "NO_DATA" });
    const pages = await read();
    expect(dayOf(pages)?.flags).toEqual(["sampled", "truncated"]);
    expect(dayOf(pages, "2026-11-13")?.flags).toEqual(["sampled", "truncated", "withheld"]);
  });

  it("rows beyond the limit stand under (other), which is a value like any other", async () => {
    load(...[1, 2, 3, 4].map((n) => hitsOn(YESTERDAY, n, { sessions: n })));
    place.twin.faults.otherRowsFrom = 2;
    const pages = await read();
    expect(dayOf(pages)?.flags).toEqual(["other"]);
    const sessions = metricsOf(pages).filter(({ name }) => name === "sessions");
    expect(sessions.map(({ dimensions, value }) => [dimensions["channel"], value])).toContainEqual(["(other)", 7]);
  });

  it("figures we may not see are missing, not zero", async () => {
    load(hitsOn(YESTERDAY, 1));
    place.twin.faults.revenueHidden = true;
    const pages = await read();
    expect(dayOf(pages)?.flags).toEqual(["restricted"]);
    expect(metricsOf(pages).map(({ name }) => name)).toEqual(["sessions", "engaged_sessions", "key_events", "users"]);
  });

  it("money is in the currency that the answer names", async () => {
    await place.close();
    place = await startPlace({ currency: "JPY" });
    load(hitsOn(YESTERDAY, 1, { revenue: 1_200 }));
    expect(metricsOf(await read()).find(({ name }) => name === "revenue")).toMatchObject({
      value: 1_200_000_000,
      currency: "JPY",
    });
  });
});

describe("paging", () => {
  it("goes on to the count of rows through pages of any length", async () => {
    load(...Array.from({ length: 57 }, (_, n) => hitsOn(YESTERDAY, n)));
    place.twin.faults.shortPage = 10;
    expect(metricsOf(await read()).filter(({ name }) => name === "sessions")).toHaveLength(57);
  });

  it("reads a day once more when its count changes between two pages, and gives up on one that never holds still", async () => {
    load(...Array.from({ length: 25 }, (_, n) => hitsOn(YESTERDAY, n)));
    place.twin.faults.shortPage = 10;
    place.twin.faults.movesBetweenPages = 1;
    const pages = await read();
    expect(metricsOf(pages).filter(({ name, day }) => name === "sessions" && day === YESTERDAY)).toHaveLength(26);
    place.twin.faults.movesBetweenPages = 1_000;
    await expect(read()).rejects.toMatchObject({ kind: "transient" });
  });

  it("keeps rows apart that only an address told apart", async () => {
    load(
      hitsOn(YESTERDAY, 1, { landingPage: "/hi/ada@marlowbooks.co.uk", sessions: 1 }),
      hitsOn(YESTERDAY, 2, { landingPage: "/hi/bel%40marlowbooks.co.uk", sessions: 2 }),
    );
    const pages = await read("landing_pages");
    const sessions = metricsOf(pages).filter(({ name }) => name === "sessions");
    expect(sessions.map(({ value }) => value).toSorted((a, b) => a - b)).toEqual([1, 2]);
    expect(new Set(sessions.map(({ id }) => id)).size).toBe(2);
    expect(JSON.stringify(pages)).not.toContain("marlowbooks");
  });
});

describe("the funnel", () => {
  it("holds its own steps alone", async () => {
    load(
      hitsOn(YESTERDAY, 1, { event: "add_to_cart" }),
      hitsOn(YESTERDAY, 2, { event: "scroll" }),
      hitsOn(YESTERDAY, 3, { event: "sign_up" }),
    );
    expect(new Set(metricsOf(await read("funnel")).map(({ dimensions }) => dimensions["event"]))).toEqual(
      new Set(["add_to_cart"]),
    );
    const own = await read("funnel", { settings: { funnel: ["sign_up"] } });
    expect(new Set(metricsOf(own).map(({ dimensions }) => dimensions["event"]))).toEqual(new Set(["sign_up"]));
  });

  it("does not take what is no name of an event", () => {
    expect(settings.safeParse({ funnel: ["a@b.example"] }).success).toBe(false);
    expect(settings.safeParse({ funnel: ["purchase", "purchase"] }).success).toBe(false);
  });
});

describe("the property", () => {
  it("that the credentials do not see is told with those that they do", async () => {
    const error = await place
      .open({ credentials: { propertyId: "1" } })
      .check()
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      kind: "permission",
      message: expect.stringContaining("314159265 Marlow Books") as string,
    });
  });

  it("may be named as Google's pages name it, but not by its measurement id", async () => {
    expect(await place.open({ credentials: { propertyId: "properties/314159265" } }).check()).toEqual({
      account: "properties/314159265",
      title: "Marlow Books",
    });
    const wrong = place.open({ credentials: { propertyId: "G-ABC123" } }).check();
    await expect(wrong).rejects.toMatchObject({
      kind: "permission",
      message: expect.stringContaining("not the measurement id") as string,
    });
  });
});
