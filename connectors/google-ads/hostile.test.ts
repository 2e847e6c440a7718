/** The connector against a server written from Google's reference alone, with every bad manner that the reference allows. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { failureOf, openForContract, readToEnd } from "#connectors/core/contract-suite/account.ts";
import { ACCOUNT } from "./fixtures.ts";
import { googleAds } from "./index.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

interface Asked {
  query: string;
  pageToken?: string;
  pageSize?: unknown;
}
type Answer = (asked: Asked, reply: ServerResponse, request: IncomingMessage) => unknown;

const SELF = {
  ...{ id: ACCOUNT, level: "0", manager: false, status: "ENABLED", currencyCode: "EUR", timeZone: "Europe/Berlin" },
  ...{ descriptiveName: "Hostile", testAccount: true },
};

/** What is not the question about accounts is answered by `answer`; what it returns goes out as JSON. */
async function open(answer: Answer, self: object = SELF, settings: object = {}) {
  const asked: Asked[] = [];
  const server = createServer((request, reply) => {
    let text = "";
    request.on("data", (part: Buffer) => (text += part.toString()));
    request.on("end", () => {
      const body = JSON.parse(text === "" ? "{}" : text) as Asked;
      asked.push(body);
      const said = body.query.includes("FROM customer_client")
        ? { results: [{ customerClient: self }] }
        : answer(body, reply, request);
      if (!reply.writableEnded) reply.setHeader("content-type", "application/json").end(JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  const connection = openForContract(googleAds, {
    ...{
      settings: { backfillDays: 2, clickDays: 2, ...settings },
      credentials: { key: "ya29.x", customerId: ACCOUNT },
    },
    ...{ baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, now: () => NOW },
  });
  return { connection, asked };
}

const figure = (fields: object = {}, metrics: object = {}) => ({
  campaign: { resourceName: `customers/${ACCOUNT}/campaigns/7`, id: "7", name: "Seven" },
  metrics: { costMicros: "1000000", clicks: "1", impressions: "9", conversions: 0, conversionsValue: 0, ...metrics },
  segments: { date: "2026-11-19" },
  ...fields,
});
const refusal = (status: number, category: string, code: string, more: object = {}) => ({
  error: {
    ...{ code: status, message: "a secret sentence about ada@hollowpine.co.uk", status: "X" },
    details: [
      {
        "@type": "type.googleapis.com/google.ads.googleads.v26.errors.GoogleAdsFailure",
        errors: [{ errorCode: { [category]: code }, message: "ada@hollowpine.co.uk", ...more }],
        requestId: "Rq-1",
      },
    ],
  },
});
const refuse =
  (status: number, category: string, code: string, more: object = {}): Answer =>
  (_, reply) => {
    reply.statusCode = status;
    return refusal(status, category, code, more);
  };

describe("rows", () => {
  const readOf = async (row: unknown) => {
    const { connection } = await open(() => ({ results: [row] }));
    return readToEnd(connection, "spend");
  };

  it.each([
    ["a cost that is a number, not a text", figure({}, { costMicros: 5 })],
    ["a cost that is no number", figure({}, { costMicros: "much" })],
    ["no cost at all", figure({}, { costMicros: undefined })],
    ["conversions that are not finite", figure({}, { conversions: "NaN" })],
    ["a campaign without a name", figure({ campaign: { id: "7" } })],
  ])("%s: refused alone, and the day is not whole", async (_, row) => {
    const { pages } = await readOf(row);
    expect(pages.flatMap(({ records }) => records)).toEqual([]);
    expect(pages.flatMap(({ rejects }) => rejects)).toHaveLength(1);
    const days = pages.flatMap(({ days = [] }) => days);
    expect(days.map(({ day, whole }) => [day, whole ?? true])).toEqual([
      ["2026-11-18", true],
      ["2026-11-19", false],
      ["2026-11-20", true],
    ]);
  });

  it.each([
    ["another day than was asked for", figure({ segments: { date: "2026-10-01" } })],
    ["no day", figure({ segments: {} })],
    ["nothing", null],
  ])("%s: no day can be said to be whole", async (_, row) => {
    await expect(readOf(row)).rejects.toMatchObject({ kind: "contract" });
  });

  it("a campaign twice on a day is not summed, and not taken once", async () => {
    const { connection } = await open(() => ({ results: [figure(), figure()] }));
    expect((await failureOf(readToEnd(connection, "spend")))?.kind).toBe("contract");
  });

  it("an empty answer without results is a day of nothing, not an error", async () => {
    const { connection } = await open(() => ({ fieldMask: "campaign.id" }));
    const { pages } = await readToEnd(connection, "spend");
    expect(pages.map(({ days }) => days?.length)).toEqual([1, 1, 1]);
  });

  it("a campaign renamed in the middle of a read stays one", async () => {
    const { connection } = await open(() => ({
      results: [figure(), figure({ segments: { date: "2026-11-20" }, campaign: { id: "7", name: "Eight" } })],
    }));
    const { pages } = await readToEnd(connection, "spend");
    const ids = pages.flatMap(({ records }) => records.filter(({ kind }) => kind === "spend").map(({ id }) => id));
    expect(new Set(ids).size).toBe(1);
  });

  it("a click of another day than was asked for is no answer to the question", async () => {
    const { connection } = await open(() => ({
      results: [{ clickView: { gclid: "abc" }, campaign: { id: "7" }, segments: { date: "2026-11-01" } }],
    }));
    expect((await failureOf(readToEnd(connection, "clicks")))?.kind).toBe("contract");
  });

  it("clicks without a gclid, with an empty one or with null join nobody and are no rejects", async () => {
    const { connection } = await open(({ query }) => ({
      results: [undefined, "", null].map((gclid) => ({
        ...{ clickView: { gclid }, campaign: { id: "7" }, segments: { date: /'(.+)'/.exec(query)?.[1] } },
      })),
    }));
    const { pages } = await readToEnd(connection, "clicks");
    expect(pages.flatMap(({ records, rejects }) => [...records, ...rejects])).toEqual([]);
  });
});

describe("paging", () => {
  it("a page token that comes back ends with an error", async () => {
    const { connection } = await open(() => ({ results: [figure()], nextPageToken: "again" }));
    expect((await failureOf(readToEnd(connection, "spend")))?.kind).toBe("contract");
  });

  it("never sends a page size, and sends a token only with the query it came for", async () => {
    const { connection, asked } = await open(({ pageToken }) =>
      pageToken === undefined ? { results: [figure()], nextPageToken: "p2" } : { results: [] },
    );
    await readToEnd(connection, "spend");
    expect(asked.map(({ pageSize }) => pageSize)).toEqual([undefined, undefined, undefined]);
    expect(asked.map(({ pageToken }) => pageToken)).toEqual([undefined, undefined, "p2"]);
    expect(asked[1]?.query).toBe(asked[2]?.query);
  });
});

describe("accounts", () => {
  it.each([
    ["an account without a time zone", { ...SELF, timeZone: undefined }],
    ["a time zone that is none", { ...SELF, timeZone: "Mars/Olympus" }],
    ["a currency that is none", { ...SELF, currencyCode: "XXQ" }],
    ["another account than was asked for", { ...SELF, id: "1112223339" }],
  ])("%s: nothing is read", async (_, self) => {
    const { connection } = await open(() => ({ results: [figure()] }), self);
    expect((await failureOf(readToEnd(connection, "spend")))?.kind).toBe("contract");
  });

  it("an account in use that Google calls anything else is not read, and that is said", async () => {
    const { connection } = await open(() => ({ results: [figure()] }), { ...SELF, status: "UNKNOWN" });
    const { pages } = await readToEnd(connection, "spend");
    expect(pages.flatMap(({ records }) => records)).toEqual([]);
    expect(pages.flatMap(({ rejects }) => rejects)).toMatchObject([{ kept: true }]);
  });
});

describe("refusals", () => {
  it.each([
    [401, "authenticationError", "OAUTH_TOKEN_EXPIRED", "auth"],
    [401, "authenticationError", "AUTHENTICATION_ERROR", "auth"],
    [401, "authenticationError", "TWO_STEP_VERIFICATION_NOT_ENROLLED", "auth"],
    [401, "authenticationError", "CUSTOMER_NOT_FOUND", "permission"],
    [403, "authorizationError", "USER_PERMISSION_DENIED", "permission"],
    [403, "authorizationError", "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION", "permission"],
    [403, "authorizationError", "DEVELOPER_TOKEN_NOT_APPROVED", "permission"],
    [403, "authorizationError", "CUSTOMER_NOT_ENABLED", "permission"],
    [400, "queryError", "UNRECOGNIZED_FIELD", "contract"],
    [400, "requestError", "UNSUPPORTED_VERSION", "contract"],
    [429, "quotaError", "RESOURCE_EXHAUSTED", "rate_limited"],
    [429, "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", "rate_limited"],
    [500, "internalError", "INTERNAL_ERROR", "transient"],
    [503, "internalError", "TRANSIENT_ERROR", "transient"],
  ])("%i %s.%s is %s, with Google's request id and none of its words", async (status, category, code, kind) => {
    const { connection } = await open(refuse(status, category, code));
    const error = await failureOf(readToEnd(connection, "spend"));
    expect(error).toMatchObject({ kind, details: { status, vendorCode: code, vendorRequestId: "Rq-1" } });
    expect(JSON.stringify([error?.message, error?.stack, error?.details])).not.toMatch(/ada@|secret sentence/);
  });

  it("a suggested wait stands in the body, and one in a header goes before it", async () => {
    const details = { quotaErrorDetails: { rateScope: "ACCOUNT", rateName: "Basic", retryDelay: "2.5s" } };
    const body = await open(refuse(429, "quotaError", "RESOURCE_TEMPORARILY_EXHAUSTED", { details }));
    expect((await failureOf(readToEnd(body.connection, "spend")))?.details.retryAfterMs).toBe(2_500);
    const header = await open((asked, reply, request) => {
      reply.setHeader("retry-after", "9");
      return refuse(429, "quotaError", "RESOURCE_EXHAUSTED", { details })(asked, reply, request);
    });
    expect((await failureOf(readToEnd(header.connection, "spend")))?.details.retryAfterMs).toBe(9_000);
    const silent = await open(refuse(429, "quotaError", "RESOURCE_EXHAUSTED"));
    expect((await failureOf(readToEnd(silent.connection, "spend")))?.details.retryAfterMs).toBe(900_000);
  });

  it("a proxy's page is nobody's verdict", async () => {
    const { connection } = await open((_, reply) => {
      reply.statusCode = 403;
      reply.setHeader("content-type", "text/html").end("<h1>Forbidden</h1>");
    });
    expect((await failureOf(readToEnd(connection, "spend")))?.kind).toBe("permission");
    const notJson = await open((_, reply) => void reply.end("<html>welcome</html>"));
    expect((await failureOf(readToEnd(notJson.connection, "spend")))?.kind).toBe("transient");
  });
});
