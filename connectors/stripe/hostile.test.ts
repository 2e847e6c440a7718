/** The connector against servers with bad manners that peers report, each a server of its own, with the real SDK. */
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { openForContract, peopleOf, readToEnd } from "#connectors/core/contract-suite/index.ts";
import type { OpenConnection, RecordPage } from "#connectors/core/contract.ts";
import { issueGrant } from "#connectors/core/grant.ts";
import { API_VERSION } from "./schema.ts";
import { stripe } from "./index.ts";

type Query = Record<string, string>;
type Answer = (query: Query, reply: ServerResponse) => unknown;

/** 2026-03-01T00:00:00Z */
const T0 = 1_772_323_200;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    server.closeAllConnections();
  }
});

/** What is returned goes out as JSON; null: the route has answered by itself. A path ending in `/` takes any id. */
async function serve(routes: Record<string, Answer>, asked: string[] = []): Promise<string> {
  const server = createServer((request, reply) => {
    const url = new URL(request.url ?? "", "http://127.0.0.1");
    asked.push(`${url.pathname}?${decodeURIComponent(url.searchParams.toString())}`);
    const name = Object.keys(routes).find(
      (path) => url.pathname === path || (path.endsWith("/") && url.pathname.startsWith(path)),
    );
    const query = { ...Object.fromEntries(url.searchParams), id: url.pathname.split("/").at(-1) ?? "" };
    reply.setHeader("date", new Date((T0 + 1_000) * 1_000).toUTCString());
    const said = name === undefined ? missing(reply) : routes[name]?.(query, reply);
    if (said === undefined || reply.writableEnded) return;
    reply.setHeader("content-type", "application/json").end(JSON.stringify(said));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function missing(reply: ServerResponse, param?: string): object {
  reply.statusCode = 404;
  return {
    error: {
      type: "invalid_request_error",
      code: "resource_missing",
      param,
      message: "No such thing: 'jo@acme.example'",
    },
  };
}

async function open(
  routes: Record<string, Answer>,
  apiKey = "rk_test_hostile",
  asked?: string[],
): Promise<OpenConnection> {
  const baseUrl = await serve(routes, asked);
  const now = () => (T0 + 1_000) * 1_000;
  const nobody = { change: async () => "", add: async () => "", close: async () => undefined };
  return openForContract(stripe, { settings: {}, credentials: { apiKey }, baseUrl, now, ...nobody });
}

const list = (data: unknown[], has_more = false) => ({ object: "list", data, has_more });
const customer = (n: number, more = {}) => ({
  id: `cus_${n}`,
  object: "customer",
  created: T0 + n,
  email: `p${n}@acme.example`,
  livemode: false,
  ...more,
});
const charge = (n: number, more = {}) => ({
  id: `ch_${n}`,
  object: "charge",
  created: T0 + n,
  amount: 10_000,
  amount_captured: 10_000,
  amount_refunded: 0,
  captured: true,
  refunded: false,
  disputed: false,
  currency: "gbp",
  customer: "cus_1",
  status: "succeeded",
  livemode: false,
  ...more,
});
let serial = 0;
const event = (type: string, object: unknown, created: number, more = {}) => ({
  id: `evt_${(serial += 1)}`,
  object: "event",
  type,
  created,
  api_version: API_VERSION,
  livemode: false,
  data: { object },
  ...more,
});

const records = (pages: RecordPage[]) => pages.flatMap((page) => page.records);
const rejects = (pages: RecordPage[]) => pages.flatMap((page) => page.rejects);
const read = async (connection: OpenConnection, stream: string, from: unknown = null) =>
  (await readToEnd(connection, stream, from)).pages;
const sinceNow = { mode: "events", since: T0 };

/** 250 customers, newest first. */
const everybody = Array.from({ length: 250 }, (_, n) => customer(250 - n));
function pageAfter(rows: { id: string }[], { starting_after: after }: Query) {
  const from = after === undefined ? 0 : rows.findIndex(({ id }) => id === after) + 1;
  return list(rows.slice(from, from + 100), from + 100 < rows.length);
}

describe("a list", () => {
  it("with an empty page that says more follows is neither at its end nor a full scan", async () => {
    let empty = 0;
    const connection = await open({
      "/v1/customers": (query) =>
        query.starting_after === "cus_151" && (empty += 1) < 3 ? list([], true) : pageAfter(everybody, query),
    });
    const pages: RecordPage[] = [];
    const reading = async (from: unknown) => {
      for await (const page of connection.read("customers", from)) pages.push(page);
    };
    await expect(reading(null)).rejects.toMatchObject({ kind: "transient" });
    expect(pages).toMatchObject([{ atEnd: false, fullScan: false }]);
    await expect(reading(pages.at(-1)?.next)).rejects.toMatchObject({ kind: "transient" });
    await reading(pages.at(-1)?.next);
    expect(peopleOf(pages).size).toBe(250);
    expect(pages.at(-1)).toMatchObject({ atEnd: true, fullScan: true });
  });

  it.each([
    ["comes back to the same last id", () => list([customer(1)], true)],
    ["has no id to go on from", () => list([{ object: "customer" }], true)],
    ["does not say whether more follows", () => ({ object: "list", data: [customer(1)] })],
    ["is no list", () => ({ object: "list", data: { cus_1: customer(1) }, has_more: false })],
  ])("that %s is an error, not a walk without end", async (_, answer) => {
    await expect(read(await open({ "/v1/customers": answer }), "customers")).rejects.toMatchObject({
      kind: "contract",
    });
  });

  it("loses one row to a bad row and none of the others, and knows a stub for a deletion", async () => {
    const rows = [
      customer(9),
      { id: "cus_8", object: "customer", deleted: true },
      customer(7, { created: undefined }),
      customer(6, { email: { no: 1 } }),
      { id: "cus_5" },
      customer(4, { created: "soon" }),
      customer(3),
    ];
    const pages = await read(await open({ "/v1/customers": () => list(rows) }), "customers");
    expect(records(pages).map(({ id, deleted }) => [id, deleted])).toEqual([
      ["cus_9", false],
      ["cus_8", true],
      ["cus_7", false],
      ["cus_3", false],
    ]);
    expect(rejects(pages).map(({ id }) => id)).toEqual(["cus_6", "cus_5", "cus_4"]);
    expect(pages.at(-1)?.fullScan).toBe(true);
    expect(JSON.stringify(rejects(pages).map(({ reason }) => reason))).not.toContain("acme.example");
  });

  it.each([
    ["without an id", { object: "customer", email: "x" }],
    ["that is null", null],
    ["that is a word", "cus_1"],
  ])("with a row %s proves nothing by what it leaves out", async (_, odd) => {
    const pages = await read(await open({ "/v1/customers": () => list([customer(2), odd, customer(1)]) }), "customers");
    expect(records(pages)).toHaveLength(2);
    expect(pages).toMatchObject([{ fullScan: false, gap: true, rejects: [{}] }]);
  });

  it("goes on by time when the stub it would go on from is nowhere any more", async () => {
    const rows = everybody.map((row, n) => (n === 99 ? { id: "cus_151", object: "customer", deleted: true } : row));
    const connection = await open({
      "/v1/customers": (query, reply) => {
        if (query.starting_after === "cus_151") return missing(reply, "starting_after");
        const until = Number(query["created[lte]"] ?? Infinity);
        return pageAfter(
          rows.filter((row) => ("created" in row ? row.created : 0) <= until),
          query,
        );
      },
    });
    expect(peopleOf(await read(connection, "customers")).size).toBe(250);
  });
});

describe("events", () => {
  const eventsOnly = (events: unknown[], more: Record<string, Answer> = {}) => ({
    "/v1/events": () => list(events),
    ...more,
  });

  it("that cannot be read cost themselves alone", async () => {
    const events = [
      event("customer.updated", customer(1, { name: "Jo" }), T0 + 9),
      event("customer.updated", { object: "customer" }, T0 + 8),
      event("customer.deleted", null, T0 + 7),
      { ...event("customer.updated", customer(2), T0 + 6), data: undefined },
      event("customer.updated", customer(3), T0 + 5, { created: null }),
      null,
      event("customer.deleted", { id: "cus_4", object: "customer", deleted: true }, T0 + 4),
      event("customer.deleted", { id: "cus_5" }, T0 + 3),
      { ...event("customer.created", customer(6), T0 + 2), id: undefined },
    ];
    const pages = await read(await open(eventsOnly(events)), "customers", sinceNow);
    expect(records(pages).map(({ id, deleted }) => [id, deleted])).toEqual([
      ["cus_6", false],
      ["cus_5", true],
      ["cus_4", true],
      ["cus_1", false],
    ]);
    expect(rejects(pages)).toHaveLength(5);
  });

  it("of a type that was not asked for are not taken for the stream's own", async () => {
    const events = [
      event("customer.tax_id.updated", { id: "txi_1", object: "tax_id", created: T0 }, T0 + 3),
      event("customer.something_new", customer(2), T0 + 2),
      event("customer.updated", customer(1), T0 + 1),
    ];
    const pages = await read(await open(eventsOnly(events)), "customers", sinceNow);
    expect([records(pages).map(({ id }) => id), rejects(pages)]).toEqual([["cus_1"], []]);
  });

  it.each(["2019-12-03", "2031-01-01.future", null])(
    "in version %s are fetched by id, one that is gone by a word",
    async (api_version) => {
      const events = [1, 2, 3].map((n) =>
        event("customer.updated", { id: `cus_${n}`, sources: [] }, T0 + n, { api_version }),
      );
      const connection = await open(
        eventsOnly(events.toReversed(), {
          "/v1/customers/": ({ id }, reply) =>
            id === "cus_1"
              ? customer(1)
              : id === "cus_2"
                ? { id, object: "customer", deleted: true }
                : missing(reply, "id"),
        }),
      );
      const pages = await read(connection, "customers", sinceNow);
      expect(records(pages)).toMatchObject([
        { id: "cus_1", deleted: false },
        { id: "cus_2", deleted: true },
      ]);
      expect(rejects(pages)).toMatchObject([{ id: "cus_3" }]);
    },
  );

  it("whose object cannot be asked for cost that object alone", async () => {
    const events = [1, 2].map((n) => event("customer.updated", customer(n), T0 + n, { api_version: "2019-12-03" }));
    const broken: Answer = ({ id }, reply) => {
      if (id === "cus_2") return customer(2);
      reply.statusCode = 400;
      return { error: { code: "parameter_invalid" } };
    };
    const pages = await read(await open(eventsOnly(events, { "/v1/customers/": broken })), "customers", sinceNow);
    expect([records(pages), rejects(pages)]).toMatchObject([[{ id: "cus_2" }], [{ id: "cus_1" }]]);
  });

  it("out of order and twice give the newest state", async () => {
    const [old, mid, now] = ["Old", "Mid", "New"].map((name, n) =>
      event("customer.updated", customer(1, { name }), T0 + n),
    );
    const pages = await read(await open(eventsOnly([mid, now, old, mid])), "customers", sinceNow);
    expect(records(pages)).toMatchObject([{ firstName: "New", updatedAt: new Date((T0 + 2) * 1000).toISOString() }]);
  });

  it("on an empty page that says more follows are no end", async () => {
    await expect(read(await open({ "/v1/events": () => list([], true) }), "customers", sinceNow)).rejects.toMatchObject(
      { kind: "transient" },
    );
  });

  it("that turn up during a long walk behind its back are in the next window", async () => {
    const asked: string[] = [];
    const events = Array.from({ length: 150 }, (_, n) => event("customer.updated", customer(150 - n), T0 + 600 - n));
    const before = event("customer.updated", customer(0), T0 - 9_000);
    const connection = await open(
      {
        "/v1/events": (query, reply) => {
          // The walk's second half is answered an hour later.
          const late = query.ending_before !== undefined && query.ending_before !== before.id;
          reply.setHeader("date", new Date((T0 + 1_000 + (late ? 3_600 : 0)) * 1_000).toUTCString());
          if (query["created[lt]"] !== undefined) return list([before]);
          if (query.ending_before === undefined) return list(events.slice(0, 100), true);
          const end =
            query.ending_before === before.id
              ? events.length
              : events.findIndex(({ id }) => id === query.ending_before);
          return list(events.slice(Math.max(0, end - 100), end), end > 100);
        },
      },
      undefined,
      asked,
    );
    const { pages, next } = await readToEnd(connection, "customers", sinceNow);
    expect(peopleOf(pages).size).toBe(150);
    expect(next).toEqual({ mode: "events", since: T0 + 1_000 });
  });

  it("older than what Stripe keeps are missed by its clock, whatever ours says", async () => {
    const days = (count: number) => T0 + 1_000 - count * 86_400;
    const connection = await open(eventsOnly([]));
    await expect(read(connection, "customers", { mode: "events", since: days(31) })).rejects.toMatchObject({
      kind: "cursor_expired",
    });
    expect(await read(connection, "customers", { mode: "events", since: days(29) })).toHaveLength(1);
  });
});

describe("money", () => {
  const chargesOf = async (rows: object[], more: Record<string, Answer> = {}) =>
    (await read(await open({ "/v1/charges": () => list(rows), ...more }), "charges")).flatMap((page) => page.records);
  const disputes = (status: string, amount = 10_000): Record<string, Answer> => ({
    "/v1/disputes": ({ charge: of }) => list([{ id: "dp_1", charge: of, amount, currency: "gbp", status }]),
  });

  it.each([
    ["lost", 10_000, 10_000, "refunded"],
    ["lost", 4_000, 4_000, "paid"],
    ["won", 10_000, 0, "paid"],
    ["under_review", 10_000, 0, "paid"],
    ["warning_closed", 10_000, 0, "paid"],
  ])("of a dispute that is %s (%i) is reduced by %i", async (status, amount, reduced, becomes) => {
    const [order] = await chargesOf([charge(1, { disputed: true })], disputes(status, amount));
    expect(order).toMatchObject({ amountMinor: 10_000, refundedMinor: reduced, status: becomes });
  });

  it("of a dispute that is told with the charge, or cannot be told, is that row's alone", async () => {
    const lost = { amount: 10_000, currency: "gbp", status: "lost" };
    const rows = [charge(1, { dispute: lost }), charge(2, { disputed: true }), charge(3)];
    const pages = await read(await open({ "/v1/charges": () => list(rows) }), "charges");
    expect(records(pages)).toMatchObject([
      { id: "ch_1", refundedMinor: 10_000, status: "refunded" },
      { id: "ch_3", refundedMinor: 0 },
    ]);
    expect(rejects(pages)).toMatchObject([{ id: "ch_2" }]);
  });

  it("comes back with the event of a dispute that is won, and goes with one that is lost", async () => {
    let status = "lost";
    const routes: Record<string, Answer> = {
      "/v1/events": () =>
        list([event("charge.dispute.closed", { id: "dp_1", object: "dispute", charge: "ch_1", status }, T0 + 50)]),
      "/v1/charges/": () => charge(1, { disputed: true }),
      "/v1/disputes": () => list([{ id: "dp_1", amount: 10_000, currency: "gbp", status }]),
    };
    const connection = await open(routes);
    const now = async () => records(await read(connection, "charges", sinceNow));
    expect(await now()).toMatchObject([{ id: "ch_1", refundedMinor: 10_000, status: "refunded" }]);
    status = "won";
    expect(await now()).toMatchObject([{ id: "ch_1", refundedMinor: 0, status: "paid" }]);
  });

  it("of a partial capture is what was captured, less what was given back of it", async () => {
    const refund = (amount: number, status = "succeeded") => ({
      id: "re_1",
      created: T0,
      amount,
      currency: "gbp",
      status,
      charge: "ch_3",
    });
    const partly = { amount_captured: 6_000 };
    const orders = await chargesOf(
      [
        charge(1, partly),
        // What was released stands as refunded, without a refund.
        charge(2, { ...partly, amount_refunded: 4_000 }),
        charge(3, { ...partly, amount_refunded: 4_000 }),
        charge(4, { captured: false, amount_captured: 0 }),
        charge(5, { captured: false, amount_captured: 0, amount_refunded: 10_000, refunded: true }),
        charge(6, { status: "pending", amount_captured: 0 }),
      ],
      { "/v1/refunds": ({ charge: of }) => list(of === "ch_3" ? [refund(4_000), refund(900, "failed")] : []) },
    );
    expect(orders).toMatchObject([
      { id: "ch_1", amountMinor: 6_000, refundedMinor: 0, status: "paid" },
      { id: "ch_2", amountMinor: 6_000, refundedMinor: 0, status: "paid" },
      { id: "ch_3", amountMinor: 6_000, refundedMinor: 4_000, status: "paid" },
      { id: "ch_4", amountMinor: 10_000, status: "pending" },
      { id: "ch_5", amountMinor: 10_000, status: "cancelled" },
      { id: "ch_6", amountMinor: 10_000, status: "pending" },
    ]);
  });

  it("in what is no currency, of an unknown status or of fractions costs one row", async () => {
    const rows = [
      charge(1),
      charge(2, { currency: "usdc" }),
      charge(3, { status: "blocked" }),
      charge(4, { amount: 1.5 }),
      charge(5, { amount: null }),
    ];
    const pages = await read(await open({ "/v1/charges": () => list(rows) }), "charges");
    expect(records(pages).map(({ id }) => id)).toEqual(["ch_1"]);
    expect(new Set(rejects(pages).map(({ id }) => id))).toEqual(new Set(["ch_2", "ch_3", "ch_4", "ch_5"]));
  });

  it("of a sale whose customer was deleted stays with that customer", async () => {
    const [order] = await chargesOf([charge(1, { customer: { id: "cus_9", object: "customer", deleted: true } })]);
    expect(order).toMatchObject({ person: { stream: "customers", id: "cus_9" } });
  });
});

describe("a subscription", () => {
  const item = (n: number, interval: string, unit_amount: number | null, more = {}) => ({
    id: `si_${n}`,
    quantity: 1,
    price: { unit_amount, recurring: { interval, interval_count: 1, usage_type: "licensed" } },
    ...more,
  });
  const subscription = (items: object) => ({
    id: "sub_1",
    object: "subscription",
    created: T0,
    status: "active",
    customer: "cus_1",
    currency: "gbp",
    livemode: false,
    items,
  });
  const amountOf = async (items: object, more: Record<string, Answer> = {}) =>
    records(
      await read(await open({ "/v1/subscriptions": () => list([subscription(items)]), ...more }), "subscriptions"),
    );

  it("of more than ten items counts them all", async () => {
    const all = Array.from({ length: 130 }, (_, n) => item(n, "month", 100));
    const [record] = await amountOf(
      { data: all.slice(0, 10), has_more: true },
      { "/v1/subscription_items": (query) => pageAfter(all, query) },
    );
    expect(record).toMatchObject({ amountMinor: 13_000, interval: "month" });
  });

  it.each([
    ["a month and a year are told per year", [item(1, "month", 1_000), item(2, "year", 12_000)], 24_000, "year"],
    [
      "three months and a month are told per month",
      [
        item(1, "month", 1_000),
        item(2, "month", 1_000, { price: { unit_amount: 1_000, recurring: { interval: "month", interval_count: 3 } } }),
      ],
      1_333,
      "month",
    ],
    [
      "a third thrice is a whole",
      [1, 2, 3].map((n) =>
        item(n, "month", 1, { price: { unit_amount: 1, recurring: { interval: "month", interval_count: 3 } } }),
      ),
      1,
      "month",
    ],
    ["a week and a day are told per week", [item(1, "week", 700), item(2, "day", 100)], 1_400, "week"],
    [
      "a week and a month are told by a year of 365 days",
      [item(1, "week", 7_000), item(2, "month", 1_000)],
      31_417,
      "month",
    ],
    [
      "seats are multiplied, none is none",
      [item(1, "month", 900, { quantity: 3 }), item(2, "month", 500, { quantity: 0 })],
      2_700,
      "month",
    ],
    [
      "packages are rounded up",
      [
        item(1, "month", 0, {
          quantity: 11,
          price: {
            unit_amount: 500,
            transform_quantity: { divide_by: 10, round: "up" },
            recurring: { interval: "month" },
          },
        }),
      ],
      1_000,
      "month",
    ],
    [
      "fractions of a penny are kept until the end",
      [
        item(1, "month", null, {
          quantity: 1_000,
          price: { unit_amount: null, unit_amount_decimal: "0.5", recurring: { interval: "month" } },
        }),
      ],
      500,
      "month",
    ],
    [
      "a metered price is unknown",
      [
        item(1, "month", 500),
        item(2, "month", 100, { price: { unit_amount: 100, recurring: { interval: "month", usage_type: "metered" } } }),
      ],
      null,
      "month",
    ],
    [
      "a tiered price is unknown",
      [
        item(1, "year", null, {
          price: { unit_amount: null, billing_scheme: "tiered", recurring: { interval: "year" } },
        }),
      ],
      null,
      "year",
    ],
    ["no item is unknown", [], null, "month"],
  ])("%s", async (_, data, amountMinor, interval) => {
    expect(await amountOf({ data, has_more: false })).toMatchObject([{ amountMinor, interval, currency: "GBP" }]);
  });
});

describe("test and live", () => {
  it("are told apart by the key: a test refund does not enter a live account", async () => {
    const refund = (n: number, livemode: boolean) => ({
      id: `re_${n}`,
      object: "refund",
      created: T0,
      amount: 5,
      currency: "gbp",
      status: "succeeded",
      charge: charge(n, { livemode }),
    });
    const routes: Record<string, Answer> = {
      "/v1/refunds": () => list([refund(1, true), refund(2, false)]),
      "/v1/customers": () => list([customer(1), customer(2, { livemode: true })]),
      "/v1/events": () =>
        list([event("customer.updated", { id: "cus_3", email: "x@acme.example" }, T0 + 1, { livemode: false })]),
    };
    for (const [key, good, bad] of [
      ["sk_live_x", "re_1", "re_2"],
      ["rk_test_x", "re_2", "re_1"],
    ] as const) {
      const pages = await read(await open(routes, key), "refunds");
      expect([records(pages).map(({ id }) => id), rejects(pages).map(({ id }) => id)]).toEqual([[good], [bad]]);
    }
    const live = await open(routes, "rk_live_x");
    expect(records(await read(live, "customers")).map(({ id }) => id)).toEqual(["cus_2"]);
    expect(rejects(await read(live, "customers", sinceNow))).toMatchObject([
      { id: "cus_3", reason: expect.stringContaining("a test record") },
    ]);
  });
});

describe("a refund", () => {
  it("whose charge came as a bare id still finds its person, and one of no known charge is refused", async () => {
    const refund = (n: number, of: string | null, status = "succeeded") => ({
      id: `re_${n}`,
      object: "refund",
      created: T0,
      amount: 5,
      currency: "gbp",
      status,
      charge: of,
    });
    const pages = await read(
      await open({
        "/v1/refunds": () =>
          list([
            refund(1, "ch_1"),
            refund(2, "ch_2"),
            refund(3, null),
            refund(4, "ch_1", "canceled"),
            refund(5, "ch_1", "lost_in_space"),
          ]),
        "/v1/charges/": ({ id }, reply) => (id === "ch_1" ? charge(1) : missing(reply, "id")),
      }),
      "refunds",
    );
    expect(records(pages)).toMatchObject([
      { id: "re_1", deleted: false, person: { id: "cus_1" } },
      { id: "re_3", person: null },
      { id: "re_4", deleted: true },
    ]);
    expect(rejects(pages).map(({ id }) => id)).toEqual(["re_2", "re_5"]);
  });
});

describe("a refusal", () => {
  const answering =
    (status: number, body: string, headers: Record<string, string> = {}): Answer =>
    (_, reply) => {
      reply.writeHead(status, headers).end(body);
    };
  const page = "<html><h1>Sorry, jo@acme.example</h1></html>";
  const error = (fields: object) => JSON.stringify({ error: { message: "jo@acme.example", ...fields } });

  it.each([
    ["429 in HTML", answering(429, page, { "retry-after": "3" }), "rate_limited", 3_000],
    ["429 in JSON of another form", answering(429, '{"message":"slow down"}'), "rate_limited", undefined],
    ["429 over a lock", answering(429, error({ code: "lock_timeout" })), "transient", undefined],
    ["400 rate_limit", answering(400, error({ code: "rate_limit" })), "rate_limited", undefined],
    [
      "400 that Stripe says passes",
      answering(400, error({}), { "stripe-should-retry": "true" }),
      "transient",
      undefined,
    ],
    ["401 in HTML", answering(401, page), "auth", undefined],
    ["403 in HTML", answering(403, page), "permission", undefined],
    ["403 of a closed account", answering(403, error({ code: "account_invalid" })), "auth", undefined],
    ["409", answering(409, error({ code: "idempotency_key_in_use" })), "transient", undefined],
    ["500 in JSON without an error", answering(500, "{}"), "transient", undefined],
    [
      "500 that should not be retried",
      answering(500, error({}), { "stripe-should-retry": "false" }),
      "transient",
      undefined,
    ],
    ["503 in HTML", answering(503, page), "transient", undefined],
    ["200 in HTML", answering(200, page), "transient", undefined],
    ["200 cut off", answering(200, '{"object":"list","da'), "transient", undefined],
    ["400", answering(400, error({ code: "parameter_unknown" })), "contract", undefined],
  ])("%s", async (_, answer, kind, retryAfterMs) => {
    const failure = await read(await open({ "/v1/customers": answer }), "customers").catch((reason: unknown) => reason);
    expect(failure).toMatchObject({ kind });
    expect((failure as { details: { retryAfterMs?: number } }).details.retryAfterMs).toBe(retryAfterMs);
    expect(JSON.stringify([String(failure), failure])).not.toMatch(/jo@|hostile/);
  });

  it.each([301, 302, 307, 308])(
    "a redirect (%i) is not followed, neither with a read nor with our values",
    async (status) => {
      const elsewhere: string[] = [];
      const other = await serve({ "/": () => list([customer(1)]) }, elsewhere);
      const away: Answer = (_, reply) => void reply.writeHead(status, { location: `${other}/v1/customers` }).end();
      const connection = await open({ "/v1/customers": away, "/v1/customers/": away });
      await expect(read(connection, "customers")).rejects.toMatchObject({ kind: "contract" });
      const grant = issueGrant({
        profileId: "00000000-0000-8000-8000-000000000000",
        uses: [{ purpose: "personalisation", channel: "any" }],
        entryIds: [],
        rulesVersion: "t",
        decidedAt: "2026-01-01T00:00:00.000Z",
      });
      const write = { id: "cus_1", values: { tributary_stage: "loyal" }, idempotencyKey: "k", grant };
      await connection.write([write]).catch(() => undefined);
      expect(elsewhere).toEqual([]);
    },
  );
});

describe("2,000 rows of any form", () => {
  const good: Record<string, object> = {
    customers: {
      ...customer(1),
      shipping: { phone: "1", address: { city: "Leeds", country: "GB" } },
      name: "Jo Marsh",
    },
    charges: charge(1, {
      billing_details: { email: "a@acme.example" },
      payment_method_details: { type: "card", card: {} },
    }),
    refunds: { id: "re_1", created: T0, amount: 5, currency: "gbp", status: "succeeded", charge: charge(1) },
    subscriptions: {
      ...{ id: "sub_1", created: T0, status: "active", customer: "cus_1", currency: "gbp", start_date: T0 },
      items: { has_more: false, data: [{ quantity: 1, price: { unit_amount: 1, recurring: { interval: "month" } } }] },
    },
  };
  const odd = fc.oneof(
    fc.anything({ maxDepth: 2 }),
    fc.constantFrom(
      null,
      "",
      "x",
      -1,
      0,
      1e300,
      2 ** 53,
      Number.MAX_SAFE_INTEGER,
      0.1,
      [],
      {},
      true,
      "\u0000",
      "\ud800",
    ),
  );

  it.each(Object.keys(good))("of %s are each taken or put aside, as rows and out of events", async (stream) => {
    const fields = Object.keys(good[stream] ?? {});
    const row = fc.oneof(
      odd,
      fc.tuple(fc.constantFrom(...fields), odd).map(([field, value]) => ({ ...good[stream], [field]: value })),
    );
    const rows = fc.sample(row, { numRuns: 2_000, seed: 6 }).map((one, n) => {
      const isGood =
        typeof one === "object" && one !== null && "id" in one && typeof one.id === "string" && one.id !== "";
      return isGood ? { ...one, id: `x_${n}` } : one;
    });
    const type = { customers: "customer.updated", charges: "charge.updated", refunds: "refund.updated" }[stream];
    const events = rows.map((object) => event(type ?? "customer.subscription.updated", object, T0 + 1));
    const connection = await open({ [`/v1/${stream}`]: () => list(rows), "/v1/events": () => list(events) });
    const pages = await read(connection, stream);
    const taken = new Set(records(pages).map(({ id }) => id));
    expect(taken.size + rejects(pages).length).toBe(rows.length);
    const nameless = rejects(pages).filter(({ id }) => id === undefined);
    expect(new Set(nameless.map(({ ref }) => ref)).size).toBe(nameless.length);
    const changed = await read(connection, stream, sinceNow);
    expect(records(changed).length + rejects(changed).length).toBeGreaterThanOrEqual(rows.length);
  });
});
