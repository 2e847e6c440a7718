import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import { openForContract, peopleOf, readToEnd, testConnector } from "#connectors/core/contract-suite/index.ts";
import type { WriteContext } from "#connectors/core/contract.ts";
import type { ConnectorError } from "#connectors/core/errors.ts";
import { issueGrant } from "#connectors/core/grant.ts";
import { startContractAccount } from "./contract-account.ts";
import { inventedProfiles, subscribedSince } from "./fixtures.ts";
import { golden } from "./golden.ts";
import { klaviyo } from "./index.ts";
import { idOf } from "./twin/account.ts";
import { startKlaviyoTwin } from "./twin/index.ts";
import type { KlaviyoTwin, KlaviyoTwinOptions } from "./twin/index.ts";
import { NEVER_SUBSCRIBED } from "./twin/seed.ts";

testConnector({
  connector: klaviyo,
  start: startContractAccount,
  golden,
  appendOnly: { events: "what happened does not change" },
  deletionsShowAfterMs: 25 * 3_600_000,
  without: {
    stub: "Klaviyo lists no deleted profiles, in whatever form",
    otherMode: "an account is a test account or none; rows do not say",
  },
});

const HOUR = 3_600_000;
let clock = Date.parse("2026-06-01T00:00:00Z");
const now = () => clock;
let twins: KlaviyoTwin[] = [];
afterEach(async () => {
  await Promise.all(twins.map((twin) => twin.close()));
  twins = [];
});

async function connected(people = 3, settings: object = {}, options: KlaviyoTwinOptions = {}) {
  const twin = await startKlaviyoTwin({ now, requestsPerSecond: 100_000, ...options });
  twin.load(inventedProfiles(people));
  twins.push(twin);
  const access = { settings, credentials: { apiKey: twin.apiKey }, baseUrl: twin.url, now };
  return { twin, access, connection: openForContract(klaviyo, access) };
}

const consentsOf = (pages: Awaited<ReturnType<typeof readToEnd>>["pages"]) =>
  pages.flatMap(({ records }) =>
    records.flatMap((record) =>
      record.kind === "consent" ? [`${record.person.id} ${record.channel} ${record.state}`] : [],
    ),
  );
const suppressed = (timestamp: string) => ({
  email: {
    marketing: {
      ...subscribedSince(timestamp).email.marketing,
      can_receive_email_marketing: false,
      suppression: [{ reason: "UNSUBSCRIBE", timestamp }],
    },
  },
});

describe("a change of consent", () => {
  it("that does not move `updated` is found by its suppression", async () => {
    const { twin, connection } = await connected();
    const full = await readToEnd(connection, "profiles");
    clock += HOUR;
    twin.subscribe(idOf(1), suppressed(new Date(clock).toISOString()), false);
    clock += HOUR;
    const later = await readToEnd(connection, "profiles", full.next);
    expect(consentsOf(later.pages)).toEqual([`${idOf(1)} email withdrawn`]);
  });

  it.each(["Subscribed to Email Marketing", "Unsubscribed from Email Marketing", "Subscribed to SMS Marketing"])(
    "that does not move `updated` is found by the event %s",
    async (metric) => {
      const { twin, connection } = await connected();
      const full = await readToEnd(connection, "profiles");
      clock += HOUR;
      twin.subscribe(idOf(2), subscribedSince(new Date(clock).toISOString()), false);
      twin.track({ metric, profile: idOf(2) });
      twin.track({ metric: "Clicked Email", profile: idOf(3) });
      clock += HOUR;
      const later = await readToEnd(connection, "profiles", full.next);
      expect([...peopleOf(later.pages).keys()]).toEqual([idOf(2)]);
      expect(consentsOf(later.pages)).toContain(`${idOf(2)} email granted`);
    },
  );

  it("of 450 people, by event alone, is read to the last of them and resumed after any page", async () => {
    const { twin, connection } = await connected(460);
    const full = await readToEnd(connection, "profiles");
    clock += HOUR;
    for (let n = 1; n <= 450; n += 1) twin.track({ metric: "Subscribed to Email Marketing", profile: idOf(n) });
    for (let n = 1; n <= 3; n += 1) twin.track({ metric: "Subscribed to List", profile: idOf(450 + n) });
    clock += HOUR;
    const { pages } = await readToEnd(connection, "profiles", full.next);
    expect(peopleOf(pages).size).toBe(453);
    for (const [n, page] of pages.entries()) {
      if (page.atEnd) continue;
      const rest = await readToEnd(connection, "profiles", JSON.parse(JSON.stringify(page.next)));
      expect(peopleOf([...pages.slice(0, n + 1), ...rest.pages]).size, `after page ${n + 1}`).toBe(453);
    }
  });
});

describe("reading", () => {
  it("never asks Klaviyo for more than it allows: pages of 100 profiles, 200 events, 10 lists, and no more than a key's scopes", async () => {
    const { twin, connection } = await connected(30);
    for (const stream of ["profiles", "events", "lists"]) await readToEnd(connection, stream);
    const refused = [...twin.answers.keys()].filter((answer) => !answer.endsWith(" 200"));
    expect(refused).toEqual([]);
  });

  it("costs one page of each stream and few calls where there is no news", async () => {
    const { twin, connection } = await connected(30);
    const metrics = ["Unsubscribed", "Unsubscribed from List", "Subscribed to List", "Subscribed to SMS Marketing"];
    for (const metric of metrics) twin.track({ metric, profile: idOf(1), datetime: "2026-01-01T00:00:00.000Z" });
    for (const stream of ["profiles", "events", "lists"]) {
      const { next } = await readToEnd(connection, stream);
      clock += 2 * HOUR;
      const first = await readToEnd(connection, stream, next);
      const before = [...twin.requests.values()].reduce((sum, calls) => sum + calls, 0);
      const quiet = await readToEnd(connection, stream, first.next);
      expect(quiet.pages.length, stream).toBe(1);
      const calls = [...twin.requests.values()].reduce((sum, count) => sum + count, 0) - before;
      // Changed, suppressed, the list of metrics, and the events of each of four.
      expect(calls, stream).toBe({ profiles: 7, events: 1, lists: 2 }[stream]);
    }
  });

  it("reads everything again after a day, for Klaviyo does not tell what was deleted", async () => {
    const { twin, connection } = await connected(5);
    const full = await readToEnd(connection, "profiles");
    twin.remove(idOf(2));
    clock += 23 * HOUR;
    const increment = await readToEnd(connection, "profiles", full.next);
    expect(increment.pages.every(({ fullScan }) => !fullScan)).toBe(true);
    clock += 2 * HOUR;
    const due = await readToEnd(connection, "profiles", increment.next).catch(
      (error: unknown) => error as ConnectorError,
    );
    expect(due).toMatchObject({ kind: "cursor_expired", message: expect.stringContaining("every 24 hours") as string });
    expect(peopleOf((await readToEnd(connection, "profiles")).pages).size).toBe(4);
  });

  it("keeps opens of those alone who consented, where the connection says so, and nobody's otherwise", async () => {
    const tracking = {
      consent: "SUBSCRIBED",
      can_receive: true,
      consent_timestamp: "2026-01-01T00:00:00+00:00",
      valid_until: null,
    };
    for (const [settings, opened] of [
      [{}, []],
      [{ opens: "off" }, []],
      [{ opens: "consented" }, [idOf(1)]],
    ] as const) {
      const { twin, connection } = await connected(3, settings);
      twin.subscribe(idOf(1), { ...NEVER_SUBSCRIBED, email: { ...NEVER_SUBSCRIBED.email, open_tracking: tracking } });
      for (const n of [1, 2, 3]) twin.track({ metric: "Opened Email", profile: idOf(n) });
      twin.track({ metric: "Placed Order", profile: idOf(2) });
      const { pages } = await readToEnd(connection, "events");
      const touched = pages.flatMap(({ records }) =>
        records.flatMap((record) => (record.kind === "touchpoint" ? [record] : [])),
      );
      expect(touched.filter(({ type }) => type === "email_opened").map(({ person }) => person?.id)).toEqual(opened);
      expect(touched.filter(({ type }) => type !== "email_opened").map(({ type }) => type)).toEqual([
        "email_clicked",
        "order_placed",
      ]);
      expect(pages.flatMap(({ rejects }) => rejects)).toEqual([]);
    }
  });
});

describe("the account", () => {
  it("says which it is, by its own name, and that it is a test account", async () => {
    const { connection } = await connected();
    expect(await connection.check()).toEqual({ account: "TrbTwn", title: "Klaviyo twin", mode: "test" });
  });

  it("is asked with the key of its own connection, though another one is open", async () => {
    const [one, two] = [
      await connected(1, {}, { apiKey: "pk_one_0000" }),
      await connected(2, {}, { apiKey: "pk_two_0000" }),
    ];
    const [a, b] = await Promise.all([readToEnd(one.connection, "profiles"), readToEnd(two.connection, "profiles")]);
    expect([peopleOf(a.pages).size, peopleOf(b.pages).size]).toEqual([1, 2]);
  });

  it("teaches its own limits by the answers' headers, endpoint by endpoint", async () => {
    const { access, twin } = await connected(1, {}, { requestsPerSecond: 20 });
    const taught = new Map<string, unknown>();
    const call = createVendorCall({ connector: klaviyo, limiter: unlimited, now });
    const connection = klaviyo.open({
      ...access,
      call,
      learned: (bucket, allowance) => void taught.set(bucket, allowance),
    });
    await readToEnd(connection, "profiles");
    await readToEnd(connection, "events");
    expect(Object.fromEntries(taught)).toEqual({
      profiles: { calls: 20, windowMs: 1_000 },
      events: { calls: 20, windowMs: 1_000 },
    });
    expect(twin.answers.get("GET /api/profiles 200")).toBe(1);
  });

  it("whose key lacks scopes is told all that an import needs", async () => {
    const { twin, connection } = await connected();
    twin.faults.denied.add("profiles:write");
    const error = await connection
      .write([write(idOf(1), { [STAGE]: "x" })])
      .catch((reason: unknown) => reason as ConnectorError);
    expect(error).toMatchObject({
      kind: "permission",
      message: expect.stringContaining("lists:write and profiles:write") as string,
    });
  });

  it("that is asked too fast says how long to wait, in a burst as in a minute", async () => {
    const twin = await startKlaviyoTwin({ now });
    twins.push(twin);
    twin.load(inventedProfiles(1));
    const connection = openForContract(klaviyo, {
      settings: {},
      credentials: { apiKey: twin.apiKey },
      baseUrl: twin.url,
      now,
    });
    const waits: (number | undefined)[] = [];
    for (let n = 0; n < 20; n += 1)
      await connection.check().catch((error: unknown) => waits.push((error as ConnectorError).details.retryAfterMs));
    expect(waits.length).toBeGreaterThan(0);
    expect(new Set(waits)).toEqual(new Set([1_000]));
  });
});

const grant = issueGrant({
  ...{ profileId: "00000000-0000-8000-8000-000000000000", uses: [], entryIds: [] },
  ...{ rulesVersion: "test", decidedAt: "2026-01-01T00:00:00.000Z" },
});
const STAGE = "tributary_lifecycle_stage";
const write = (id: string, values: Record<string, string | null>) => ({
  ...{ id, values, idempotencyKey: `key-${id}`, grant },
});
const IMPORT = "POST /api/profile-bulk-import-jobs";

describe("writing", () => {
  it("splits by bytes before it splits by count", async () => {
    const { twin, connection } = await connected(300);
    const long = { tributary_a: "é".repeat(9_000), tributary_b: "x".repeat(9_000) };
    const results = await connection.write(Array.from({ length: 300 }, (_, n) => write(idOf(n + 1), long)));
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["written"]));
    // 27 KB each: 184 of them are just below 5 MB.
    expect(twin.requests.get(IMPORT)).toBe(2);
    expect(twin.answers.has(`${IMPORT} 413`)).toBe(false);
  });

  it("keeps the type of a value: a number stays a number, a date is one, and what is cleared is no longer there", async () => {
    const { twin, connection } = await connected(1);
    const context: WriteContext = {
      types: { tributary_risk: "number", tributary_last_computed: "datetime" },
      begun: async () => undefined,
    };
    const values = { tributary_risk: "0.50", tributary_last_computed: "2026-03-01T00:00:00Z", [STAGE]: "7" };
    await connection.write([write(idOf(1), { ...values, tributary_old: "x" })], context);
    await connection.write([write(idOf(1), { tributary_old: null })], context);
    const stored = { tributary_risk: 0.5, tributary_last_computed: "2026-03-01T00:00:00.000Z", [STAGE]: "7" };
    expect(twin.properties(idOf(1))).toEqual(stored);
  });

  it("takes one job for a thousand profiles", async () => {
    const { twin, connection } = await connected(1_000);
    await connection.write(Array.from({ length: 1_000 }, (_, n) => write(idOf(n + 1), { [STAGE]: "lead_cold" })));
    expect(twin.requests.get(IMPORT)).toBe(1);
  });

  it("never subscribes or unsubscribes anybody, in whatever call", async () => {
    const { twin, connection } = await connected(20);
    for (const stream of ["profiles", "events", "lists"]) await readToEnd(connection, stream);
    const ids = twin.profileIds();
    await connection.ensureFields([]);
    await connection.write(ids.map((id, n) => write(id, { [STAGE]: n % 2 === 0 ? "x" : null })));
    await connection.readLive(
      ids.map((id) => ({ id })),
      [STAGE],
    );
    const before = consentsOf((await readToEnd((await connected(20)).connection, "profiles")).pages);
    expect(consentsOf((await readToEnd(connection, "profiles")).pages), "what stands of everybody's consent").toEqual(
      before,
    );
    const called = [...twin.requests.keys(), ...twin.missingRoutes];
    expect(called.filter((operation) => /subscription|suppression|consent/.test(operation))).toEqual([]);
    expect(called.filter((operation) => !operation.startsWith("GET "))).toEqual([IMPORT]);
  });

  it.each(["$consent", "$email", "email", "Consent Method"])(
    "refuses the property %s, which is not ours",
    async (name) => {
      const { twin, connection } = await connected(1);
      const results = await connection.write([write(idOf(1), { [name]: "x" })]);
      expect(results).toMatchObject([{ outcome: name === "email" ? "written" : "rejected" }]);
      // By the name of a field of Klaviyo's it is a custom property all the same.
      const { pages } = await readToEnd(connection, "profiles");
      expect(peopleOf(pages).get(idOf(1))?.emails).toEqual(["ada.ashgrove0@hollowpine.co.uk"]);
      expect(twin.properties(idOf(1))).toEqual(name === "email" ? { email: "x" } : {});
    },
  );

  it("calls a field by a name that could be Klaviyo's own a conflict", async () => {
    const { connection } = await connected(1);
    const field = (name: string) => ({ name, label: name, description: "", type: "text" }) as const;
    const reports = await connection.ensureFields([field("$consent"), field(STAGE)]);
    expect(reports.map(({ outcome }) => outcome)).toEqual(["conflict", "exists"]);
    const states = ["$consent", "Consent Method", "Team Stage"].map(
      async (name) => (await connection.describeField(name)).state,
    );
    expect(await Promise.all(states)).toEqual(["refused", "refused", "undefined"]);
  });

  it("creates nobody: a profile that is gone is not made anew", async () => {
    const { twin, connection } = await connected(3);
    twin.remove(idOf(2));
    expect(await connection.write([write(idOf(2), { [STAGE]: "x" })])).toMatchObject([{ outcome: "gone" }]);
    expect(twin.profileIds()).toEqual([idOf(1), idOf(3)]);
  });

  it("after a crash waits for the job that was begun, and writes nothing twice", async () => {
    const { twin, access, connection } = await connected(3);
    const jobs = new Map<string, string>();
    const context: WriteContext = { types: {}, begun: async (job, ids) => ids.forEach((id) => jobs.set(id, job)) };
    const writes = twin.profileIds().map((id) => write(id, { [STAGE]: "x" }));
    twin.faults.jobStatus = "processing";
    // The process dies while it looks at the job.
    twin.faults.afterAnswer = (operation) => {
      if (operation === IMPORT) twin.faults.breakServer = { count: 1 };
    };
    const died = await connection.write(writes, context).catch((error: unknown) => error as ConnectorError);
    expect(died).toMatchObject({ kind: "transient" });
    twin.faults.afterAnswer = null;
    expect(jobs.size).toBe(3);
    const after = openForContract(klaviyo, access);
    const again = writes.map((one) => ({ ...one, job: jobs.get(one.id) ?? "" }));
    expect((await after.write(again, context)).map(({ outcome }) => outcome)).toEqual(["retry", "retry", "retry"]);
    twin.faults.jobStatus = null;
    twin.finishJobs();
    expect((await after.write(again, context)).map(({ outcome }) => outcome)).toEqual([
      "written",
      "written",
      "written",
    ]);
    expect(twin.requests.get(IMPORT)).toBe(1);
    expect(twin.properties(idOf(1))).toEqual({ [STAGE]: "x" });
  });
});
