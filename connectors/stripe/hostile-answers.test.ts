/** What Stripe's replies can do to us beyond what `hostile.test.ts` shows: found by an outsider who knew only its API. */
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import type { OpenConnection } from "#connectors/core/contract.ts";
import { issueGrant } from "#connectors/core/grant.ts";
import type { CanonicalRecord } from "#connectors/core/records.ts";
import { API_VERSION } from "./schema.ts";
import { stripe } from "./index.ts";

/** 2026-03-01T00:00:00Z */
const T0 = 1_772_323_200;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

interface Reply {
  status?: number;
  /** Seconds; what the `Date` header says. */
  date?: number;
  /** Text goes out as HTML. */
  body: unknown;
}
type Asked = { method: string; path: string; query: URLSearchParams };

/** Our clock shows `clock.now` seconds, and so does Stripe's unless the reply says otherwise. */
async function open(answer: (asked: Asked) => Reply, clock = { now: T0 + 1_000 }): Promise<OpenConnection> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    const said = answer({ method: request.method ?? "", path: url.pathname, query: url.searchParams });
    const html = typeof said.body === "string";
    response.writeHead(said.status ?? 200, {
      "content-type": html ? "text/html" : "application/json",
      date: new Date((said.date ?? clock.now) * 1_000).toUTCString(),
    });
    response.end(html ? said.body : JSON.stringify(said.body));
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const now = () => clock.now * 1_000;
  const call = createVendorCall({ connector: stripe, limiter: unlimited, now });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return stripe.open({ settings: {}, credentials: { apiKey: "rk_test_hostile" }, baseUrl, call, now });
}

async function read(connection: OpenConnection, stream: string, from: unknown = null) {
  const records: CanonicalRecord[] = [];
  const reasons: string[] = [];
  let next = from;
  for await (const page of connection.read(stream, from)) {
    records.push(...page.records);
    reasons.push(...page.rejects.map(({ reason }) => reason));
    next = JSON.parse(JSON.stringify(page.next));
  }
  return { records, reasons, next };
}

const list = (...data: unknown[]) => ({ body: { object: "list", data, has_more: false } });
const customer = (id: string, more = {}) => ({ id, object: "customer", email: null, livemode: false, ...more });
const charge = (more = {}) => ({
  id: "ch_1",
  object: "charge",
  created: T0,
  amount: 10_000,
  amount_captured: 10_000,
  amount_refunded: 0,
  captured: true,
  refunded: false,
  currency: "gbp",
  customer: "cus_1",
  status: "succeeded",
  livemode: false,
  ...more,
});
const grant = issueGrant({ profileId: "p", uses: [], entryIds: [], rulesVersion: "t", decidedAt: "2026-01-01" });
const write = { id: "cus_1", values: { tributary_stage: "x" }, idempotencyKey: "k", grant };

describe("a clock that runs wrong", () => {
  it.each([
    ["Stripe's, ahead", 1_800],
    ["Stripe's, behind", -1_800],
    ["a cache's, of last year", -30_000_000],
  ])("(%s) hides no event", async (_, skew) => {
    const clock = { now: T0 };
    let events: { id: string; type: string; created: number; api_version: string; data: object }[] = [];
    const connection = await open(({ path, query }) => {
      const since = Number(query.get("created[gte]") ?? "0");
      const said = path === "/v1/events" ? list(...events.filter(({ created }) => created >= since)) : list();
      return { ...said, date: clock.now + skew };
    }, clock);
    const { next } = await read(connection, "customers");
    clock.now += 900;
    const created = clock.now - 600;
    const data = { object: customer("cus_1") };
    events = [{ id: "evt_1", type: "customer.created", created, api_version: API_VERSION, data }];
    expect((await read(connection, "customers", next)).records).toMatchObject([{ id: "cus_1" }]);
  });
});

describe("a customer Stripe does not show", () => {
  const inOtherMode = {
    status: 404,
    body: {
      error: {
        type: "invalid_request_error",
        code: "resource_missing",
        message: "No such customer; a similar object exists in live mode, but a test mode key was used.",
      },
    },
  };
  const unknownPath = { status: 404, body: { error: { type: "invalid_request_error", message: "Unrecognized URL" } } };

  it.each([
    ["lives in the other mode", inOtherMode, "auth"],
    ["is behind a proxy's page", { status: 404, body: "<html>" }, "transient"],
    ["was asked for at a wrong address", unknownPath, "contract"],
  ])("and that %s is not gone", async (_, reply, kind) => {
    const connection = await open(() => reply);
    await expect(connection.readLive([{ id: "cus_1" }], ["tributary_stage"])).rejects.toMatchObject({ kind });
  });

  it("because it lives in the other mode is not written to, and no write is called done", async () => {
    const connection = await open(() => inOtherMode);
    await expect(connection.write([write])).rejects.toMatchObject({ kind: "auth" });
  });

  it("because a proxy answered is tried again", async () => {
    const connection = await open(() => ({ status: 404, body: "<html>" }));
    expect(await connection.write([write])).toMatchObject([{ outcome: "retry" }]);
  });
});

describe("a write Stripe answers", () => {
  it.each([
    ["with another customer", customer("cus_2", { metadata: { tributary_stage: "x" } }), "retry"],
    ["with the values as they were", customer("cus_1", { metadata: {} }), "retry"],
    ["with a deleted one", { id: "cus_1", object: "customer", deleted: true }, "gone"],
    ["with the values as sent", customer("cus_1", { metadata: { tributary_stage: "x" } }), "written"],
  ])("%s is told as it is", async (_, body, outcome) => {
    expect(await (await open(() => ({ body }))).write([write])).toMatchObject([{ id: "cus_1", outcome }]);
  });
});

describe("money that", () => {
  it.each([
    [
      "was only authorised and let go did not come back",
      { captured: false, amount_captured: 0, amount_refunded: 10_000, refunded: true },
      { status: "cancelled", refundedMinor: 0 },
    ],
    ["was paid in a way not told is of no known channel", { payment_method_details: null }, { channel: "unknown" }],
    ["was paid by card came online", { payment_method_details: { type: "card" } }, { channel: "online" }],
    [
      "was paid at the till came in a store",
      { payment_method_details: { type: "card_present" } },
      { channel: "store" },
    ],
  ])("%s", async (_, more, order) => {
    const { records } = await read(await open(() => list(charge(more))), "charges");
    expect(records.find(({ kind }) => kind === "order")).toMatchObject(order);
  });

  it("went back of a live charge stays out of a test connection, however the charge is found", async () => {
    const refund = { id: "re_1", object: "refund", created: T0, amount: 100, currency: "gbp", status: "succeeded" };
    for (const found of [charge({ livemode: true }), "ch_1"]) {
      const connection = await open(({ path }) =>
        path === "/v1/refunds" ? list({ ...refund, charge: found }) : { body: charge({ livemode: true }) },
      );
      const { records, reasons } = await read(connection, "refunds");
      expect(records).toEqual([]);
      expect(reasons).toMatchObject([expect.stringContaining("live")]);
    }
  });
});

describe("a subscription's amount", () => {
  const price = (interval: string, interval_count: number, more = {}) => ({
    quantity: 1,
    price: { unit_amount: 1_000, currency: "gbp", recurring: { interval, interval_count }, ...more },
  });

  it.each([
    ["for twelve months is a year's", [price("month", 12)], 1_000, "year"],
    ["for 24 months is half of it a year", [price("month", 24)], 500, "year"],
    ["for seven days is a week's", [price("day", 7)], 1_000, "week"],
    ["for a month and for twelve is told per year", [price("month", 1), price("month", 12)], 13_000, "year"],
    ["in another currency than it is charged in is unknown", [price("month", 1, { currency: "usd" })], null, "month"],
    ["in the same one in capitals is known", [price("month", 1, { currency: "GBP" })], 1_000, "month"],
    [
      "is unknown where one item is foreign",
      [price("month", 1), price("month", 1, { currency: "eur" })],
      null,
      "month",
    ],
  ])("%s", async (_, data, amountMinor, interval) => {
    const subscription = { id: "sub_1", created: T0, status: "active", customer: "cus_1", currency: "gbp" };
    const connection = await open(() => list({ ...subscription, livemode: false, items: { data } }));
    expect((await read(connection, "subscriptions")).records).toMatchObject([{ amountMinor, interval }]);
  });
});
