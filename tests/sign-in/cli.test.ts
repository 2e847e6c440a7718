/** `tributary connect` as a person has it: a link, a browser, and what the command says in the end. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Browser, type Decision } from "#stack/demo-shop/browser.ts";
import { runCli, type Ended } from "#tests/console/run-cli.ts";
import { startPlace, type Place } from "./place.ts";

let place: Place;
let folder: string;
let environment: Record<string, string>;
beforeAll(async () => {
  place = await startPlace();
  folder = mkdtempSync(join(tmpdir(), "tributary-sign-in-"));
  const [[, key] = ["", Buffer.of()]] = place.keys.keys;
  environment = {
    ...{ DATABASE_URL: place.test.appUrl, TEMPORAL_ADDRESS: "127.0.0.1:1", TRIBUTARY_DATA_DIR: folder },
    ...{ TRIBUTARY_KEY: key.toString("base64"), PORT: new URL(place.origin).port },
  };
});
afterAll(async () => {
  await place.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]): Promise<Ended> => runCli(environment, args);

/** Runs the command, and signs in with the link that it prints. */
async function signingIn(args: string[], decision: Decision = {}): Promise<Ended> {
  const program = fileURLToPath(new URL("../../console/cli/main.ts", import.meta.url));
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", program, ...args], {
    env: environment,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended: Ended = { code: null, out: "", err: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (ended.out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (ended.err += text));
  const closed = once(child, "close");
  const link = () => /http:\/\/localhost:\d+\/connect\/[\w-]{43}/.exec(ended.err)?.[0];
  while (link() === undefined && child.exitCode === null) await Promise.race([once(child.stderr, "data"), closed]);
  const browser = new Browser();
  await browser.decide(await browser.open(link() ?? ""), decision);
  const [code] = await closed;
  return { ...ended, code: code as number | null };
}

it("prints a link, waits, and says which account was connected, what it lacks and what is next", async () => {
  await tributary("workspace", "create", "tea", "--country", "GB", "--currency", "GBP", "--time-zone", "Europe/London");
  const where = ["--workspace", "tea", "--base-url", place.hubspot.url];
  const declined = await signingIn(["connect", "hubspot", "--sign-in", ...where], { deny: true });
  expect(declined).toMatchObject({ code: 1, out: "" });
  expect(declined.err).toContain("Access was declined at HubSpot, so nothing was connected.");
  const optional = "communication_preferences.statuses.batch.read";
  const connected = await signingIn(["connect", "hubspot", "--sign-in", ...where], { without: [optional] });
  expect(connected.code).toBe(0);
  expect(connected.out).toContain('Connected HubSpot account 48151623 as "main" in the workspace tea.');
  expect(connected.err).toContain(`It was not granted ${optional}, which would let us read who subscribed`);
  expect(connected.out).toContain("Next: tributary sync");
  const again = await signingIn(["reconnect", "hubspot", "--sign-in", "--workspace", "tea"]);
  expect([again.code, again.out]).toEqual([0, expect.stringContaining("Signed in again to HubSpot account 48151623")]);
  const gone = await tributary("disconnect", "hubspot", "--workspace", "tea");
  expect(gone.out).toContain("The sign-in was ended at HubSpot, and its tokens are deleted here.");
  const secrets = place.hubspot.signIn.everything();
  for (const { out, err } of [declined, connected, again, gone])
    expect(secrets.filter((secret) => (out + err).includes(secret))).toEqual([]);
});

it("says what to set where nobody registered an app, and that the console has to run", async () => {
  const unset = await tributary("connect", "stripe", "--sign-in", "--workspace", "tea");
  expect(unset).toMatchObject({ code: 1, out: "" });
  expect(unset.err).toContain("set STRIPE_CLIENT_ID and STRIPE_CLIENT_SECRET (a Stripe platform with Connect)");
  const away = await runCli({ ...environment, PORT: "9" }, ["connect", "stripe", "--sign-in", "--workspace", "tea"]);
  expect(away).toMatchObject({ code: 1, out: "" });
  expect(away.err).toContain("The console does not answer at http://localhost:9");
  const settings = ["--settings", '{"overlapMinutes": 0}', "--base-url", place.hubspot.url];
  const wrong = await tributary("connect", "hubspot", "--sign-in", ...settings, "--workspace", "tea");
  expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining("HubSpot cannot be set up like that")]);
  const strange = await tributary("connect", "hubspot", "--sign-in", "--way", "x", "--workspace", "tea");
  expect([strange.code, strange.err]).toEqual([
    2,
    expect.stringContaining('no way to sign in called "x"; there are: app'),
  ]);
});

it("changes the keys of every workspace, and says which are needed", async () => {
  const connected = await signingIn([
    ...["connect", "stripe", "--sign-in", "--way", "app", "--workspace", "tea", "--base-url", place.stripe.url],
  ]);
  expect(connected.code).toBe(0);
  const [[oldId, old] = ["", Buffer.of()]] = place.keys.keys;
  const next = Buffer.alloc(32, 7).toString("base64");
  const both = { ...environment, TRIBUTARY_KEY: `${next},${old.toString("base64")}` };
  const before = await runCli(both, ["keys", "status"]);
  expect(before.out).toMatch(
    new RegExp(`encrypts, no credentials need it\\n${oldId} {2}decrypts only, credentials need it`),
  );
  const rotated = await runCli(both, ["keys", "rotate", "--data", "--json"]);
  expect(JSON.parse(rotated.out)).toMatchObject({ rewrapped: 1, resealed: 1, dropped: 1, stillNeeded: [] });
  const alone = await runCli({ ...environment, TRIBUTARY_KEY: next }, ["resume", "stripe", "--workspace", "tea"]);
  expect([alone.code, alone.err]).toEqual([0, ""]);
  const without = await tributary("keys", "rotate");
  expect([without.code, without.err]).toEqual([1, expect.stringContaining("The master key is not the one")]);
});
