/** One change of one customer as somebody on call sees it: a trace from the refresh to what was read back. */
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { findFreePort } from "#stack/ports.ts";
import { startCollector, type CollectedSpan, type Collector } from "#tests/support/otlp-collector.ts";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { addressOf, contactIdOf, customerIdOf, mobileOf, smallShop } from "#tests/support/people.ts";
import { startWorkerProcess } from "#tests/support/worker-process.ts";

const PEOPLE = 40;
let loop: TestLoop;
let collector: Collector;
/** Of the run that took up the change. */
let spans: CollectedSpan[];
let runId: string;
let scraped: { ours: string; temporals: string };
beforeAll(async () => {
  [loop, collector] = await Promise.all([startTestLoop({ workers: false }), startCollector()]);
  const { hubspot, stripe } = loop;
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  hubspot.load(shop.hubspot);
  stripe.load(shop.stripe);
  await scrapedFirstRun();
  const worker = await startWorkerProcess({
    ...loop.workerEnvironment,
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "200",
    OTEL_METRIC_EXPORT_INTERVAL: "500",
  });
  hubspot.faults.throttle = { count: 1, retryAfterSeconds: 1 };
  stripe.addCharge({
    ...{ id: "ch_late", customer: customerIdOf(2), receiptEmail: null, amount: 9_900, amountRefunded: 0 },
    billing: { email: addressOf(2), name: null, phone: null, country: null, postcode: null },
    ...{ currency: "gbp", status: "succeeded", cardPresent: false, fingerprint: null },
    createdAt: new Date(Date.now() - 3_600_000).toISOString(),
  });
  hubspot.change("contacts", contactIdOf(1), { phone: mobileOf(900), email: addressOf(900) });
  ({ runId } = await loop.refresh());
  await worker.stop();
  const traceId = collector.spans.find((span) => valueOf(span, "tributary.runId") === runId)?.traceId;
  spans = collector.spans.filter((span) => span.traceId === traceId);
});
afterAll(async () => {
  await loop.stop();
  await collector.close();
});

/** By a worker that Prometheus asks: nothing is sent anywhere. */
async function scrapedFirstRun(): Promise<void> {
  const port = await freePair();
  const worker = await startWorkerProcess({
    ...loop.workerEnvironment,
    OTEL_METRICS_EXPORTER: "prometheus",
    OTEL_EXPORTER_PROMETHEUS_HOST: "127.0.0.1",
    OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
  });
  await loop.refresh();
  await approveAll(loop);
  const scrape = async (at: number) => (await fetch(`http://127.0.0.1:${at}/metrics`)).text();
  scraped = { ours: await scrape(port), temporals: await scrape(port + 1) };
  await worker.stop();
}

/** The first of two ports beside one another. */
async function freePair(): Promise<number> {
  for (;;) {
    const port = await findFreePort(0);
    if ((await findFreePort(port + 1)) === port + 1) return port;
  }
}

const valueOf = ({ attributes }: CollectedSpan, key: string): unknown =>
  Object.values(attributes.find((one) => one.key === key)?.value ?? {})[0];

/** From the root to the span. */
function pathTo(span: CollectedSpan): string[] {
  const parent = spans.find(({ spanId }) => spanId === span.parentSpanId);
  return [...(parent === undefined ? [] : pathTo(parent)), span.name];
}

describe("the trace of a run", () => {
  it("holds one root, the refresh, and nothing whose parent is missing", () => {
    const ids = new Set(spans.map(({ spanId }) => spanId));
    expect(spans.filter(({ parentSpanId }) => !parentSpanId).map(({ name }) => name)).toEqual([
      "RunWorkflow:refreshWorkspace",
    ]);
    expect(spans.filter(({ parentSpanId }) => parentSpanId && !ids.has(parentSpanId))).toEqual([]);
  });

  it("leads from the refresh over the page read and stored to what was written and read back", () => {
    const expected = [
      ["RunWorkflow:syncStream", "RunActivity:pullPages", "read page"],
      ["RunWorkflow:syncStream", "RunActivity:pullPages", "store page"],
      ["RunActivity:resolveIdentities", "identity batch"],
      ["RunActivity:refreshConsents", "consent batch"],
      ["RunActivity:computeScores", "scores batch"],
      ["RunActivity:buildPlan", "read live values"],
      ["RunWorkflow:applyPlan", "RunActivity:applyBatches", "write"],
      ["RunWorkflow:applyPlan", "RunActivity:applyBatches", "read back", "read live values"],
      ["RunActivity:finishRun"],
    ];
    const paths = spans.map(pathTo);
    const found = (steps: string[]) =>
      paths.some(
        (path) =>
          path[0] === "RunWorkflow:refreshWorkspace" &&
          // In this order, with what lies in between.
          path.filter((name) => steps.includes(name)).join() === steps.join(),
      );
    expect(expected.filter((steps) => !found(steps))).toEqual([]);
  });

  it("shows each call to a tool below the step that made it", () => {
    const calls = spans.filter(({ name }) => /^(hubspot|stripe) /.test(name));
    expect(calls.length).toBeGreaterThan(5);
    const parents = new Set(calls.map((call) => pathTo(call).at(-2)));
    for (const step of ["read page", "write", "read live values"]) expect(parents).toContain(step);
    expect(calls.map((call) => valueOf(call, "tributary.outcome"))).not.toContain(undefined);
  });

  it("tells run, workspace, tool and counts", () => {
    const page = spans.find(({ name, attributes }) => name === "read page" && attributes.length > 0);
    if (page === undefined) throw new Error("There must be a page.");
    expect(valueOf(page, "tributary.connector")).toMatch(/hubspot|stripe/);
    const pull = spans.find(({ name }) => name === "RunActivity:pullPages");
    if (pull === undefined) throw new Error("There must be a step that reads.");
    expect(valueOf(pull, "tributary.workspaceId")).toBe(loop.workspaceId);
    expect(valueOf(pull, "tributary.runId")).toBe(runId);
  });
});

describe("the metrics", () => {
  it("hold how long calls took, per tool, kind of call and outcome", () => {
    const points = collector.metrics
      .filter(({ name }) => name === "tributary.vendor.call.duration")
      .flatMap(({ histogram }) => histogram?.dataPoints ?? []);
    const labels = points.map(({ attributes }) => JSON.stringify(attributes));
    for (const said of ["hubspot", "stripe", '"ok"', "rate_limited"])
      expect(
        labels.some((label) => label.includes(said)),
        said,
      ).toBe(true);
  });

  it("hold what Temporal's own core measures", () => {
    expect(collector.raw.some((one) => one.startsWith("/v1/metrics") && one.includes("temporal_"))).toBe(true);
  });
});

describe("what Prometheus finds", () => {
  it("has the names and labels that docs/operating.md tells", () => {
    const guide = readFileSync(new URL("../../docs/operating.md", import.meta.url), "utf8")
      .split("\n## ")
      .find((section) => section.startsWith("Traces and metrics"));
    const named = (prefix: string) =>
      [...(guide ?? "").matchAll(new RegExp(`\`(${prefix}_[a-z_]+)\``, "g"))].map(([, name]) => name);
    expect([named("tributary").length, named("temporal").length]).toEqual([1, 3]);
    for (const name of named("tributary")) expect(scraped.ours).toContain(`# TYPE ${name} `);
    for (const name of named("temporal")) expect(scraped.temporals).toContain(`# TYPE ${name} `);
    const [, labels = ""] = /^tributary_vendor_call_duration_count\{([^}]*)\}/m.exec(scraped.ours) ?? [];
    expect([...labels.matchAll(/(\w+)=/g)].map(([, label]) => label)).toEqual(
      expect.arrayContaining(["connector", "operation", "outcome"]),
    );
    for (const connector of ["hubspot", "stripe"])
      expect(scraped.ours).toMatch(new RegExp(`duration_count\\{[^}]*connector="${connector}"[^}]*\\} [1-9]`));
    expect(scraped.temporals).toMatch(/activity_type="pullPages"/);
  });
});

describe("what is exported", () => {
  it("names nobody: no address, number, name or token of the shop, and no query", () => {
    const all = [...collector.raw, scraped.ours, scraped.temporals].join("\n").toLowerCase();
    const names = smallShop({ people: PEOPLE, now: 0 }).hubspot.contacts.flatMap(({ properties }) => [
      properties["firstname"],
      properties["lastname"],
    ]);
    const people = Array.from({ length: PEOPLE }, (_, index) => [addressOf(index), mobileOf(index).slice(1)]).flat();
    const secrets = [
      ...people,
      ...[addressOf(900), mobileOf(900).slice(1), loop.hubspot.accessToken, loop.stripe.apiKey],
      ...names.filter((name) => typeof name === "string" && name.length >= 6),
    ].map((one) => String(one).toLowerCase());
    expect(secrets.length).toBeGreaterThan(PEOPLE * 2);
    expect(secrets.filter((one) => all.includes(one))).toEqual([]);
    expect(collector.spans.length).toBeGreaterThan(100);
    for (const { attributes } of collector.spans)
      for (const { value } of attributes) expect(JSON.stringify(value)).not.toMatch(/[@?]/);
  });
});
