import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openForContract } from "#connectors/core/contract-suite/index.ts";
import type { OpenConnection, RecordRef } from "#connectors/core/contract.ts";
import { stripe } from "./index.ts";
import { customerSeed, instant, seedOf } from "./fixtures.ts";
import { startStripeTwin } from "./twin/index.ts";
import type { StripeTwin } from "./twin/index.ts";

let twin: StripeTwin;
let connection: OpenConnection;
beforeEach(async () => {
  twin = await startStripeTwin({ requestsPerSecond: 100_000 });
  connection = openForContract(stripe, {
    settings: {},
    credentials: { apiKey: twin.apiKey },
    baseUrl: twin.url,
    now: () => twin.now(),
  });
});
afterEach(() => twin.close());

/** So many customers, made one a minute, each with its number in its metadata. */
function load(count: number, createdAt = instant): void {
  const customers = Array.from({ length: count }, (_, n) =>
    customerSeed(n, { createdAt: createdAt(n), metadata: { tributary_stage: `stage ${n}` } }),
  );
  twin.load(seedOf({ customers }));
}

/** Every nth of them, from the first on. */
const every = (nth: number, count: number, from = 0): number[] =>
  Array.from({ length: count }, (_, n) => from + n * nth);
const ref = (n: number): RecordRef => ({ id: customerSeed(n).id, createdAt: instant(n) });

const listed = (): number => twin.requests.get("GET /v1/customers") ?? 0;
const single = (): number => twin.requests.get("GET /v1/customers/:id") ?? 0;

/** What is told of each: its own stage, or that it is gone. */
async function stagesOf(refs: RecordRef[]): Promise<(string | null | undefined)[]> {
  const live = await connection.readLive(refs, ["tributary_stage"]);
  expect(live.map(({ id }) => id)).toEqual(refs.map(({ id }) => id));
  return live.map(({ state, values }) => (state === "live" ? values["tributary_stage"] : state));
}
const stages = (numbers: number[]) => numbers.map((n) => `stage ${n}`);

describe("live values", () => {
  it("of neighbours in age cost one call a hundred, however many are asked for and however many others there are", async () => {
    load(6_000);
    for (const count of [100, 600, 1_200, 2_400]) {
      const before = listed();
      const numbers = every(1, count, 1_500);
      expect(await stagesOf(numbers.map(ref))).toEqual(stages(numbers));
      expect(listed() - before, `for ${count}`).toBe(count / 100);
    }
    expect(single()).toBe(0);
  });

  it("of all in portions by age cost as many calls a portion, last as first", async () => {
    load(3_000);
    const costs: number[] = [];
    for (let from = 0; from < 3_000; from += 500) {
      const before = listed() + single();
      await stagesOf(every(1, 500, from).map(ref));
      costs.push(listed() + single() - before);
    }
    expect(costs).toEqual([5, 5, 5, 5, 5, 5]);
  });

  it.each([
    ["few and far between", 300, 100, 100],
    ["just too far apart to share a page", 101, 150, 150],
    ["two to a page", 50, 300, 200],
    ["ten to a page", 10, 2_000, 220],
  ])("of customers %s cost at most a call each and no walk through those between", async (_, nth, count, most) => {
    load(nth * count);
    const numbers = every(nth, count);
    expect(await stagesOf(numbers.map(ref))).toEqual(stages(numbers));
    expect(listed() + single()).toBeLessThanOrEqual(most);
  });

  it("go on from call to call where a quiet time follows a rush", async () => {
    // A thousand in a day, then one a day.
    const createdAt = (n: number) => instant(n < 1_000 ? n : 1_000 + (n - 1_000) * 1_440);
    load(2_000, createdAt);
    const numbers = every(1, 2_000);
    const refs = numbers.map((n) => ({ ...ref(n), createdAt: createdAt(n) }));
    expect(await stagesOf(refs)).toEqual(stages(numbers));
    expect(listed() + single()).toBeLessThanOrEqual(20 + 11);
  });

  it.each([
    ["as fast as Stripe takes them", 90, 25],
    ["all in one second", 900, 40],
  ])("of many made %s are read page after page", async (_, aSecond, most) => {
    const createdAt = (n: number) => instant(Math.floor(n / aSecond));
    load(900, createdAt);
    const numbers = every(1, 900);
    const refs = numbers.map((n) => ({ ...ref(n), createdAt: createdAt(n) }));
    expect(await stagesOf(refs)).toEqual(stages(numbers));
    expect(listed() + single()).toBeLessThanOrEqual(most);
  });

  it("are asked for one by one where nobody tells when the customer was made", async () => {
    load(300);
    const numbers = every(1, 200);
    const refs = numbers.map((n) => ({ id: customerSeed(n).id }));
    expect(await stagesOf(refs)).toEqual(stages(numbers));
    expect([listed(), single()]).toEqual([0, 200]);
  });
});

describe("a list that", () => {
  beforeEach(() => load(1_000));
  const numbers = every(2, 300, 50);

  it("does not show a customer is not believed: only a customer's own address tells that it is gone", async () => {
    twin.deleteCustomer(customerSeed(60).id);
    for (const n of [58, 64, 648]) twin.faults.leftOut.add(customerSeed(n).id);
    expect(await stagesOf(numbers.map(ref))).toEqual(numbers.map((n) => (n === 60 ? "gone" : `stage ${n}`)));
    expect(single()).toBe(4);
  });

  it("calls a customer deleted is not believed either", async () => {
    twin.faults.stub = 1;
    expect(await stagesOf(numbers.map(ref))).toEqual(stages(numbers));
    expect(single()).toBe(1);
  });

  it("has a row that cannot be read leaves that customer to be asked for", async () => {
    twin.faults.badRow = 1_000;
    expect(await stagesOf(numbers.map(ref))).toEqual(stages(numbers));
  });

  it.each<[string, () => void, number]>([
    ["is in the wrong order", () => (twin.faults.turnedPages = true), 320],
    ["shows none of them", () => numbers.forEach((n) => twin.faults.leftOut.add(customerSeed(n).id)), 320],
    ["gives the first page whatever is asked", () => (twin.faults.stuckCursor = true), 320],
    ["comes in short pages", () => (twin.faults.shortPage = 10), 120],
  ])("%s costs little more and is told rightly all the same", async (_, disturb, most) => {
    disturb();
    expect(await stagesOf(numbers.map(ref))).toEqual(stages(numbers));
    expect(listed() + single()).toBeLessThanOrEqual(most);
  });

  it("says of an empty page that more follows is no end: the call fails and is made again", async () => {
    twin.faults.emptyPageWithMore = 1;
    await expect(stagesOf(numbers.map(ref))).rejects.toMatchObject({ kind: "transient" });
    expect(await stagesOf(numbers.map(ref))).toEqual(stages(numbers));
  });

  it("is asked with a wrong time of making costs no record", async () => {
    const wrong = numbers.map((n, index) => ({ ...ref(n), createdAt: instant(index % 3 === 0 ? n : n * 50) }));
    expect(await stagesOf(wrong)).toEqual(stages(numbers));
  });
});
