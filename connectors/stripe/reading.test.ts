import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openForContract, peopleOf, readToEnd } from "#connectors/core/contract-suite/index.ts";
import type { OpenConnection, RecordPage } from "#connectors/core/contract.ts";
import { stripe } from "./index.ts";
import { chargeSeed, customerSeed, customers, instant, seedOf } from "./fixtures.ts";
import { startStripeTwin } from "./twin/index.ts";
import type { StripeTwin } from "./twin/index.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let twin: StripeTwin;
let connection: OpenConnection;

beforeEach(async () => {
  twin = await startStripeTwin({ requestsPerSecond: 100_000 });
  connection = open();
});
afterEach(() => twin.close());

function open(settings: object = {}, at = twin): OpenConnection {
  const credentials = { apiKey: at.apiKey };
  const account = { settings, credentials, baseUrl: at.url, now: () => at.now() };
  return openForContract(stripe, {
    ...account,
  });
}

function requests(operation: string): number {
  return twin.requests.get(operation) ?? 0;
}

function recordsOf(pages: RecordPage[]) {
  return pages.flatMap((page) => page.records);
}

/** Enough changes for several pages of events, each a second or so apart. */
function changeMany(count: number): void {
  for (let index = 0; index < count; index += 1) {
    twin.changeCustomer(customerSeed(index).id, { city: `Town ${index}` });
    if (index % 40 === 0) twin.advance(1000);
  }
}

describe("the full list", () => {
  it("says at its end that everything was seen", async () => {
    twin.load(seedOf({ customers: customers(250) }));
    const { pages } = await readToEnd(connection, "customers");
    expect(pages.map((page) => page.fullScan)).toEqual([false, false, true]);
    expect(requests("GET /v1/customers")).toBe(3);
  });

  it("goes on when the last customer of a page is deleted before the next page", async () => {
    twin.load(seedOf({ customers: customers(250) }));
    const seen: RecordPage[] = [];
    for await (const page of connection.read("customers", null)) {
      seen.push(page);
      const last = page.records.at(-1);
      if (seen.length === 1 && last !== undefined) twin.deleteCustomer(last.id);
    }
    expect(peopleOf(seen).size).toBe(250);
    expect(seen.at(-1)?.fullScan).toBe(true);
  });

  it("is followed by what was added and changed while it ran", async () => {
    twin.load(seedOf({ customers: customers(250) }));
    const pages: RecordPage[] = [];
    for await (const page of connection.read("customers", null)) {
      pages.push(page);
      if (pages.length !== 1) continue;
      twin.addCustomer(customerSeed(900_001));
      twin.changeCustomer(customerSeed(240).id, { city: "Whitby" });
    }
    const later = await readToEnd(connection, "customers", pages.at(-1)?.next);
    const people = peopleOf([...pages, ...later.pages]);
    expect(people.size).toBe(251);
    expect(people.get(customerSeed(240).id)?.city).toBe("Whitby");
  });

  it("includes cancelled subscriptions", async () => {
    const subscription = {
      id: "sub_1",
      customer: customerSeed(0).id,
      status: "canceled" as const,
      amount: 900,
      currency: "gbp",
      interval: "month" as const,
      startedAt: instant(0),
      currentPeriodEnd: instant(43_200),
      endedAt: instant(40_000),
    };
    twin.load(seedOf({ customers: customers(1), subscriptions: [subscription] }));
    const { pages, next } = await readToEnd(connection, "subscriptions");
    expect(recordsOf(pages)).toMatchObject([{ id: "sub_1", status: "cancelled", endedAt: instant(40_000) }]);
    twin.addSubscription({ ...subscription, id: "sub_2", status: "active", endedAt: null });
    twin.deleteCustomer(customerSeed(0).id);
    const later = await readToEnd(connection, "subscriptions", next);
    expect(recordsOf(later.pages)).toMatchObject([{ id: "sub_2", status: "cancelled" }]);
  });

  it("refuses records of the other mode, one by one, by what the key says of itself", async () => {
    const live = await startStripeTwin({ requestsPerSecond: 100_000, livemode: true });
    live.load(seedOf({ customers: customers(2) }));
    const { pages } = await readToEnd(open({}, live), "customers");
    await live.close();
    expect(recordsOf(pages)).toEqual([]);
    expect(pages.flatMap((page) => page.rejects)).toMatchObject([
      { id: "cus_000001", reason: expect.stringContaining("a live record and the connection is for test ones") },
      { id: "cus_000000" },
    ]);
  });

  it("puts a row of unknown form aside and keeps the others", async () => {
    twin.load(seedOf({ customers: customers(2), charges: [chargeSeed(0), chargeSeed(1)] }));
    twin.load(seedOf({ charges: [chargeSeed(2, { amount: 12.5 })] }));
    const { pages } = await readToEnd(connection, "charges");
    expect(pages.flatMap((page) => page.rejects)).toMatchObject([
      { ref: "ch_000002", reason: expect.stringContaining("unknown form at amount") },
    ]);
    expect(recordsOf(pages)).toHaveLength(2);
  });

  it("counts nothing, because Stripe counts nothing", async () => {
    expect(await connection.count("customers")).toBeNull();
  });
});

describe("events", () => {
  it("cost one call when little happened, and none of the list", async () => {
    twin.load(seedOf({ customers: customers(250) }));
    const full = await readToEnd(connection, "customers");
    twin.changeCustomer(customerSeed(3).id, { city: "Ripon" });
    await readToEnd(connection, "customers", full.next);
    expect(requests("GET /v1/events")).toBe(1);
    expect(requests("GET /v1/customers")).toBe(3);
    expect(requests("GET /v1/customers/:id")).toBe(0);
  });

  it.each(["with older events before them", "with nothing before them"])(
    "of many pages come oldest first and once, %s",
    async (before) => {
      twin.load(seedOf({ customers: customers(350) }));
      if (before.startsWith("with older")) {
        twin.changeCustomer(customerSeed(0).id, { city: "Before" });
        twin.advance(20 * MINUTE);
      }
      const full = await readToEnd(connection, "customers");
      changeMany(350);
      const { pages } = await readToEnd(connection, "customers", full.next);
      const records = recordsOf(pages);
      expect(pages.length).toBeGreaterThan(3);
      expect(new Set(records.map((record) => record.id)).size).toBe(350);
      const times = records.map((record) => record.updatedAt ?? "");
      expect(times).toEqual(times.toSorted());
    },
  );

  it("resume after any page with exactly what follows", async () => {
    twin.load(seedOf({ customers: customers(350) }));
    const full = await readToEnd(connection, "customers");
    changeMany(350);
    const { pages } = await readToEnd(connection, "customers", full.next);
    for (const [index, page] of pages.entries()) {
      if (page.atEnd) continue;
      const rest = await readToEnd(connection, "customers", JSON.parse(JSON.stringify(page.next)));
      expect(recordsOf(rest.pages)).toEqual(recordsOf(pages.slice(index + 1)));
    }
  });

  it("that become visible late are found by the overlap and do not undo what is newer", async () => {
    twin.load(seedOf({ customers: customers(2) }));
    const full = await readToEnd(connection, "customers");
    const id = customerSeed(0).id;
    twin.faults.lag = 2 * MINUTE;
    twin.changeCustomer(id, { city: "Early and late" });
    twin.changeCustomer(customerSeed(1).id, { city: "Only late" });
    twin.faults.lag = 0;
    twin.advance(5000);
    twin.changeCustomer(id, { city: "Newer" });
    const first = await readToEnd(connection, "customers", full.next);
    expect(peopleOf(first.pages).get(id)?.city).toBe("Newer");
    twin.advance(3 * MINUTE);
    const second = await readToEnd(connection, "customers", first.next);
    expect(peopleOf(second.pages).get(customerSeed(1).id)?.city).toBe("Only late");
    expect(peopleOf(second.pages).get(id)?.city).toBe("Newer");
  });

  it("shown twice count once", async () => {
    twin.load(seedOf({ customers: customers(30) }));
    const full = await readToEnd(connection, "customers");
    twin.faults.eventsTwice = true;
    changeMany(30);
    const { pages } = await readToEnd(connection, "customers", full.next);
    expect(recordsOf(pages)).toHaveLength(30);
  });

  it("settle: with nothing new after the overlap there is nothing to read", async () => {
    twin.load(seedOf({ customers: customers(5) }));
    const full = await readToEnd(connection, "customers");
    changeMany(5);
    const first = await readToEnd(connection, "customers", full.next);
    twin.advance(6 * MINUTE);
    const second = await readToEnd(connection, "customers", first.next);
    twin.advance(6 * MINUTE);
    const third = await readToEnd(connection, "customers", second.next);
    expect(recordsOf(second.pages)).toHaveLength(5);
    expect(third.pages).toMatchObject([{ records: [], rawCount: 0 }]);
  });

  it("of a quiet account stay readable for as long as it is read", async () => {
    twin.load(seedOf({ customers: customers(1) }));
    let { next } = await readToEnd(connection, "customers");
    for (let week = 0; week < 8; week += 1) {
      twin.advance(7 * DAY);
      ({ next } = await readToEnd(connection, "customers", next));
    }
    twin.changeCustomer(customerSeed(0).id, { city: "Selby" });
    const { pages } = await readToEnd(connection, "customers", next);
    expect(peopleOf(pages).get(customerSeed(0).id)?.city).toBe("Selby");
  });

  it("are not enough after a gap of 30 days: a full read is asked for", async () => {
    twin.load(seedOf({ customers: customers(1) }));
    const { next } = await readToEnd(connection, "customers");
    twin.advance(31 * DAY);
    await expect(readToEnd(connection, "customers", next)).rejects.toMatchObject({ kind: "cursor_expired" });
  });

  it("whose place was lost ask for a full read", async () => {
    const lost = { mode: "events", since: Math.floor(twin.now() / 1000), after: "evt_forgotten" };
    await expect(readToEnd(connection, "customers", lost)).rejects.toMatchObject({ kind: "cursor_expired" });
  });

  it("rendered in another API version are fetched anew", async () => {
    twin.load(seedOf({ customers: customers(2) }));
    const full = await readToEnd(connection, "customers");
    twin.faults.eventApiVersion = "2019-12-03";
    twin.changeCustomer(customerSeed(0).id, { city: "Then" });
    twin.faults.eventApiVersion = "2026-10-28.endive";
    twin.changeCustomer(customerSeed(1).id, { city: "Now" });
    const { pages } = await readToEnd(connection, "customers", full.next);
    expect(peopleOf(pages).get(customerSeed(0).id)?.city).toBe("Then");
    expect(requests("GET /v1/customers/:id")).toBe(1);
  });
});

describe("charges and refunds", () => {
  it("read the same from the list and from events", async () => {
    twin.load(seedOf({ customers: customers(1) }));
    const full = await readToEnd(connection, "charges");
    twin.addCharge(chargeSeed(0, { customer: customerSeed(0).id }));
    twin.addCharge(chargeSeed(1, { receiptEmail: "guest@hollowpine.co.uk", status: "failed" }));
    twin.addCharge(chargeSeed(2, { cardPresent: true, fingerprint: "fp_7" }));
    const byEvents = recordsOf((await readToEnd(connection, "charges", full.next)).pages);
    const byList = recordsOf((await readToEnd(connection, "charges")).pages);
    const sorted = (records: typeof byList) =>
      records
        .map((record) => ({ ...record, updatedAt: null }))
        .toSorted((a, b) => (a.kind + a.id < b.kind + b.id ? -1 : 1));
    expect(sorted(byEvents)).toEqual(sorted(byList));
    expect(byList).toHaveLength(5);
  });

  it("show a refund on the order and as a touchpoint of the person, guest or customer", async () => {
    const guest = chargeSeed(1, { receiptEmail: "guest@hollowpine.co.uk" });
    twin.load(seedOf({ customers: customers(1), charges: [chargeSeed(0, { customer: customerSeed(0).id }), guest] }));
    const charges = await readToEnd(connection, "charges");
    const refunds = await readToEnd(connection, "refunds");
    const ofCustomer = twin.refund(chargeSeed(0).id, 500);
    const ofGuest = twin.refund(guest.id, 2500);
    const orders = recordsOf((await readToEnd(connection, "charges", charges.next)).pages).filter(
      (record) => record.kind === "order",
    );
    expect(orders).toMatchObject([
      { id: "ch_000000", refundedMinor: 500, status: "paid" },
      { id: "ch_000001", refundedMinor: 2500, status: "refunded" },
    ]);
    const expected = [
      { id: ofCustomer, type: "refund", amountMinor: 500, person: { stream: "customers", id: customerSeed(0).id } },
      { id: ofGuest, type: "refund", amountMinor: 2500, person: { stream: "charges", id: guest.id } },
    ];
    expect(recordsOf((await readToEnd(connection, "refunds", refunds.next)).pages)).toMatchObject(expected);
    expect(recordsOf((await readToEnd(connection, "refunds")).pages).toReversed()).toMatchObject(expected);
  });

  it("move a guest's order to the customer it is given to", async () => {
    const guest = chargeSeed(0, { receiptEmail: "person0@hollowpine.co.uk" });
    twin.load(seedOf({ customers: customers(1), charges: [guest] }));
    const full = await readToEnd(connection, "charges");
    twin.changeCharge(guest.id, { customer: customerSeed(0).id });
    const { pages } = await readToEnd(connection, "charges", full.next);
    expect(recordsOf(pages)).toMatchObject([
      { kind: "person", id: guest.id, deleted: true },
      { kind: "order", id: guest.id, person: { stream: "customers", id: customerSeed(0).id } },
    ]);
  });
});

describe("refusals", () => {
  it("name the permission that a restricted key lacks", async () => {
    twin.faults.denied.add("rak_charge_read");
    const failure = readToEnd(connection, "charges");
    await expect(failure).rejects.toMatchObject({
      kind: "permission",
      message: expect.stringContaining("rak_charge_read"),
    });
  });

  it("by a limit without Retry-After are told without inventing a wait", async () => {
    twin.faults.throttle = { count: 1 };
    const failure = await readToEnd(connection, "customers").catch((error: unknown) => error);
    expect(failure).toMatchObject({ kind: "rate_limited", details: { status: 429 } });
    expect(failure).not.toHaveProperty("details.retryAfterMs");
  });

  it("of a broken connection are transient and name the request where Stripe gave one", async () => {
    twin.load(seedOf({ customers: customers(40) }));
    twin.faults.dropReply = 2;
    await expect(readToEnd(connection, "customers")).rejects.toMatchObject({ kind: "transient" });
  });
});
