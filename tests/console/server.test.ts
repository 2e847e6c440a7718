import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { addressOf, contactIdOf, mobileOf, smallShop } from "#tests/support/people.ts";
import { page, person } from "#tests/support/records.ts";
import { startConsole, type TestConsole } from "./console-server.ts";

const PEOPLE = 60;
const HOSTILE = { firstname: `<script>alert("x")</script>`, lastname: `"><img src=x onerror=alert('y')>&amp;` };

let loop: TestLoop;
let site: TestConsole;
beforeAll(async () => {
  loop = await startTestLoop();
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  const [first] = shop.hubspot.contacts;
  if (first !== undefined) Object.assign(first.properties, HOSTILE);
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  await loop.refresh();
  site = await startConsole(loop.workerEnvironment["DATABASE_URL"] ?? "", loop.masterKeys);
});
afterAll(async () => {
  await site.stop();
  await loop.stop();
});

const profilePathOf = async (index: number): Promise<string> => {
  const found = await site.get(`/profiles/find?q=${encodeURIComponent(addressOf(index))}`);
  expect(found.status).toBe(303);
  return String(found.headers["location"]);
};

describe("the pages", () => {
  it("show numbers, streams with their completeness, and the plans that wait", async () => {
    const { status, text } = await site.get("/");
    expect(status).toBe(200);
    expect(text).toContain(`<b>${PEOPLE}</b>`);
    expect(text).toContain("complete, counts agree");
    expect(text).toMatch(new RegExp(`A plan is waiting for you: ${PEOPLE} records to change in HubSpot`));
    expect(text).toMatch(/marketing by email/);
  });

  it("show a waiting plan value by value, with what to type to approve it", async () => {
    const [plan] = await loop.deps.plans.list(loop.workspaceId, 1);
    const { text } = await site.get(`/plans/${plan?.planId}`);
    expect(text).toContain("What would be written into");
    expect(text).toContain(`npx tributary plan approve ${plan?.planId.slice(0, 8)}`);
    expect(text).toContain("tributary_lifecycle_stage");
    expect(text).toContain(String(plan?.digest));
  });

  it("show a customer: records, why they are one, orders, consent, traits with reasons, what was written", async () => {
    await approveAll(loop);
    const { text } = await site.get(await profilePathOf(6));
    expect(text).toContain("Known from 2 records");
    expect(text).toContain(`contacts/${contactIdOf(6)}`);
    expect(text).toContain("joined by the same e-mail address");
    expect(text).toMatch(/£7\d\.\d\d/);
    expect(text).toMatch(/marketing by email[\s\S]*granted/);
    expect(text).toMatch(/Lifecycle stage[\s\S]*customer/);
    expect(text).toContain("tributary_next_best_action_reason");
    const plans = await site.get("/plans");
    expect(plans.text).toContain("applied");
  });

  it("refuses what no database can look for as an invalid address, not as a failure of its own", async () => {
    for (const query of ["q=%00", "q=Ada%00Lovelace", `q=${"a".repeat(321)}`]) {
      const { status, text } = await site.get(`/profiles/find?${query}`);
      expect([query.slice(0, 20), status]).toEqual([query.slice(0, 20), 400]);
      expect(text).toContain("The address of this page is invalid.");
    }
  });

  it("find a customer by phone and by a tool's record id, and say so when there is nobody", async () => {
    const path = await profilePathOf(4);
    for (const query of [mobileOf(4), contactIdOf(4), path.split("/").at(-1) ?? ""]) {
      const { headers } = await site.get(`/profiles/find?q=${encodeURIComponent(query)}`);
      expect(headers["location"]).toBe(path);
    }
    const nobody = await site.get("/profiles/find?q=nobody%40nowhere.co.uk");
    expect(nobody.status).toBe(200);
    expect(nobody.text).toContain("No customer has that.");
  });

  it("turn the pages of the list until everybody was named once", async () => {
    const seen: string[] = [];
    for (let path: string | undefined = "/profiles"; path !== undefined;) {
      const { text } = await site.get(path);
      seen.push(...[...text.matchAll(/href="\/profiles\/([0-9a-f-]{36})"/g)].map(([, id]) => id ?? ""));
      path = /href="(\/profiles\?after=[^"]+)"/.exec(text)?.[1];
    }
    expect(seen).toHaveLength(PEOPLE);
    expect(new Set(seen).size).toBe(PEOPLE);
  });

  it("answer 404 with a page for what is not there", async () => {
    for (const path of [
      "/nothing",
      `/profiles/${randomUUID()}`,
      "/profiles/zzz",
      `/plans/${randomUUID()}`,
      "/plans/1",
    ]) {
      const { status, headers, text } = await site.get(path);
      expect([path, status]).toEqual([path, 404]);
      expect(headers["content-type"]).toMatch(/text\/html/);
      expect(text).toContain("Not found");
    }
    expect((await site.get("/profiles?after=zzz")).status).toBe(400);
  });

  it("give programs the same numbers as JSON", async () => {
    const { text } = await site.get("/api/status");
    expect(JSON.parse(text)).toMatchObject({ workspace: "test", overview: { profiles: PEOPLE }, rejects: [] });
  });
});

describe("the border", () => {
  it("shows a hostile name as text, wherever it appears", async () => {
    const path = await profilePathOf(0);
    const query = encodeURIComponent(HOSTILE.lastname);
    for (const address of [path, "/profiles", `/profiles/find?q=${query}`]) {
      const { text } = await site.get(address);
      expect(text).not.toMatch(/<script>|<img|onerror=alert\('y'\)>/);
    }
    expect((await site.get(path)).text).toContain("&#60;script&#62;alert(&#34;x&#34;)");
  });

  it("lets a browser run and load nothing but its own files", async () => {
    const { headers, text } = await site.get("/");
    const policy = String(headers["content-security-policy"]);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toContain("unsafe");
    expect(text).not.toMatch(/ style=| on[a-z]+=|<style/);
    const own = [...text.matchAll(/(?:href|src)="(\/assets\/[^"]+)"/g)].map(([, address]) => address ?? "");
    expect(own).toHaveLength(3);
    for (const address of own) expect((await site.get(address)).status).toBe(200);
  });

  it("refuses a name that somebody else's page made lead here, and knows its own", async () => {
    expect((await site.get("/profiles", { host: "evil.co.uk" })).status).toBe(421);
    expect((await site.get("/api/status", { host: "localhost.evil.co.uk:4080" })).status).toBe(421);
    for (const host of ["localhost:4080", "127.0.0.1", "[::1]:4080", "Console.FernAndKettle.internal"]) {
      expect([host, (await site.get("/", { host })).status]).toEqual([host, 200]);
    }
    expect((await site.get("/healthz", { host: "10.0.0.7:4080" })).status).toBe(200);
  });

  it("only reads", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      expect((await site.get("/plans", { method })).status).toBe(405);
    }
    expect((await site.get("/", { method: "HEAD" })).status).toBe(200);
  });

  it("shows nothing of another workspace", async () => {
    const { connections, ingest, identity } = loop.deps;
    const other = await connections.createWorkspace({
      ...{ slug: "zebra", name: "Other shop", defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London" },
    });
    const { connectionId } = await connections.upsertConnection(
      other.workspaceId,
      { connector: "csv", name: "secret-till" },
      "test",
    );
    const stranger = person("s1", { emails: ["stranger@othershop.co.uk"], firstName: "Strange", lastName: "Stranger" });
    await ingest.savePage(other.workspaceId, { connectionId, stream: "people", from: null, page: page([stranger]) });
    await identity.resolveBatch(other.workspaceId, { limit: 10 });
    const theirs = await identity.findProfile(other.workspaceId, "stranger@othershop.co.uk");
    if (theirs === undefined) throw new Error("The stranger must be there to be kept apart.");
    expect((await site.get(`/profiles/${theirs}`)).status).toBe(404);
    expect((await site.get("/profiles/find?q=stranger%40othershop.co.uk")).text).toContain("No customer has that.");
    for (const path of ["/", "/profiles", "/plans", "/api/status"]) {
      expect((await site.get(path)).text).not.toMatch(/Other shop|secret-till|Stranger/);
    }
  });

  it("has said nothing of anybody in its log", () => {
    expect(site.logged()).not.toMatch(/@|fernandkettle|alert|find\?q/);
  });
});

describe("health", () => {
  it("repeats the token it was started with, so that a start knows its own console from another's", async () => {
    const own = await startConsole(loop.test.appUrl, loop.masterKeys, "abc");
    try {
      expect(JSON.parse((await own.get("/healthz")).text)).toEqual({ ok: true, instance: "abc" });
    } finally {
      await own.stop();
    }
  });

  it("is 200 while the database answers, and 503 with a page that says so when it does not", async () => {
    expect(await site.get("/healthz")).toMatchObject({ status: 200, text: '{"ok":true}' });
    // A real server that is not there.
    const cut = await startConsole("postgresql://tributary_app:hunter2@127.0.0.1:1/gone", loop.masterKeys);
    try {
      expect((await cut.get("/healthz")).status).toBe(503);
      const answer = await cut.get(`/profiles/find?q=${encodeURIComponent(addressOf(1))}`);
      expect(answer.status).toBe(503);
      expect(answer.text).toContain("The database does not answer.");
      expect((await cut.get("/api/status")).text).toBe(
        '{"error":"The database does not answer. It is tried again with each request."}',
      );
      expect(cut.logged()).toContain("ECONNREFUSED");
      expect(cut.logged()).not.toMatch(/hunter2|person\.1|fernandkettle/);
    } finally {
      await cut.stop();
    }
  });
});
