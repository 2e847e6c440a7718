import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { twinOf } from "#connectors/twins.ts";
import { emptyDataDir } from "#stack/data-dir.ts";
import { endLeftovers } from "#stack/leftovers.ts";
import { clusterFolderOf, endLeftoverServer } from "#stack/postgres/cluster.ts";
import { findFreePort } from "#stack/ports.ts";
import { runCli, type Ended } from "#tests/console/run-cli.ts";

/** The page itself: what a person would type, in its order. */
const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs", "first-real-account.md"), "utf8");
const lines = [...page.matchAll(/^```sh\n(.*?)^```/gms)].flatMap(([, block = ""]) => block.trim().split("\n"));

const PEOPLE = 50;
const FIELD = "tributary_lifecycle_stage";

let dataDir: string;
let hubspot: string;
const background: ChildProcess[] = [];
/** What this machine has in place of the page's ports. */
const ports = new Map<string, number>();

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "tributary-first-account-"));
  for (const port of ["4101", "4102"]) ports.set(port, await findFreePort());
  hubspot = `http://127.0.0.1:${ports.get("4101")}`;
});
afterAll(async () => {
  for (const child of background.toReversed()) child.kill("SIGTERM");
  for (let waited = 0; existsSync(join(dataDir, "lock")) && waited < 60; waited++) await sleep(500);
  await endLeftovers(dataDir, () => undefined);
  await endLeftoverServer(clusterFolderOf(dataDir), () => undefined);
  emptyDataDir(dataDir);
  rmSync(dataDir, { recursive: true, force: true });
});

const begin = (line: string): ChildProcess =>
  spawn("sh", ["-c", `exec ${line}`], {
    cwd: root,
    env: { ...process.env, TRIBUTARY_DATA_DIR: dataDir, HUBSPOT_ACCESS_TOKEN: "", STRIPE_API_KEY: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });

/** Runs in a terminal of its own until the end of the test. */
async function inAnotherTerminal(line: string, ready: string): Promise<void> {
  const child = begin(line);
  background.push(child);
  if (child.stdout === null) throw new Error("Its output is read.");
  const seen: string[] = [];
  for await (const said of createInterface({ input: child.stdout })) {
    seen.push(said);
    if (said.includes(ready)) {
      child.stdout.resume();
      return;
    }
  }
  throw new Error(`${line} ended without saying "${ready}": ${seen.join("\n")}`);
}

async function run(line: string): Promise<Ended> {
  const child = spawn("sh", ["-c", line], {
    cwd: root,
    env: { ...process.env, TRIBUTARY_DATA_DIR: dataDir, HUBSPOT_ACCESS_TOKEN: "", STRIPE_API_KEY: "" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [out, err] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (err += text));
  const [code] = await once(child, "close");
  return { code: code as number, out, err };
}

/** A look beside the page: the same program, without npx. */
const tributary = (...args: string[]): Promise<Ended> => runCli({ TRIBUTARY_DATA_DIR: dataDir }, args);

async function plans(): Promise<{ planId: string; connector: string; kind: string; status: string }[]> {
  const { out } = await tributary("plan", "list", "--json");
  const plan = z.object({ planId: z.string(), connector: z.string(), kind: z.string(), status: z.string() });
  return z.array(plan).parse(JSON.parse(out));
}

/** How many of the account's contacts have our field, asked of the tool itself. */
async function written(): Promise<number> {
  const token = twinOf("hubspot").credentials["accessToken"] ?? "";
  const reply = await fetch(`${hubspot}/crm/v3/objects/contacts?limit=100&properties=${FIELD}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const contact = z.object({ properties: z.record(z.string(), z.string().nullable()) });
  const { results } = z.object({ results: z.array(contact) }).parse(await reply.json());
  return results.filter(({ properties }) => (properties[FIELD] ?? "") !== "").length;
}

it("works line by line as the page says, and a second workspace beside it sees nothing of the first", async () => {
  let plan: string | undefined;
  for (const written of lines) {
    const line = written.replace(/410[12]/g, (port) => String(ports.get(port)));
    if (line.startsWith("npm start")) await inAnotherTerminal(line, "Running; Ctrl-C");
    else if (line.startsWith("npm run twin")) await inAnotherTerminal(line, "answers at");
    else {
      if (line.includes("<plan>") && plan === undefined)
        plan = (await plans()).find(({ connector, status }) => connector === "hubspot" && status === "waiting")?.planId;
      const { code, out, err } = await run(line.replaceAll("<plan>", plan ?? "none"));
      expect([line, code, code === 0 ? "" : err]).toEqual([line, 0, ""]);
      await expectAfter(line, out);
    }
  }
  // The page has not lost what it is about.
  for (const step of ["workspace create", "connect hubspot", "connect stripe", "sync", "plan approve", "plan undo"])
    expect(lines.filter((line) => line.includes(`tributary ${step}`))).toHaveLength(1);
  await expectNothingInASecondWorkspace(plan ?? "");
}, 400_000);

async function expectAfter(line: string, out: string): Promise<void> {
  if (line.includes("connect hubspot")) expect(out).toContain("Nothing is written to it until you approve a plan.");
  if (line.includes("tributary status")) expect(out).toContain(`${PEOPLE} customers`);
  if (line.includes("plan list")) {
    // Not even a second account's first plan is written unasked.
    expect((await plans()).map(({ connector, status }) => `${connector} ${status}`).toSorted()).toEqual([
      "hubspot waiting",
      "stripe waiting",
    ]);
    expect(await written()).toBe(0);
  }
  if (line.includes("plan approve")) expect(await written()).toBeGreaterThan(PEOPLE / 2);
  if (line.includes("plan undo")) expect(await written()).toBe(0);
}

async function expectNothingInASecondWorkspace(planOfTheFirst: string): Promise<void> {
  const place = ["--country", "DE", "--currency", "EUR", "--time-zone", "Europe/Berlin"];
  const made = await tributary("workspace", "create", "second", ...place);
  expect([made.code, made.err]).toEqual([0, ""]);
  const second = (...args: string[]) => tributary("--workspace", "second", ...args);
  const [status, list, show, export_, unnamed, first] = await Promise.all([
    second("status", "--json"),
    second("plan", "list", "--json"),
    second("plan", "approve", planOfTheFirst),
    second("export", join(dataDir, "second.csv")),
    tributary("status"),
    tributary("--workspace", "main", "status", "--json"),
  ]);
  const answer = z.object({ overview: z.object({ profiles: z.number() }), streams: z.array(z.unknown()) });
  expect(answer.parse(JSON.parse(first.out)).overview.profiles).toBe(PEOPLE);
  expect(answer.parse(JSON.parse(status.out))).toMatchObject({ overview: { profiles: 0 }, streams: [] });
  expect(JSON.parse(list.out)).toEqual([]);
  expect(show).toMatchObject({ code: 3, out: "" });
  expect(export_.code).toBe(0);
  expect(readFileSync(join(dataDir, "second.csv"), "utf8").trim().split("\n")).toHaveLength(1);
  expect(unnamed).toMatchObject({ code: 2, out: "" });
  expect(unnamed.err).toContain("main, second");
  const { out } = await tributary("--workspace", "main", "export");
  const [person = ""] = (out.split("\n")[1] ?? "").split(",");
  expect(person).not.toBe("");
  expect((await second("profile", person)).code).toBe(3);
}
