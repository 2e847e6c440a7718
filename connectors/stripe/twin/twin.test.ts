import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chargeSeed, customerSeed, customers, seedOf } from "../fixtures.ts";
import { startStripeTwin } from "./index.ts";
import type { StripeTwin } from "./index.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let twin: StripeTwin;
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "stripe-twin-"));
  twin = await startStripeTwin({ requestsPerSecond: 100_000 });
});
afterEach(async () => {
  await twin.close();
  rmSync(folder, { recursive: true });
});

interface Answer {
  status: number;
  headers: Headers;
  // Read as a client without types would.
  body: Record<string, unknown> & { data?: Record<string, unknown>[]; error?: Record<string, unknown> };
}

async function ask(
  path: string,
  options: { method?: string; form?: string; key?: string; authorization?: string; base?: string } = {},
): Promise<Answer> {
  const {
    method = options.form === undefined ? "GET" : "POST",
    form,
    key,
    authorization = "Bearer sk_test_twin",
  } = options;
  const response = await fetch((options.base ?? twin.url) + path, {
    method,
    headers: {
      ...(authorization === "" ? {} : { authorization }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
    },
    ...(form === undefined ? {} : { body: new URLSearchParams(form) }),
  });
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer["body"] };
}

const error = (answer: Answer) => [
  answer.status,
  answer.body.error?.code ?? answer.body.error?.type,
  answer.body.error?.param,
];

describe("strictness", () => {
  beforeEach(() => twin.load(seedOf({ customers: customers(3) })));

  it.each([
    ["/v1/customers?colour=red", 400, "parameter_unknown", "colour"],
    ["/v1/customers?limit=101", 400, "parameter_invalid_integer", "limit"],
    ["/v1/customers?limit=ten", 400, "parameter_invalid_integer", "limit"],
    ["/v1/customers?starting_after=cus_none", 400, "resource_missing", "starting_after"],
    ["/v1/customers?created[since]=1", 400, "parameter_unknown", "since"],
    ["/v1/customers/cus_none", 404, "resource_missing", "id"],
    ["/v1/charges?expand[]=data.colour", 400, "invalid_request_error", "expand"],
    [
      `/v1/events?${Array.from({ length: 21 }, (_, n) => `types[]=type${n}`).join("&")}`,
      400,
      "array_too_large",
      "types",
    ],
    ["/v1/colours", 404, "invalid_request_error", undefined],
  ])("answers %s with %i %s", async (path, status, code, param) => {
    expect(error(await ask(path))).toEqual([status, code, param]);
  });

  it.each([
    ["a key of 41 characters", `metadata[${"k".repeat(41)}]=x`],
    ["a value of 501 characters", `metadata[k]=${"x".repeat(501)}`],
    ["a key with square brackets", "metadata[a[b]]=x"],
    ["51 keys", Array.from({ length: 51 }, (_, n) => `metadata[k${n}]=x`).join("&")],
  ])("refuses metadata with %s and changes nothing", async (_, form) => {
    expect((await ask("/v1/customers/cus_000001", { form })).status).toBe(400);
    expect(twin.customer("cus_000001")?.metadata).toEqual({});
  });

  it("wants the key, as bearer or as basic user", async () => {
    expect((await ask("/v1/customers", { authorization: "" })).status).toBe(401);
    expect((await ask("/v1/customers", { authorization: "Bearer sk_test_other" })).status).toBe(401);
    const basic = `Basic ${Buffer.from("sk_test_twin:").toString("base64")}`;
    expect((await ask("/v1/customers", { authorization: basic })).status).toBe(200);
  });

  it("counts requests per endpoint as Stripe does", async () => {
    const limited = await startStripeTwin({});
    const statuses = await Promise.all(
      Array.from({ length: 40 }, async () => (await ask("/v1/customers", { base: limited.url })).status),
    );
    const elsewhere = await ask("/v1/charges", { base: limited.url });
    await limited.close();
    const passed = statuses.filter((status) => status === 200).length;
    expect(passed).toBeGreaterThanOrEqual(25);
    expect(passed).toBeLessThan(40);
    expect(elsewhere.status).toBe(200);
  });
});

describe("objects", () => {
  beforeEach(() => {
    const charge = chargeSeed(0, { customer: "cus_000001" });
    twin.load(
      seedOf({
        customers: customers(3),
        charges: [charge],
        refunds: [
          {
            id: "re_1",
            charge: charge.id,
            amount: 5,
            currency: "gbp",
            status: "succeeded",
            createdAt: charge.createdAt,
          },
        ],
      }),
    );
  });

  it("merge metadata key by key, drop emptied keys, and tell what was before", async () => {
    await ask("/v1/customers/cus_000001", { form: "metadata[a]=1&metadata[b]=2" });
    const { body } = await ask("/v1/customers/cus_000001", { form: "metadata[a]=&metadata[c]=3" });
    expect(body.metadata).toEqual({ b: "2", c: "3" });
    const events = (await ask("/v1/events")).body.data ?? [];
    expect(events.map((event) => event.type)).toEqual(["customer.updated", "customer.updated"]);
    expect(events[0]?.data).toMatchObject({ previous_attributes: { metadata: { a: "1", c: null } } });
  });

  it("leave no event when nothing changed", async () => {
    await ask("/v1/customers/cus_000001", { form: "name=Robin Ashdown1" });
    expect((await ask("/v1/events")).body.data).toEqual([]);
  });

  it("are expanded where asked for", async () => {
    const { body } = await ask("/v1/refunds?expand[]=data.charge.customer&expand[]=data.charge");
    expect(body.data?.[0]).toMatchObject({
      charge: { id: "ch_000000", customer: { id: "cus_000001", email: "person1@hollowpine.co.uk" } },
    });
  });

  it("once deleted are no longer listed or changed, and answer as deleted", async () => {
    await ask("/v1/customers/cus_000001", { method: "DELETE" });
    expect((await ask("/v1/customers/cus_000001")).body).toEqual({
      id: "cus_000001",
      object: "customer",
      deleted: true,
    });
    expect((await ask("/v1/customers")).body.data).toHaveLength(2);
    expect(error(await ask("/v1/customers/cus_000001", { form: "name=x" }))).toEqual([404, "resource_missing", "id"]);
  });

  it("created by a request can be read back", async () => {
    const { body } = await ask("/v1/customers", {
      form: "email=new@hollowpine.co.uk&address[city]=York&metadata[x]=1",
    });
    expect((await ask(`/v1/customers/${String(body.id)}`)).body).toMatchObject({
      email: "new@hollowpine.co.uk",
      address: { city: "York" },
    });
  });

  it("are not refunded beyond what was paid", async () => {
    expect((await ask("/v1/refunds", { form: "charge=ch_000000&amount=2000" })).status).toBe(200);
    expect(error(await ask("/v1/refunds", { form: "charge=ch_000000&amount=2000" }))).toEqual([
      400,
      "amount_too_large",
      "amount",
    ]);
    await ask("/v1/refunds", { form: "charge=ch_000000" });
    expect((await ask("/v1/charges/ch_000000")).body).toMatchObject({ amount_refunded: 2500, refunded: true });
  });

  it("of events are gone after 30 days", async () => {
    twin.changeCustomer("cus_000001", { city: "York" });
    twin.advance(29 * DAY);
    expect((await ask("/v1/events")).body.data).toHaveLength(1);
    twin.advance(2 * DAY);
    expect((await ask("/v1/events")).body.data).toEqual([]);
  });
});

describe("idempotency keys", () => {
  beforeEach(() => twin.load(seedOf({ customers: customers(1) })));
  const path = "/v1/customers/cus_000000";

  it("give the first answer again and do nothing", async () => {
    const first = await ask(path, { form: "metadata[a]=1", key: "k1" });
    await ask(path, { form: "metadata[a]=2", key: "k2" });
    const again = await ask(path, { form: "metadata[a]=1", key: "k1" });
    expect(again.body).toEqual(first.body);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect(twin.customer("cus_000000")?.metadata).toEqual({ a: "2" });
  });

  it("are refused for other parameters", async () => {
    await ask(path, { form: "metadata[a]=1", key: "k1" });
    expect(error(await ask(path, { form: "metadata[a]=2", key: "k1" }))).toEqual([400, "idempotency_error", undefined]);
  });

  it("replay a 500, of a write that happened", async () => {
    twin.faults.failAfterWriteNext = 1;
    for (let attempt = 0; attempt < 3; attempt += 1)
      expect((await ask(path, { form: "metadata[a]=1", key: "k1" })).status).toBe(500);
    expect(twin.customer("cus_000000")?.metadata).toEqual({ a: "1" });
  });

  it("are forgotten after 24 hours", async () => {
    await ask(path, { form: "metadata[a]=1", key: "k1" });
    twin.advance(DAY + MINUTE);
    expect((await ask(path, { form: "metadata[a]=2", key: "k1" })).status).toBe(200);
  });
});

describe("the journal", () => {
  it("brings everything back: objects, events, keys, the clock, over a seed loaded anew", async () => {
    const journal = join(folder, "journal.jsonl");
    const seed = seedOf({ customers: customers(3), charges: [chargeSeed(0)] });
    const before = await startStripeTwin({ journal });
    before.load(seed);
    await ask("/v1/customers/cus_000001", { form: "metadata[a]=1", key: "k1", base: before.url });
    before.deleteCustomer("cus_000002");
    before.advance(DAY / 2);
    before.refund("ch_000000", 100);
    const events = (await ask("/v1/events", { base: before.url })).body;
    await before.close();
    appendFileSync(journal, '{"ids":99,"changes":[{"kind":"customers","sta');

    const second = await startStripeTwin({ journal });
    second.load(seed);
    expect(second.customer("cus_000001")?.metadata).toEqual({ a: "1" });
    expect(second.customer("cus_000002")).toBeUndefined();
    expect(second.charge("ch_000000")?.amountRefunded).toBe(100);
    expect((await ask("/v1/events", { base: second.url })).body).toEqual(events);
    const replayed = await ask("/v1/customers/cus_000001", { form: "metadata[a]=1", key: "k1", base: second.url });
    expect(replayed.headers.get("idempotent-replayed")).toBe("true");
    second.changeCustomer("cus_000000", { city: "After the tear" });
    await second.close();
    const last = await startStripeTwin({ journal });
    last.load(seed);
    expect(last.customer("cus_000000")?.city).toBe("After the tear");
    await last.close();
  });

  it("holds every answered write after kill -9", async () => {
    const journal = join(folder, "killed.jsonl");
    const module = new URL("./index.ts", import.meta.url).href;
    const script = `import { startStripeTwin } from ${JSON.stringify(module)};
      const twin = await startStripeTwin({ journal: ${JSON.stringify(journal)}, requestsPerSecond: 100000 });
      console.log(twin.url);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const base = String(await new Promise((resolve) => child.stdout.once("data", resolve))).trim();
    const answered: string[] = [];
    const writing = (async () => {
      for (;;) answered.push(String((await ask("/v1/customers", { form: "name=Robin", base })).body.id));
    })().catch(() => undefined);
    while (answered.length < 30) await new Promise((resolve) => setTimeout(resolve, 5));
    child.kill("SIGKILL");
    await Promise.all([once(child, "exit"), writing]);
    const after = await startStripeTwin({ journal });
    expect(answered.filter((id) => after.customer(id) === undefined)).toEqual([]);
    await after.close();
  });
});

describe("the dashboard", () => {
  it("shows a customer's metadata, escaped", async () => {
    twin.load(seedOf({ customers: customers(120), charges: [chargeSeed(0, { customer: "cus_000001" })] }));
    twin.changeCustomer("cus_000001", {
      name: "<b>Robin</b>",
      metadata: { tributary_reason: 'Buys <often> & "early"' },
    });
    const page = await (await fetch(`${twin.url}/dashboard/customers/cus_000001`)).text();
    expect(page).toContain("<td>tributary_reason</td><td>Buys &lt;often&gt; &amp; &quot;early&quot;</td>");
    expect(page).toContain("&lt;b&gt;Robin&lt;/b&gt;");
    expect(page).toContain("ch_000000");
    expect(page).not.toContain("<b>");
  });

  it("lists customers a page at a time, and has no page for strangers", async () => {
    twin.load(seedOf({ customers: [...customers(60), customerSeed(70, { name: null })] }));
    const first = await (await fetch(`${twin.url}/dashboard/customers`)).text();
    expect(first.match(/href="\/dashboard\/customers\/cus_/g)).toHaveLength(50);
    const next = /href="(\/dashboard\/customers\?[^"]+)"/.exec(first)?.[1] ?? "";
    expect((await (await fetch(twin.url + next)).text()).match(/href="\/dashboard\/customers\/cus_/g)).toHaveLength(11);
    expect((await fetch(`${twin.url}/dashboard/customers/cus_none`)).status).toBe(404);
  });
});
