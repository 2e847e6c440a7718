/** What no server should answer. Nothing is lost in silence, nothing taken for zero, and nothing of a person or a key told on. */
import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import { readToEnd } from "#connectors/core/contract-suite/index.ts";
import type { ConnectorError } from "#connectors/core/errors.ts";
import { canonicalRecord } from "#connectors/core/records.ts";
import { startHostileServer } from "./hostile-server.ts";
import type { Answer, HostileServer } from "./hostile-server.ts";
import { ga4 } from "./index.ts";

const NOW = Date.parse("2026-11-15T12:00:00Z");
const KEY = "ya29.very-secret-token";
let server: HostileServer | undefined;
afterEach(() => server?.close());

const PROPERTY: Answer = {
  body: { name: "properties/77", displayName: "Shop", timeZone: "Europe/Berlin", currencyCode: "EUR" },
};
const head = {
  kind: "analyticsData#runReport",
  dimensionHeaders: [{ name: "date" }, { name: "sessionDefaultChannelGroup" }],
  metricHeaders: ["sessions", "engagedSessions", "keyEvents", "totalRevenue", "totalUsers"].map((name) => ({
    name,
    type: "TYPE_INTEGER",
  })),
  metadata: { currencyCode: "EUR", timeZone: "Europe/Berlin" },
};
const row = (channel: unknown, values: unknown[] = ["1", "1", "0", "2.5", "1"], date = "20261114") => ({
  dimensionValues: [{ value: date }, { value: channel }],
  metricValues: values.map((value) => ({ value })),
});
const report = (fields: object): Answer => ({ body: { ...head, ...fields } });

type Answers = Parameters<typeof startHostileServer>[0];

/** Reads a stream of a property that answers like this. */
async function readFrom(answers: Answers, stream: string) {
  server = await startHostileServer(answers);
  const call = createVendorCall({ connector: ga4, limiter: unlimited, now: () => NOW });
  const connection = ga4.open({
    settings: { backfillDays: 1, audiences: ["5"] },
    credentials: { propertyId: "77", key: KEY },
    ...{ baseUrl: server.url, call, now: () => NOW },
  });
  return readToEnd(connection, stream);
}

const read = (reports: Answers[string], property: Answer[] = [PROPERTY]) =>
  readFrom({ ":runReport": reports, "/v1beta/properties/77": property }, "channels");

/** The kind of the error, which tells nothing on. */
async function failure(reading: Promise<unknown>): Promise<ConnectorError["kind"] | undefined> {
  const error = (await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  )) as ConnectorError | undefined;
  expect(`${error?.message} ${JSON.stringify(error?.details)}`).not.toMatch(/very-secret|ada@|<html/);
  return error?.kind;
}
const failing = (...given: Parameters<typeof read>) => failure(read(...given));

describe("a report", () => {
  it.each([
    ["nothing at all", {}],
    ["a list", []],
    ["an error with 200", { error: { code: 500, status: "INTERNAL", message: "ada@marlow.example" } }],
    ["another kind of report", { ...head, kind: "analyticsData#runRealtimeReport" }],
    ["rows that are none", { ...head, rows: "many", rowCount: 1 }],
    ["a count in words", { ...head, rows: [row("Email")], rowCount: "one" }],
    ["a count below zero", { ...head, rows: [], rowCount: -1 }],
    [
      "other columns",
      { ...head, dimensionHeaders: [{ name: "date" }, { name: "sessionSource" }], rows: [row("Email")], rowCount: 1 },
    ],
    [
      "columns in another order",
      { ...head, metricHeaders: head.metricHeaders.toReversed(), rows: [row("Email")], rowCount: 1 },
    ],
    ["more rows than any shop has", { ...head, rows: [row("Email")], rowCount: 2_000_000_000 }],
  ])("that is %s is an error, not a day without visits", async (_, body) => {
    expect(await failing([{ body }])).toBe("contract");
  });

  it("that is a web page is tried again", async () => {
    expect(await failing([{ body: "<html>ada@marlow.example</html>" }])).toMatch(/^(transient|contract)$/);
  });

  it("without rows is a day without visits only where Google says so", async () => {
    const { pages } = await read([report({})]);
    expect(pages.flatMap(({ days }) => days)).toMatchObject([{ day: "2026-11-14", flags: [] }]);
    expect(pages.flatMap(({ days }) => days)[0]?.whole).toBeUndefined();
  });

  it.each([
    ["null", null],
    ["a text", "row"],
    ["without values", {}],
    ["with numbers for texts", row("Email", [1, 1, 0, 2.5, 1])],
    ["of another day", row("Email", ["1", "1", "0", "1", "1"], "20261101")],
    ["with a column too few", row("Email", ["1"])],
    ["with a number that is none", row("Email", ["NaN", "1", "0", "1", "1"])],
    ["with a number without end", row("Email", ["9".repeat(400), "1", "0", "1", "1"])],
    ["with money that is none", row("Email", ["1", "1", "0", "1,50", "1"])],
  ])("with a row %s takes the others, and calls the day partial", async (_, bad) => {
    const { pages } = await read([report({ rows: [row("Direct"), bad], rowCount: 2 })]);
    expect(pages.flatMap(({ rejects }) => rejects)).toHaveLength(1);
    expect(pages.flatMap(({ days }) => days)).toMatchObject([{ day: "2026-11-14", whole: false }]);
    const records = pages.flatMap((page) => page.records);
    expect(records).toHaveLength(5);
    for (const record of records) expect(canonicalRecord.safeParse(record).success).toBe(true);
  });

  it("with money in no currency, or in an unknown one, refuses the rows and not the day's others", async () => {
    for (const currencyCode of [undefined, "BITS"]) {
      const { pages } = await read([
        report({ rows: [row("Direct")], rowCount: 1, metadata: { ...head.metadata, currencyCode } }),
      ]);
      expect(pages.flatMap(({ days }) => days)).toMatchObject([{ whole: false }]);
      server?.close();
    }
  });

  it("keeps a channel of any name apart from others: empty, long, odd", async () => {
    const names = ["", " ", "x".repeat(5_000), "x".repeat(5_001), "__proto__", "\u0000", "a\u202eb", "(other)"];
    const { pages } = await read([report({ rows: names.map((name) => row(name)), rowCount: names.length })]);
    const records = pages.flatMap((page) => page.records);
    expect(new Set(records.map(({ id }) => id)).size).toBe(names.length);
    for (const record of records) expect(canonicalRecord.safeParse(record).success).toBe(true);
  });

  it("with a channel that is no text refuses the row", async () => {
    const { pages } = await read([report({ rows: [row(7), row({ toString: "x" }), row("Email")], rowCount: 3 })]);
    expect(pages.flatMap(({ rejects }) => rejects)).toHaveLength(2);
  });

  it("whose quota makes no sense is taken all the same", async () => {
    for (const propertyQuota of ["none", { tokensPerDay: "many" }, { tokensPerDay: { remaining: "0" } }, {}]) {
      const { pages } = await read([report({ rows: [row("Email")], rowCount: 1, propertyQuota })]);
      expect(pages.flatMap((page) => page.records)).toHaveLength(5);
      server?.close();
    }
  });

  it("of another time zone than the property's is not of our days", async () => {
    expect(await failing([report({ metadata: { timeZone: "America/New_York" } })])).toBe("transient");
  });
});

describe("pages", () => {
  const page = (from: number, to: number, rowCount: number) =>
    report({ rows: Array.from({ length: to - from }, (_, n) => row(`c${from + n}`)), rowCount });

  it("shorter than asked for are gone through by what they held", async () => {
    const { pages } = await read((body) => {
      const offset = Number((body as { offset: string }).offset);
      return page(offset, Math.min(offset + 3, 10), 10);
    });
    expect(new Set(pages.flatMap((one) => one.records).map(({ id }) => id)).size).toBe(10);
    expect(
      server?.asked
        .filter(({ path }) => path.endsWith(":runReport"))
        .map(({ body }) => (body as { offset: string }).offset),
    ).toEqual(["0", "3", "6", "9"]);
  });

  it("that overlap are not added up", async () => {
    // The list moved by one between the pages.
    const moved = (body: unknown) => Math.max(0, Number((body as { offset: string }).offset) - 1);
    expect(await failing((body) => page(moved(body), moved(body) + 3, 5))).toBe("contract");
  });

  it("that are empty before the count are no end", async () => {
    expect(await failing([page(0, 3, 10), report({ rowCount: 10 })])).toBe("transient");
  });

  it("whose count shrinks or grows in the middle are read again from the start", async () => {
    const { pages } = await read([page(0, 3, 5), page(3, 6, 6), page(0, 3, 6), page(3, 6, 6)]);
    expect(new Set(pages.flatMap((one) => one.records).map(({ id }) => id)).size).toBe(6);
  });

  it("with more rows than were counted are not believed", async () => {
    expect(await failing([page(0, 6, 5)])).toBe("transient");
  });

  it("of a row each do not go on for ever", async () => {
    expect(
      await failing((body) =>
        page(Number((body as { offset: string }).offset), Number((body as { offset: string }).offset) + 1, 90_000),
      ),
    ).toBe("contract");
    expect(server?.asked.length).toBeLessThan(1_100);
  });
});

describe("refusals", () => {
  const refused = (status: number, code: string, message = "ada@marlow.example"): Answer => ({
    status,
    body: { error: { code: status, status: code, message } },
  });

  it.each([
    [refused(401, "UNAUTHENTICATED"), "auth"],
    [refused(403, "PERMISSION_DENIED"), "permission"],
    [refused(404, "NOT_FOUND"), "permission"],
    [refused(400, "INVALID_ARGUMENT"), "contract"],
    [refused(429, "RESOURCE_EXHAUSTED", "tokens per hour"), "rate_limited"],
    [refused(500, "INTERNAL"), "transient"],
    [refused(503, "UNAVAILABLE"), "transient"],
    [{ status: 404, body: "<html>no such page</html>" }, "transient"],
    [{ status: 302, body: "", headers: { location: "https://elsewhere.example/" } }, "contract"],
  ] as [Answer, string][])("%j are told as who has to act", async (answer, kind) => {
    expect(await failing([answer])).toBe(kind);
  });

  it.each([
    ["without a time zone", { name: "properties/77" }],
    ["in a zone that is none", { name: "properties/77", timeZone: "Mars/Olympus" }],
    ["of another name", { name: "properties/78", timeZone: "Europe/Berlin" }],
  ])("a property %s is not read by days that may be others", async (_, body) => {
    expect(await failing([report({})], [{ body }])).toBe("contract");
  });
});

describe("audience exports", () => {
  const name = "properties/77/audienceExports/9";
  const made = {
    name,
    audience: "properties/77/audiences/5",
    state: "ACTIVE",
    beginCreatingTime: "2026-11-15T11:00:00Z",
    dimensions: [],
  };
  const user = (id: unknown) => ({ dimensionValues: [{ value: "1.2" }, { value: id }, { value: "true" }] });
  const readMembers = (
    one: object,
    members: Answers[string],
    { list = {}, created = { name: `${name}/operations/1` } }: { list?: object; created?: object } = {},
  ) =>
    readFrom(
      {
        "GET /v1beta/properties/77/audienceExports": [{ body: list }],
        "POST /v1beta/properties/77/audienceExports": [{ body: created }],
        "/audienceExports/9": [{ body: one }],
        ":query": members,
      },
      "audience_members",
    );

  it("are read to their count, and no further", async () => {
    const { pages } = await readMembers({ ...made, rowCount: 3 }, (body) => {
      const at = Number((body as { offset: string }).offset);
      return { body: { audienceRows: [user(`u${at}`)], rowCount: 3 } };
    });
    expect(pages.flatMap((page) => page.records)).toHaveLength(3);
  });

  it.each([
    ["that stop early", { body: { rowCount: 3 } }, "transient"],
    ["that hold more than they count", { body: { audienceRows: [user("a"), user("b")], rowCount: 1 } }, "contract"],
    ["that are the same on every page", { body: { audienceRows: [user("a")], rowCount: 3 } }, "contract"],
    ["that say nothing", { body: [] }, "contract"],
  ])("%s end with an error", async (_, answer, kind) => {
    expect(await failure(readMembers({ ...made, rowCount: 0 }, [answer]))).toBe(kind);
  });

  it("in a state that nobody knows are waited for, not taken for done", async () => {
    const { pages, next } = await readMembers({ ...made, state: "DREAMING" }, []);
    expect([pages.flatMap((page) => page.records), next]).toMatchObject([[], { snapshot: name }]);
  });

  it.each([{ name: "properties/78/audienceExports/9/operations/1" }, { name: "https://elsewhere.example" }, {}])(
    "ordered and answered with %j are not followed there",
    async (created) => {
      expect(await failure(readMembers(made, [], { created }))).toBe("contract");
    },
  );

  it("of others, found in the list, are not ours", async () => {
    const others = [
      { ...made, name: "properties/78/audienceExports/1" },
      { ...made, audience: "properties/77/audiences/6" },
      { ...made, beginCreatingTime: "2026-11-01T00:00:00Z" },
      { ...made, beginCreatingTime: undefined },
      made,
    ];
    await readMembers({ ...made, rowCount: 0 }, [{ body: {} }], { list: { audienceExports: others } });
    // None of them has our columns.
    expect(server?.asked.some(({ path }) => path.startsWith("POST") && path.endsWith("/audienceExports"))).toBe(true);
  });
});

it("the key is sent as a header to the one host, and nowhere else", async () => {
  await read([report({})]);
  expect(server?.asked.every(({ headers }) => headers.authorization === `Bearer ${KEY}`)).toBe(true);
  expect(JSON.stringify(server?.asked.map(({ path, body }) => [path, body]))).not.toContain("secret");
});
