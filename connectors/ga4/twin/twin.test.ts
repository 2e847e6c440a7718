/** The twin against Google's own SDK, and against what the discovery documents say. */
import { analyticsdata_v1beta } from "@googleapis/analyticsdata";
import { JWT } from "google-auth-library";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { YESTERDAY } from "../contract-account.ts";
import { hitsOn, member } from "../fixtures.ts";
import { startPlace } from "../testing.ts";
import type { Place } from "../testing.ts";

let place: Place;
let sdk: analyticsdata_v1beta.Analyticsdata;
const property = "properties/314159265";
beforeEach(async () => {
  place = await startPlace();
  place.twin.load({ hits: [1, 2, 3].map((n) => hitsOn(YESTERDAY, n)), members: [member(1), member(2)] });
  const headers = { authorization: `Bearer ${place.twin.accessToken}` };
  sdk = new analyticsdata_v1beta.Analyticsdata({ rootUrl: `${place.twin.url}/`, headers, retry: false });
});
afterEach(() => place.close());

const run = (requestBody: analyticsdata_v1beta.Schema$RunReportRequest) =>
  sdk.properties.runReport({ property, requestBody });
const report = {
  ...{
    dimensions: [{ name: "date" }, { name: "sessionSource" }],
    metrics: [{ name: "sessions" }, { name: "totalRevenue" }],
  },
  dateRanges: [{ startDate: YESTERDAY, endDate: YESTERDAY }],
};

describe("Google's own SDK", () => {
  it("reads a report, page by page, with numbers as texts and the quota beside them", async () => {
    const { data } = await run({ ...report, limit: "2", offset: "1", returnPropertyQuota: true });
    expect(data).toMatchObject({
      ...{ rowCount: 3, kind: "analyticsData#runReport", metadata: { timeZone: "Europe/London", currencyCode: "GBP" } },
      rows: [
        {
          dimensionValues: [{ value: "20261114" }, { value: "source-000002" }],
          metricValues: [{ value: "12" }, { value: "12.5" }],
        },
        { dimensionValues: [{ value: "20261114" }, { value: "source-000003" }] },
      ],
      propertyQuota: { tokensPerDay: { consumed: 2, remaining: 199_998 } },
    });
  });

  it("orders an audience export, waits for it and queries it", async () => {
    const created = await sdk.properties.audienceExports.create({
      parent: property,
      requestBody: { audience: `${property}/audiences/7`, dimensions: [{ dimensionName: "userId" }] },
    });
    expect(created.data.done).toBe(false);
    const name = `${property}/audienceExports/1`;
    expect((await sdk.properties.audienceExports.get({ name })).data.state).toBe("CREATING");
    await expect(sdk.properties.audienceExports.query({ name, requestBody: {} })).rejects.toMatchObject({
      status: 400,
    });
    place.advance(60_000);
    const { data } = await sdk.properties.audienceExports.query({ name, requestBody: { limit: "1", offset: "1" } });
    expect([data.rowCount, data.audienceRows]).toEqual([2, [{ dimensionValues: [{ value: "u-000002" }] }]]);
    expect((await sdk.properties.audienceExports.list({ parent: property })).data.audienceExports).toHaveLength(1);
  });

  it("signs in with a service account's key", async () => {
    const { client_email: email, private_key: key } = JSON.parse(place.twin.serviceAccountKey()) as Record<
      string,
      string
    >;
    const jwt = new JWT({
      ...{ email: email ?? "", key: key ?? "", scopes: ["https://www.googleapis.com/auth/analytics.readonly"] },
      transporterOptions: { fetchImplementation: (_, init) => fetch(`${place.twin.url}/token`, init) },
    });
    expect((await jwt.authorize()).access_token).toMatch(/^ya29\./);
  });
});

describe("the twin refuses, as Google does,", () => {
  it.each([
    ["a dimension that is none", { dimensions: [{ name: "clientId" }] }],
    ["a metric that is none", { metrics: [{ name: "customers" }] }],
    ["more than nine dimensions", { dimensions: Array.from({ length: 10 }, () => ({ name: "date" })) }],
    ["more than ten metrics", { metrics: Array.from({ length: 11 }, () => ({ name: "sessions" })) }],
    ["a limit of nothing", { limit: "0" }],
    ["days in the wrong order", { dateRanges: [{ startDate: YESTERDAY, endDate: "2026-11-01" }] }],
    ["an order by what is not asked for", { orderBys: [{ dimension: { dimensionName: "sessionMedium" } }] }],
    ["a field that it does not know", { sampling: true }],
  ])("%s", async (_, wrong) => {
    const error = await run({ ...report, ...wrong }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      status: 400,
      response: { data: { error: { code: 400, status: "INVALID_ARGUMENT" } } },
    });
  });

  it("another property, as if it were not there for us", async () => {
    await expect(sdk.properties.runReport({ property: "properties/1", requestBody: report })).rejects.toMatchObject({
      status: 403,
    });
  });

  it("whoever has no token, or signs with another key", async () => {
    const bare = new analyticsdata_v1beta.Analyticsdata({ rootUrl: `${place.twin.url}/`, retry: false });
    await expect(bare.properties.runReport({ property, requestBody: report })).rejects.toMatchObject({ status: 401 });
    const answer = await fetch(`${place.twin.url}/token`, {
      method: "POST",
      body: new URLSearchParams({ grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: "a.b.c" }),
    });
    expect([answer.status, await answer.json()]).toMatchObject([400, { error: "invalid_grant" }]);
  });

  it("more tokens than there are, and everything after ten server errors", async () => {
    Object.assign(place.twin.used, { hour: Math.floor(place.now() / 3_600_000), errors: 10 });
    await expect(run(report)).rejects.toMatchObject({
      status: 429,
      response: { data: { error: { status: "RESOURCE_EXHAUSTED" } } },
    });
  });

  it("no event that the Measurement Protocol gets, whatever it is", async () => {
    const answer = await fetch(`${place.twin.url}/mp/collect`, { method: "POST", body: "{}" });
    expect([answer.status, place.twin.events.dropped]).toEqual([204, ["SECRET_INVALID"]]);
  });
});
