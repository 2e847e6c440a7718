/** From the link to the connection, through a real console and the twins' consent pages. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { ConnectorError } from "#connectors/core/errors.ts";
import { connect, disconnect } from "#console/connections.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import { openConnection } from "#workflows/open-connection.ts";
import { Browser } from "#stack/demo-shop/browser.ts";
import { startPlace, type Place } from "./place.ts";

const HUBSPOT_ACCOUNT = "48151623";
const HUBSPOT_SISTER = "48151999";

let place: Place;
beforeAll(async () => {
  place = await startPlace();
});
afterAll(() => place.stop());
afterEach(() => {
  const { faults } = place.hubspot.signIn;
  Object.assign(faults, { loseReplies: 0, slowMs: 0, broken: { count: 0, status: 503 } });
  faults.withheld.clear();
});

const tokenCalls = () => place.hubspot.requests.get("POST /oauth/2026-03/token") ?? 0;

describe("signing in", () => {
  it("asks for the least, says why, identifies the account and makes a connection that reads", async () => {
    const workspaceId = await place.newWorkspace();
    const { link, signInId } = await place.begin(workspaceId, "hubspot");
    const browser = new Browser();
    const ours = await browser.get(link);
    expect(ours.text).toContain("write the approved values to contacts");
    const consent = await browser.open(link);
    const asked = new URL(consent.url).searchParams;
    expect(asked.get("scope")?.split(" ")).not.toContain("crm.schemas.contacts.write");
    expect(asked.get("optional_scope")?.split(" ")).toContain("crm.schemas.contacts.write");
    expect(asked.get("code_challenge_method")).toBe("S256");
    const ended = await browser.decide(consent);
    expect(ended.text).toContain(`HubSpot account ${HUBSPOT_ACCOUNT} is connected as "main"`);
    const [connection] = await place.connectionsOf(workspaceId);
    expect(connection).toMatchObject({
      ...{ connector: "hubspot", name: "main", status: "ready", externalAccount: HUBSPOT_ACCOUNT, mode: "test" },
      ...{ writeBack: true, autoApplyShare: null },
    });
    const attempt = await place.deps.signInAttempts.get(workspaceId, signInId);
    expect(attempt?.outcome).toBe("connected");
  });

  it("shows what was not granted of the optional scopes, and connects all the same", async () => {
    const workspaceId = await place.newWorkspace();
    const { page, ending } = await place.signIn(workspaceId, "hubspot", { without: ["crm.schemas.contacts.write"] });
    expect(ending).toMatchObject({ outcome: "connected", withheld: [{ name: "crm.schemas.contacts.write" }] });
    expect(page.text).toContain("create the properties that values are written to");
    const [state] = await place.deps.credentials.signIns(workspaceId);
    expect(state?.scopes).not.toContain("crm.schemas.contacts.write");
    expect(state?.scopes).toContain("crm.objects.contacts.read");
  });

  it("refuses a sign-in without a scope that is needed, names it, and keeps nothing", async () => {
    const workspaceId = await place.newWorkspace();
    place.hubspot.signIn.faults.withheld.add("crm.objects.contacts.read");
    const { page, ending } = await place.signIn(workspaceId, "hubspot");
    expect(ending).toMatchObject({ outcome: "refused" });
    expect(page.text).toContain("did not grant what is needed: crm.objects.contacts.read (to read contacts)");
    expect(await place.connectionsOf(workspaceId)).toEqual([]);
    expect(await place.deps.credentials.signIns(workspaceId)).toEqual([]);
  });

  it("says so when the person declines, and asks for no token", async () => {
    const workspaceId = await place.newWorkspace();
    const before = tokenCalls();
    const { page } = await place.signIn(workspaceId, "hubspot", { deny: true });
    expect(page.text).toContain("Access was declined at HubSpot, so nothing was connected");
    expect(tokenCalls()).toBe(before);
    expect(await place.connectionsOf(workspaceId)).toEqual([]);
  });

  it("says what the operator has to correct when the app's secret is wrong, and blames nobody's account", async () => {
    const wrong = await startPlace({
      hubspot: { apps: { "tributary-on-this-machine": { secret: "another", redirectUris: "loopback" } } },
    });
    try {
      const { page } = await wrong.signIn(await wrong.newWorkspace(), "hubspot");
      expect(page.text).toContain("does not accept this installation&#39;s app: its id or secret is wrong");
    } finally {
      await wrong.stop();
    }
  });

  it("says that the tool could not be reached when it does not answer, and connects nothing", async () => {
    const workspaceId = await place.newWorkspace();
    place.hubspot.signIn.faults.broken = { count: 1, status: 502 };
    const { page } = await place.signIn(workspaceId, "hubspot");
    expect(page.text).toContain("HubSpot could not answer (HTTP 502)");
    expect(await place.connectionsOf(workspaceId)).toEqual([]);
  });

  it("works at Stripe by Connect, whose token stays, and by a Stripe App, whose tokens rotate", async () => {
    const [one, two] = [await place.newWorkspace(), await place.newWorkspace()];
    const connect = await place.signIn(one, "stripe", { way: "connect" });
    expect(connect.ending).toMatchObject({ outcome: "connected", account: "acct_1TwinTwinTwinTwin" });
    const app = await place.signIn(two, "stripe", { way: "app" });
    expect(app.ending).toMatchObject({ outcome: "connected", account: "acct_1TwinTwinTwinTwin" });
    const states = [await place.deps.credentials.signIns(one), await place.deps.credentials.signIns(two)].flat();
    expect(states.map(({ way, expiresAt }) => [way, expiresAt === null])).toEqual([
      ["connect", true],
      ["app", false],
    ]);
  });
});

describe("signing in at Klaviyo", () => {
  it("takes PKCE and HTTP Basic, reads and is refreshed, and ends at the vendor", async () => {
    const workspaceId = await place.newWorkspace();
    const { ending } = await place.signIn(workspaceId, "klaviyo");
    expect(ending).toMatchObject({ outcome: "connected", account: "TrbTwn", lacking: [] });
    const [row] = await place.connectionsOf(workspaceId);
    if (row === undefined) throw new Error("It was just connected.");
    place.advance(2 * 3_600_000);
    const opened = await openConnection(place.deps, workspaceId, row.connectionId, AbortSignal.timeout(60_000));
    expect((await opened.connection.check()).account).toBe("TrbTwn");
    expect(place.klaviyo.answers.get("POST /oauth/token 200")).toBe(2);
    expect(await disconnect(place.deps, row, "test")).toBe("revoked");
    expect(place.klaviyo.signIn.good()).toEqual([]);
  });

  it("refuses where a needed scope was not granted", async () => {
    place.klaviyo.signIn.faults.withheld.add("profiles:write");
    const { page } = await place.signIn(await place.newWorkspace(), "klaviyo");
    place.klaviyo.signIn.faults.withheld.clear();
    expect(page.text).toContain("profiles:write (to write the approved values to profiles)");
  });
});

describe("signing in at Google", () => {
  const READ = "https://www.googleapis.com/auth/analytics.readonly";
  const given = { propertyId: "314159265" };

  it("reads the property that was named, keeps the refresh token that no refresh repeats, and asks for it offline", async () => {
    const workspaceId = await place.newWorkspace();
    await expect(place.begin(workspaceId, "ga4")).rejects.toThrow("needs its property id besides");
    const { link } = await place.begin(workspaceId, "ga4", { given });
    const browser = new Browser();
    const consent = await browser.open(link);
    expect(Object.fromEntries(new URL(consent.url).searchParams)).toMatchObject({
      ...{ scope: READ, access_type: "offline", prompt: "consent", code_challenge_method: "S256" },
    });
    expect((await browser.decide(consent)).text).toContain("Connected");
    const [row] = await place.connectionsOf(workspaceId);
    if (row === undefined) throw new Error("It was just connected.");
    for (let hour = 0; hour < 3; hour += 1) {
      place.advance(3_600_000);
      const opened = await openConnection(place.deps, workspaceId, row.connectionId, AbortSignal.timeout(60_000));
      expect((await opened.connection.check()).account).toContain("314159265");
    }
    expect(place.ga4.answers.get("POST /token 200")).toBe(4);
    await expect(place.signIn(workspaceId, "ga4", { of: row, given })).resolves.toMatchObject({
      ending: { outcome: "connected", renewed: true },
    });
  });

  it("refuses a person who leaves out what is needed, or who may not see the property", async () => {
    const workspaceId = await place.newWorkspace();
    const without = await place.signIn(workspaceId, "ga4", { given, without: [READ] });
    expect(without.page.text).toContain(`did not grant what is needed: ${READ} (to read reports and audiences)`);
    const stranger = await place.signIn(workspaceId, "ga4", { given, account: "somebody-else@example.com" });
    expect(stranger.ending).toMatchObject({ outcome: "refused" });
    expect(await place.connectionsOf(workspaceId)).toEqual([]);
  });

  it("takes settings beside the sign-in, and what they need of Google is granted or named", async () => {
    const workspaceId = await place.newWorkspace();
    const shop = { name: "Marlow Books", currency: "GBP", timeZone: "Europe/London", test: true };
    place.googleAds.load({
      ...{ accounts: [{ id: "2345678901", manager: null, ...shop }], campaigns: [], figures: [], clicks: [] },
    });
    const MANAGE = "https://www.googleapis.com/auth/datamanager";
    const customer = { given: { customerId: "2345678901" } };
    const settings = { backfillDays: 1, clickDays: 1, audience: { size: 200, customerMatchTerms: "accepted" } };
    await expect(
      place.begin(workspaceId, "google-ads", { ...customer, settings: { audience: { size: 200 } } }),
    ).rejects.toThrow("Google Ads cannot be set up like that");
    const ensured = async () => {
      const [row] = await place.connectionsOf(workspaceId);
      if (row === undefined) throw new Error("It was just connected.");
      const { connection } = await openConnection(
        place.deps,
        workspaceId,
        row.connectionId,
        AbortSignal.timeout(60_000),
      );
      const audience = { name: "tributary_audience_test", title: "Test", description: "For a test" };
      return {
        settings: row.settings,
        report: await connection.ensureAudience(audience).catch((error: unknown) => error),
      };
    };
    const partly = await place.signIn(workspaceId, "google-ads", { ...customer, settings, without: [MANAGE] });
    expect(partly.ending).toMatchObject({ outcome: "connected", withheld: [{ name: MANAGE }], lacking: [] });
    const refused = await ensured();
    expect(refused.settings).toEqual(settings);
    expect(refused.report).toMatchObject({ kind: "permission", message: expect.stringContaining(MANAGE) });
    // Again for the same account, and settings that are not given stay as they are.
    const whole = await place.signIn(workspaceId, "google-ads", customer);
    expect(whole.ending).toMatchObject({ outcome: "connected", renewed: true, withheld: [] });
    expect(await ensured()).toEqual({ settings, report: { name: "tributary_audience_test", outcome: "created" } });
    const less = { backfillDays: 2, clickDays: 1 };
    await place.signIn(workspaceId, "google-ads", { ...customer, settings: less });
    expect((await place.connectionsOf(workspaceId)).map((row) => row.settings)).toEqual([less]);
  });

  it("ends the access only with the last of its tools: it is everything the person granted", async () => {
    const workspaceId = await place.newWorkspace();
    const shop = { name: "Marlow Books", currency: "GBP", timeZone: "Europe/London", test: true };
    const accounts = [{ id: "1234567890", manager: null, ...shop }];
    place.googleAds.load({ accounts, campaigns: [], figures: [], clicks: [] });
    await place.signIn(workspaceId, "ga4", { given });
    const { ending } = await place.signIn(workspaceId, "google-ads", { given: { customerId: "1234567890" } });
    expect(ending).toMatchObject({ outcome: "connected" });
    const [ga4, ads] = await place.connectionsOf(workspaceId);
    if (ga4 === undefined || ads === undefined) throw new Error("Both were just connected.");
    const others = await place.deps.credentials.signedInBesides(
      [{ connector: "ga4", way: "google" }],
      null,
      ga4.connectionId,
    );
    expect(others).toBeGreaterThan(0);
    expect(await disconnect(place.deps, ga4, "test")).toBe("shared");
    expect(place.ga4.requests.get("POST /revoke") ?? 0).toBe(0);
  });

  it("fills no audience for a person who left that out, and does for one who did not", async () => {
    const DATA_MANAGER = "https://www.googleapis.com/auth/datamanager";
    const audience = { name: "of_this_test", title: "Of this test", description: "" };
    const settings = { audience: { customerMatchTerms: "accepted" } };
    const account = { customerId: "1234567890" };
    for (const [without, outcome] of [
      [[DATA_MANAGER], "permission"],
      [[], "created"],
    ] as const) {
      const workspaceId = await place.newWorkspace();
      const signedIn = await place.signIn(workspaceId, "google-ads", { given: account, without: [...without] });
      expect(signedIn.ending).toMatchObject({ outcome: "connected", withheld: without.map((name) => ({ name })) });
      const input = { connector: "google-ads", name: "main", settings };
      const { connectionId } = await place.deps.connections.upsertConnection(workspaceId, input, "test");
      const opened = await openConnection(place.deps, workspaceId, connectionId, AbortSignal.timeout(60_000));
      const made = opened.connection.ensureAudience(audience).then(
        (report) => report.outcome,
        (error: unknown) => (error instanceof ConnectorError ? error.kind : error),
      );
      expect(await made).toBe(outcome);
    }
  });
});

describe("who may end a sign-in", () => {
  it("is the browser that opened the link: the answer in another one connects nothing", async () => {
    const workspaceId = await place.newWorkspace();
    const { link } = await place.begin(workspaceId, "hubspot");
    const [victim, attacker] = [new Browser(), new Browser()];
    const consent = await attacker.open(link);
    await attacker.decide(consent, { deny: true });
    const { link: second } = await place.begin(workspaceId, "hubspot");
    const asked = await attacker.open(second);
    const state = new URL(asked.url).searchParams.get("state");
    const before = tokenCalls();
    const page = await victim.get(`${place.origin}/connect/callback?code=of-the-attacker&state=${state}`);
    expect([page.status, page.text]).toEqual([409, expect.stringContaining("begun in another browser")]);
    expect(tokenCalls()).toBe(before);
    expect(await place.connectionsOf(workspaceId)).toEqual([]);
  });

  it("opens a link in one browser only, which may open it again; the state before is worth nothing then", async () => {
    const workspaceId = await place.newWorkspace();
    const { link } = await place.begin(workspaceId, "hubspot");
    const browser = new Browser();
    const first = await browser.open(link);
    const second = await browser.open(link);
    const other = await new Browser().get(link);
    expect([other.status, other.text]).toEqual([409, expect.stringContaining("opened in another browser already")]);
    expect((await browser.decide(first)).text).toContain("not known here, or was used already");
    expect((await browser.decide(second)).text).toContain("is connected as");
  });

  it("takes an answer once: the same address again is refused, and asks for no token", async () => {
    const workspaceId = await place.newWorkspace();
    const { link } = await place.begin(workspaceId, "hubspot");
    const browser = new Browser();
    await browser.decide(await browser.open(link));
    const callback = browser.visited.find((url) => url.includes("/connect/callback")) ?? "";
    const before = tokenCalls();
    const again = await browser.get(callback);
    expect([again.status, again.text]).toEqual([404, expect.stringContaining("was used already")]);
    expect(tokenCalls()).toBe(before);
    expect(await place.connectionsOf(workspaceId)).toHaveLength(1);
  });

  it("uses a state up with its first use, by the browser that it was given to", async () => {
    const workspaceId = await place.newWorkspace();
    const { link, signInId } = await place.begin(workspaceId, "hubspot");
    const attempt = await place.deps.signInAttempts.get(workspaceId, signInId);
    if (attempt === null) throw new Error("It was just begun.");
    const { signInAttempts } = place.deps;
    const [browser, state] = ["b".repeat(43), "s".repeat(43)];
    expect(link).toContain("/connect/");
    expect(await signInAttempts.open(attempt, { browser, state })).toBe(true);
    expect(await signInAttempts.use(attempt, { browser: "x".repeat(43), state }), "another browser").toBe(false);
    expect(await signInAttempts.use(attempt, { browser, state: "x".repeat(43) }), "another state").toBe(false);
    expect(await signInAttempts.use(attempt, { browser, state })).toBe(true);
    // What came twice is exchanged once, also before the first has ended.
    expect(await signInAttempts.use(attempt, { browser, state }), "the second time").toBe(false);
  });

  it("takes no link that is unknown, cut off or half an hour old", async () => {
    const workspaceId = await place.newWorkspace();
    const browser = new Browser();
    expect((await browser.get(`${place.origin}/connect/${"x".repeat(43)}`)).status).toBe(404);
    expect((await browser.get(`${place.origin}/connect/abc`)).text).toContain("This link is not whole");
    expect((await browser.get(`${place.origin}/connect/callback`)).status).toBe(404);
    const { link } = await place.begin(workspaceId, "hubspot");
    const consent = await browser.open(link);
    place.advance(31 * 60_000);
    expect((await browser.get(link)).text).toContain("has expired");
    expect((await browser.decide(consent)).text).toContain("has expired");
    expect(await place.connectionsOf(workspaceId)).toEqual([]);
  });

  it("is not used up by a look ahead: neither HEAD nor a prefetch opens a link", async () => {
    const workspaceId = await place.newWorkspace();
    const { link } = await place.begin(workspaceId, "hubspot");
    expect((await fetch(link, { method: "HEAD" })).status).toBe(404);
    expect((await fetch(link, { headers: { "sec-purpose": "prefetch;prerender" } })).status).toBe(503);
    const browser = new Browser();
    expect((await browser.decide(await browser.open(link))).text).toContain("is connected as");
  });

  it("keeps the cookie from scripts and other sites, and is known by its own names alone", async () => {
    const { link } = await place.begin(await place.newWorkspace(), "hubspot");
    const answer = await fetch(link);
    const cookie = answer.headers.getSetCookie().join();
    for (const word of ["HttpOnly", "SameSite=Lax", "Path=/connect"]) expect(cookie).toContain(word);
    expect(answer.headers.get("referrer-policy")).toBe("no-referrer");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const { port } = new URL(link);
    const { request } = await import("node:http");
    const status = await new Promise((resolve) => {
      request({ port, host: "127.0.0.1", path: "/connect/callback", headers: { host: "evil.example" } }, (reply) => {
        reply.resume();
        resolve(reply.statusCode);
      }).end();
    });
    expect(status).toBe(421);
  });
});

describe("which account it is", () => {
  it("is one connection, however often it is signed in, with its reading positions", async () => {
    const workspaceId = await place.newWorkspace();
    await place.signIn(workspaceId, "hubspot");
    const [first] = await place.connectionsOf(workspaceId);
    const { ending } = await place.signIn(workspaceId, "hubspot", { name: "second" });
    expect(ending).toMatchObject({ outcome: "connected", renewed: true, connectionId: first?.connectionId });
    expect(await place.connectionsOf(workspaceId)).toHaveLength(1);
  });

  it("takes over a connection that was made with a key", async () => {
    const workspaceId = await place.newWorkspace();
    const { hubspot, deps } = place;
    const input = { connector: "hubspot", credentials: { accessToken: hubspot.accessToken }, baseUrl: hubspot.url };
    const { connection } = await connect(deps, workspaceId, input, "test");
    const { ending } = await place.signIn(workspaceId, "hubspot");
    expect(ending).toMatchObject({ renewed: true, connectionId: connection.connectionId });
    expect(await deps.credentials.get(workspaceId, connection.connectionId)).toBeNull();
  });

  it("is refused in words where a connection of another account is signed in again", async () => {
    const workspaceId = await place.newWorkspace();
    await place.signIn(workspaceId, "hubspot");
    const [connection] = await place.connectionsOf(workspaceId);
    if (connection === undefined) throw new Error("It was just connected.");
    const before = await place.deps.credentials.read(workspaceId, connection.connectionId);
    const { page } = await place.signIn(workspaceId, "hubspot", { of: connection, account: HUBSPOT_SISTER });
    expect(page.text).toContain(`belong to another account (${HUBSPOT_SISTER})`);
    expect(page.text).toContain("reading positions and plans belong to that one");
    expect(await place.deps.credentials.read(workspaceId, connection.connectionId)).toEqual(before);
  });

  it("asks for a name of its own for a second account", async () => {
    const workspaceId = await place.newWorkspace();
    await place.signIn(workspaceId, "hubspot");
    const unnamed = await place.signIn(workspaceId, "hubspot", { account: HUBSPOT_SISTER });
    expect(unnamed.page.text).toContain("--name NAME");
    const named = await place.signIn(workspaceId, "hubspot", { account: HUBSPOT_SISTER, name: "sister" });
    expect(named.ending).toMatchObject({ outcome: "connected", renewed: false });
    expect((await place.connectionsOf(workspaceId)).map(({ name }) => name)).toEqual(["main", "sister"]);
  });
});

it("shows what is connected, how, and what was not granted", async () => {
  // The pages show the first workspace by its name.
  await place.signIn(workspaceIdOf("shop-0"), "hubspot", { without: ["crm.schemas.contacts.write"] });
  const page = await new Browser().get(`${place.origin}/connect`);
  expect(page.status).toBe(200);
  expect(page.text).toContain("48151623 (test)");
  expect(page.text).toContain("signed in; not granted: crm.schemas.contacts.write (to create the properties");
  expect(page.text).toContain("KLAVIYO_CLIENT_ID");
  expect(place.hubspot.signIn.everything().filter((secret) => page.text.includes(secret))).toEqual([]);
});

describe("where tokens are not", () => {
  it("is every address, page and line of the log, and every row of the database", async () => {
    const workspaceId = await place.newWorkspace();
    const { link } = await place.begin(workspaceId, "hubspot");
    const browser = new Browser();
    const pages = [await browser.get(link)];
    pages.push(await browser.decide(await browser.open(link)));
    const secrets = place.hubspot.signIn.everything().filter((text) => !text.startsWith("code_"));
    expect(secrets.length).toBeGreaterThan(1);
    const rows = await place.test.database.inWorkspace(workspaceId, (transaction) =>
      transaction.query<{ line: string }>(
        "SELECT to_jsonb(c)::text || encode(ciphertext, 'escape') AS line FROM credential c UNION ALL SELECT to_jsonb(s)::text FROM sign_in s UNION ALL SELECT to_jsonb(a)::text FROM audit_log a",
      ),
    );
    expect(rows.length).toBeGreaterThan(2);
    const everywhere = [
      ...rows.map(({ line }) => line),
      ...pages.map(({ text }) => text),
      ...browser.visited,
      place.logged(),
    ].join("\n");
    expect(secrets.filter((secret) => everywhere.includes(secret))).toEqual([]);
    // Nor does what the browser ends up with hold the code or the state.
    expect(browser.visited.at(-1)).toMatch(/\/connect\/ended\/[0-9a-f-]{36}\/[0-9a-f-]{36}$/);
  });
});
