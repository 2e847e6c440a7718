import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { randomBytes } from "node:crypto";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { readMasterKeys } from "#config.ts";
import { startHubspotTwin, type HubspotTwin } from "#connectors/hubspot/twin/index.ts";
import { startStripeTwin, type StripeTwin } from "#connectors/stripe/twin/index.ts";
import { refuseDemo } from "#console/connection-rules.ts";
import { connect, type ConnectInput } from "#console/connections.ts";
import { setWorkspace } from "#console/workspaces.ts";
import { createLogger } from "#logger.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import { createDependencies } from "#workflows/create-dependencies.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { runCli, type Ended } from "./run-cli.ts";

const SECRET = "pat-eu1-0badcafe-0000-4000-8000-000000000000";
const STRIPE_SECRET = "sk_test_0badcafe0badcafe";

let test: TestDatabase;
let hubspot: HubspotTwin;
let stripe: StripeTwin;
let folder: string;
let environment: Record<string, string>;
let deps: Dependencies;
let close: () => Promise<void>;

beforeAll(async () => {
  test = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), "tributary-connect-"));
  hubspot = await startHubspotTwin({ accessToken: SECRET });
  stripe = await startStripeTwin({ apiKey: STRIPE_SECRET });
  const key = randomBytes(32).toString("base64");
  environment = {
    DATABASE_URL: test.appUrl,
    TEMPORAL_ADDRESS: "127.0.0.1:1",
    TRIBUTARY_KEY: key,
    TRIBUTARY_DATA_DIR: folder,
  };
  ({ dependencies: deps, close } = createDependencies(
    { databaseUrl: test.appUrl, masterKeys: readMasterKeys({ TRIBUTARY_KEY: key }, "") },
    createLogger({ name: "test", level: "fatal" }),
  ));
});
afterAll(async () => {
  await close();
  await Promise.all([hubspot.close(), stripe.close()]);
  await test.drop();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]): Promise<Ended> => runCli(environment, args);
const withEnvironment = (more: Record<string, string>, ...args: string[]) => runCli({ ...environment, ...more }, args);

let files = 0;
function file(content: string): string {
  const path = join(folder, `token-${files++}`);
  writeFileSync(path, content, { mode: 0o600 });
  return path;
}

let shops = 0;
/** A workspace of its own for each question. */
async function newWorkspace(): Promise<string> {
  const slug = `shop-${shops++}`;
  const input = { slug, name: slug, defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London" };
  await deps.connections.createWorkspace(input);
  return slug;
}

const connectionsOf = (slug: string) => deps.connections.listConnections(workspaceIdOf(slug));

describe("tributary workspace", () => {
  it("makes, lists and changes workspaces", async () => {
    const words = ["--country", "nl", "--currency", "eur", "--time-zone", "Europe/Amsterdam", "--week-start", "Sunday"];
    const made = await tributary("workspace", "create", "tea", "--name", "Tea & Co", ...words);
    expect(made).toMatchObject({ code: 0 });
    expect(made.err).toContain("a worker schedules the refreshes as soon as it reaches it");
    const changed = await tributary(
      "workspace",
      "set",
      "tea",
      "--time-zone",
      "Europe/Berlin",
      "--refresh",
      "2h",
      "--json",
    );
    expect(JSON.parse(changed.out)).toMatchObject({
      ...{ slug: "tea", name: "Tea & Co", defaultCountry: "NL", currency: "EUR" },
      ...{ timeZone: "Europe/Berlin", weekStart: 7, refreshMinutes: 120 },
    });
    expect((await tributary("workspace", "list")).out).toMatch(
      /tea +Tea & Co +NL +EUR +Europe\/Berlin +sunday +every 2 hours /,
    );
  });

  it("refuses what cannot be, says everything that is wrong, and guesses nothing", async () => {
    const wrong = ["--country", "Blefuscu", "--currency", "QQQ", "--time-zone", "+01:00", "--week-start", "tea"];
    const [all, missing, slug, demo, twice, nobody, nothing] = await Promise.all([
      tributary("workspace", "create", "wrong", ...wrong),
      tributary("workspace", "create", "wrong", "--country", "GB"),
      tributary("workspace", "create", "Tea Shop", "--country", "GB", "--currency", "GBP", "--time-zone", "UTC"),
      tributary("workspace", "create", "demo", "--country", "GB", "--currency", "GBP", "--time-zone", "UTC"),
      tributary("workspace", "create", "test", "--country", "GB", "--currency", "GBP", "--time-zone", "UTC"),
      tributary("workspace", "set", "nobody", "--name", "x"),
      tributary("workspace", "set", "test"),
    ]);
    for (const word of ["Blefuscu", "QQQ", "+01:00", '"tea"']) expect(all.err).toContain(word);
    expect(missing.err).toContain("needs --currency, --time-zone");
    expect(demo.err).toContain("fictitious shop");
    expect(twice.err).toContain("already");
    expect([all, missing, slug, demo, twice, nothing].map(({ code }) => code)).toEqual([2, 2, 2, 2, 2, 2]);
    expect(nobody).toMatchObject({ code: 3, out: "" });
    expect((await deps.connections.listWorkspaces()).map((known) => known.slug)).not.toContain("wrong");
  });

  it("takes names of places as time zones, which know summer time, and nothing else", async () => {
    const slug = await newWorkspace();
    for (const timeZone of ["EST", "GMT+1", "+01:00", "Mars/Olympus", "", "Europe", "Etc/", "../etc"])
      await expect(setWorkspace(deps, slug, { timeZone }, "t")).rejects.toThrow("is not a time zone");
    for (const timeZone of ["America/Argentina/Buenos_Aires", "America/Port-au-Prince", "UTC", " Asia/Tokyo "])
      expect((await setWorkspace(deps, slug, { timeZone }, "t")).timeZone).toBe(timeZone.trim());
    expect((await setWorkspace(deps, slug, { timeZone: "europe/london" }, "t")).timeZone).toBe("Europe/London");
  });

  it("is needed by every other command: the only one, or the one that is named", async () => {
    await newWorkspace();
    await newWorkspace();
    const [unnamed, strange] = await Promise.all([tributary("status"), tributary("status", "--workspace", "none")]);
    expect(unnamed).toMatchObject({ code: 2, out: "" });
    expect(unnamed.err).toMatch(/Which workspace\? Add --workspace with one of: .*shop-0/);
    expect(strange.code).toBe(3);
  });
});

describe("tributary connect", () => {
  it("tries the credentials, says whose they are, stores them encrypted and writes nothing unasked", async () => {
    const slug = await newWorkspace();
    const connected = await tributary(
      ...["connect", "hubspot", "--workspace", slug, "--base-url", hubspot.url],
      ...["--token-file", file(`${SECRET}\n`)],
    );
    expect([connected.code, connected.err]).toEqual([0, ""]);
    expect(connected.out).toContain('Connected HubSpot account 48151623 as "main"');
    expect(connected.out).toContain("counts as a test account");
    expect(connected.out).toContain("Nothing is written to it until you approve a plan.");
    const [connection] = await connectionsOf(slug);
    expect(connection).toMatchObject({
      ...{ connector: "hubspot", name: "main", status: "ready", externalAccount: "48151623", mode: "test" },
      ...{ baseUrl: hubspot.url, writeBack: true, autoApplyShare: null },
    });
    const stored = await test.database.inWorkspace(workspaceIdOf(slug), (transaction) =>
      transaction.query<{ ciphertext: Buffer }>("SELECT ciphertext FROM credential"),
    );
    expect(stored).toHaveLength(1);
    expect(stored[0]?.ciphertext.toString("latin1")).not.toContain("0badcafe");
    const destinations = await deps.plans.destinations(workspaceIdOf(slug));
    expect(destinations).toHaveLength(1);
    expect(destinations[0]?.fields.length).toBeGreaterThan(0);
  });

  it("takes a secret from standard input, a file or the environment, and never repeats it", async () => {
    const slug = await newWorkspace();
    const where = ["--workspace", slug, "--base-url", stripe.url];
    const typed = await withInput(`${STRIPE_SECRET}\n`, "connect", "stripe", "--token-file", "-", ...where);
    expect(typed.code).toBe(0);
    expect((await tributary("disconnect", "stripe", "--workspace", slug)).code).toBe(0);
    const given = await withEnvironment({ STRIPE_API_KEY: STRIPE_SECRET }, "connect", "stripe", ...where);
    expect(given).toMatchObject({ code: 0, err: "Using STRIPE_API_KEY from the environment.\n" });
    const [nobody, argument, option, unknown, empty, two] = await Promise.all([
      tributary("connect", "stripe", "--name", "x", ...where),
      tributary("connect", "stripe", STRIPE_SECRET, ...where),
      tributary("connect", "stripe", `--token=${STRIPE_SECRET}`, ...where),
      tributary("connect", STRIPE_SECRET, ...where),
      tributary("connect", "stripe", "--name", "x", "--token-file", file(" \n"), ...where),
      tributary("connect", "stripe", "--name", "x", "--token-file", file(`${STRIPE_SECRET}\nand more`), ...where),
    ]);
    expect(nobody.err).toContain("--token-file FILE (- for standard input) or in STRIPE_API_KEY");
    for (const refused of [nobody, argument, option, unknown, empty, two])
      expect(refused).toMatchObject({ code: 2, out: "" });
    for (const { out, err } of [typed, given, nobody, argument, option, unknown, empty, two])
      expect(out + err).not.toContain("0badcafe");
  });

  it("distinguishes wrong credentials, an unreachable host, one that is no such tool, and a missing permission", async () => {
    const slug = await newWorkspace();
    const as = (url: string, secret = SECRET, tool = "hubspot") =>
      tributary(...["connect", tool, "--workspace", slug, "--base-url", url, "--token-file", file(secret)]);
    const [wrong, away, other] = await Promise.all([
      as(hubspot.url, "pat-eu1-wrong-wrong"),
      as("http://127.0.0.1:9"),
      as(stripe.url),
    ]);
    expect(wrong.err.match(/rejected the credentials/g)).toHaveLength(1);
    expect(wrong.err).toContain("HubSpot rejected the credentials. They were not stored");
    expect(wrong.err).not.toContain("Connect the account again");
    expect(away.err).toBe(
      "HubSpot could not be reached at http://127.0.0.1:9: whether the credentials are right is not known.\n",
    );
    expect(away.err).not.toContain("rejected");
    expect(other.code).toBe(1);
    for (const { err, out, code } of [wrong, away, other]) {
      expect([code, out]).toEqual([1, ""]);
      expect(err).not.toContain("pat-eu1");
    }
    expect(await connectionsOf(slug)).toEqual([]);
  });

  it("sends credentials over the network only encrypted, and only to an address", async () => {
    const workspaceId = workspaceIdOf(await newWorkspace());
    const input = { connector: "hubspot", credentials: { accessToken: SECRET } };
    for (const baseUrl of [
      "http://example.test",
      "http://127.0.0.1.example.test",
      "ftp://127.0.0.1",
      "nonsense",
      "",
      "https://user:x@example.test",
      "https://a.test/?q=1",
      "https://a.test/#x",
      "file:///etc/passwd",
    ])
      await expect(connect(deps, workspaceId, { ...input, baseUrl }, "test")).rejects.toThrow("--base-url must");
  });

  it("asks for a name for a second account, and refuses one account twice", async () => {
    const slug = await newWorkspace();
    const to = (name?: string) => {
      const input = { connector: "stripe", credentials: { apiKey: STRIPE_SECRET }, baseUrl: stripe.url };
      return connect(deps, workspaceIdOf(slug), name === undefined ? input : { ...input, name }, "test");
    };
    await to();
    await expect(to()).rejects.toThrow(/--name NAME.*tributary reconnect stripe/);
    await expect(to("main")).rejects.toThrow(/--name NAME/);
    await expect(to("second")).rejects.toThrow('belongs to the connection "main"');
    for (const name of ["", " x", "a\u0000b", "x".repeat(61), "../x"])
      await expect(to(name)).rejects.toThrow("A connection's name");
    expect(await connectionsOf(slug)).toHaveLength(1);
  });

  it("takes a second account under a name of its own, whose plans wait too", async () => {
    const slug = await newWorkspace();
    const other = await startStripeTwin({ apiKey: STRIPE_SECRET });
    try {
      const workspaceId = workspaceIdOf(slug);
      const at = (baseUrl: string) => ({ connector: "stripe", credentials: { apiKey: STRIPE_SECRET }, baseUrl });
      const { connection } = await connect(deps, workspaceId, at(stripe.url), "test");
      // The twins are one account; as another, it may come in beside the first.
      const account = { externalAccount: "acct_other" };
      await deps.connections.updateConnection(workspaceId, connection.connectionId, account, "test");
      const second = await connect(deps, workspaceId, { ...at(other.url), name: "second" }, "test");
      expect(second.connection).toMatchObject({ name: "second", autoApplyShare: null, status: "ready" });
      expect(await connectionsOf(slug)).toHaveLength(2);
      const ambiguous = await tributary("pause", "stripe", "--workspace", slug);
      expect(ambiguous).toMatchObject({ code: 2, out: "" });
      expect(ambiguous.err).toContain('--name with one of "main", "second"');
    } finally {
      await other.close();
    }
  });

  it("names the permission that is missing: of the account call in a refusal, of a stream beside the connection", async () => {
    const slug = await newWorkspace();
    const input = { connector: "stripe", credentials: { apiKey: STRIPE_SECRET }, baseUrl: stripe.url };
    stripe.faults.denied.add("rak_accounts_kyc_basic_read");
    await expect(connect(deps, workspaceIdOf(slug), input, "test")).rejects.toThrow(
      /^Stripe accepted the credentials, but they lack a permission: .*rak_accounts_kyc_basic_read/,
    );
    stripe.faults.denied.clear();
    stripe.faults.denied.add("rak_subscription_read");
    const connected = await connect(deps, workspaceIdOf(slug), input, "test");
    stripe.faults.denied.clear();
    expect(connected.lacking).toEqual([
      { stream: "subscriptions", reason: expect.stringContaining("rak_subscription_read") },
    ]);
    expect(connected.connection).toMatchObject({ status: "needs_permission" });
  });

  it("keeps the fictitious shop to itself", async () => {
    const words = { defaultCountry: "GB", currency: "GBP", timeZone: "Europe/London" };
    const { workspaceId } = await deps.connections.createWorkspace({ slug: "demo", name: "Demo", ...words });
    const input: ConnectInput = { connector: "stripe", credentials: { apiKey: STRIPE_SECRET }, baseUrl: stripe.url };
    await expect(connect(deps, workspaceId, input, "test")).rejects.toThrow("fictitious shop");
    // Only its own stand-ins on this machine are signed in at.
    for (const baseUrl of [null, "https://api.hubapi.com"])
      expect(() => refuseDemo(workspaceId, { baseUrl })).toThrow("fictitious shop");
    expect(() => refuseDemo(workspaceId, { baseUrl: stripe.url })).not.toThrow();
  });

  it("never puts a test account beside a live one", async () => {
    const slug = await newWorkspace();
    const workspaceId = workspaceIdOf(slug);
    const live = await deps.connections.upsertConnection(workspaceId, { connector: "hubspot", name: "main" }, "test");
    const account = { externalAccount: "7", mode: "live" as const };
    await deps.connections.updateConnection(workspaceId, live.connectionId, account, "test");
    const input: ConnectInput = { connector: "stripe", credentials: { apiKey: STRIPE_SECRET }, baseUrl: stripe.url };
    await expect(connect(deps, workspaceId, input, "test")).rejects.toThrow("made-up customers would be merged");
    await deps.connections.setStatus(workspaceId, live.connectionId, "disconnected", null, "test");
    expect(await connect(deps, workspaceId, input, "test")).toMatchObject({ connection: { mode: "test" } });
  });
});

describe("a connection later", () => {
  it("pauses, resumes, forgets its credentials, and comes back only as the same account", async () => {
    const slug = await newWorkspace();
    const workspaceId = workspaceIdOf(slug);
    const run = (...args: string[]) => tributary(...args, "--workspace", slug);
    expect((await run("pause", "hubspot")).err).toContain("hubspot is not connected here; nothing is yet.");
    await run("connect", "hubspot", "--base-url", hubspot.url, "--token-file", file(SECRET));
    const state = async () =>
      (await connectionsOf(slug)).map(({ status, externalAccount }) => [status, externalAccount]);

    expect((await run("pause", "hubspot")).out).toContain("continues where it stopped");
    expect(await state()).toEqual([["paused", "48151623"]]);
    expect((await run("resume", "hubspot")).out).toContain(
      "continues with the next run; the account is HubSpot account",
    );
    expect(await state()).toEqual([["ready", "48151623"]]);
    expect((await run("reconnect", "hubspot", "--token-file", file(SECRET))).code).toBe(0);

    const [connection] = await connectionsOf(slug);
    if (connection === undefined) throw new Error("It was just connected.");
    const { connectionId } = connection;
    await deps.connections.updateConnection(workspaceId, connectionId, { externalAccount: "999" }, "test");
    const other = await run("reconnect", "hubspot", "--token-file", file(SECRET));
    expect(other).toMatchObject({ code: 1, out: "" });
    expect(other.err).toContain("belong to another account (48151623)");
    expect(other.err).toContain("positions and plans belong to that one");
    expect((await run("resume", "hubspot")).err).toContain("another account");
    await deps.connections.updateConnection(workspaceId, connectionId, { externalAccount: "48151623" }, "test");

    const gone = await run("disconnect", "hubspot", "--json");
    expect(z.object({ status: z.literal("disconnected") }).parse(JSON.parse(gone.out))).toBeTruthy();
    expect(await deps.credentials.get(workspaceId, connectionId)).toBeNull();
    for (const verb of ["pause", "resume"]) expect((await run(verb, "hubspot")).err).toContain("is disconnected");
    expect(await deps.plans.destinations(workspaceId)).toEqual([]);
    expect((await run("connections")).out).toContain("disconnected");
    const back = await run("connect", "hubspot", "--token-file", file(SECRET));
    expect([back.code, await state()]).toEqual([0, [["ready", "48151623"]]]);
  });

  it("keeps what was granted on a wrong key: nothing changes", async () => {
    const slug = await newWorkspace();
    const run = (...args: string[]) => tributary(...args, "--workspace", slug);
    await run("connect", "hubspot", "--base-url", hubspot.url, "--token-file", file(SECRET));
    const refused = await run("reconnect", "hubspot", "--token-file", file("pat-eu1-another-token"));
    expect(refused.err).toContain("rejected the credentials");
    const [connection] = await connectionsOf(slug);
    expect(connection).toMatchObject({ status: "ready" });
    if (connection !== undefined)
      expect(await deps.credentials.get(workspaceIdOf(slug), connection.connectionId)).toEqual({ accessToken: SECRET });
  });

  it("is not touched under another master key, which is named by its id", async () => {
    const slug = await newWorkspace();
    const run = (...args: string[]) => tributary(...args, "--workspace", slug);
    await run("connect", "hubspot", "--base-url", hubspot.url, "--token-file", file(SECRET));
    const other = { TRIBUTARY_KEY: randomBytes(32).toString("base64") };
    const refused = await withEnvironment(
      other,
      ...["reconnect", "hubspot", "--workspace", slug, "--token-file", file(SECRET)],
    );
    expect(refused).toMatchObject({ code: 1, out: "" });
    expect(refused.err).toMatch(/The master key is not the one .* need the key [0-9a-f]{12}; configured: [0-9a-f]{12}/);
    expect(refused.err).not.toContain(other.TRIBUTARY_KEY);
  });
});

/** The command with something on standard input. */
async function withInput(input: string, ...args: string[]): Promise<Ended> {
  const program = fileURLToPath(new URL("../../console/cli/main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, ...args], {
    env: environment,
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended: Ended = { code: null, out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.err += text));
  child.stdin.end(input);
  const [code] = await once(child, "close");
  return { ...ended, code: code as number | null };
}
