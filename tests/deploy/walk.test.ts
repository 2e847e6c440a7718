/** docs/operating.md, "Without containers, line by line": what an operator types, in its order, on servers of his own. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { z } from "zod";
import { twinOf } from "#connectors/twins.ts";
import { findFreePort } from "#stack/ports.ts";
import { startPostgres, type RunningPostgres } from "#stack/postgres/server.ts";
import type { RunningTemporal } from "#stack/temporal/server.ts";
import { connect } from "#tests/support/installation.ts";
import { startPgbouncer, type Pooler } from "#tests/support/pgbouncer.ts";
import { startOwnTemporal } from "#tests/support/temporal.ts";
import { openTerminal, type Background, type Terminal } from "./terminal.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = readFileSync(join(root, "docs", "operating.md"), "utf8");
const section = /^## Without containers, line by line$(.*?)^## /ms.exec(page)?.[1] ?? "";

/** A line of shell, or a whole block of SQL. */
interface Step {
  language: "sh" | "sql";
  text: string;
}
const steps = [...section.matchAll(/^```(sh|sql)\n(.*?)^```/gms)].flatMap(([, language, block = ""]): Step[] =>
  language === "sql"
    ? [{ language, text: block }]
    : block
        .trim()
        .split("\n")
        .map((text) => ({ language: "sh", text })),
);

const PEOPLE = 50;
const FIELD = "tributary_lifecycle_stage";

/** The first server and the one that the backup goes to, each as the page's ports have it. */
let servers: RunningPostgres[];
let temporals: RunningTemporal[];
let pooler: Pooler | null = null;
let terminal: Terminal;
let folder: string;
/** What this machine has in place of the page's ports. */
const ports = new Map<string, number>();
const atWork: Background[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-walk-"));
  [servers, temporals] = await Promise.all([
    Promise.all([startPostgres({ ephemeral: "in memory" }), startPostgres({ ephemeral: "in memory" })]),
    Promise.all([startOwnTemporal(), startOwnTemporal()]),
  ]);
  for (const port of ["4101", "4102"]) ports.set(port, await findFreePort());
  for (const [index, port] of ["5432", "5433"].entries()) ports.set(port, servers[index]?.port ?? 0);
  for (const [index, port] of ["7233", "7234"].entries()) ports.set(port, portOf(temporals[index]?.address));
  terminal = openTerminal(root, { PORT: "0", TRIBUTARY_DATA_DIR: folder });
});
afterAll(async () => {
  await terminal.close();
  await pooler?.stop();
  await Promise.all([...servers, ...temporals].map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const portOf = (address = ""): number => Number(address.split(":").at(-1));

/** The line as this machine needs it. */
const here = (line: string): string =>
  line
    .replace(/(?<=:|--port )\d{4}\b/g, (port) => String(ports.get(port) ?? port))
    .replaceAll("shop.backup", join(folder, "shop.backup"));

/** Each block is for a server of its own, in the order of the page. */
let administered = 0;
async function asAdministrator(sql: string): Promise<void> {
  const superuser = await connect(servers[administered++]?.ownerUrl ?? "");
  for (const statement of sql.trim().split("\n")) await superuser.query(statement);
  await superuser.end();
}

/** With pgbouncer where the machine has it; said on the console where not, and then the lines go to the server itself. */
async function putPoolerBefore(): Promise<void> {
  const urls = lines.filter((line) => line.startsWith("export DATABASE_") && line.includes(":5432/"));
  pooler = await startPgbouncer(
    urls.map((line) => here(line).split("=", 2)[1] ?? ""),
    { poolSize: 4 },
  );
  if (pooler !== null) ports.set("5432", Number(new URL(pooler.through("postgresql://127.0.0.1:1/")).port));
}
const lines = steps.flatMap(({ language, text }) => (language === "sh" ? [text] : []));

const plan = z.object({ planId: z.string(), connector: z.string(), kind: z.string(), status: z.string() });
type Plan = z.infer<typeof plan>;
/** A look beside the page: the same program, without npx. */
const look = (words: string): Promise<string> => terminal.done(`node console/cli/main.ts ${words}`);
const plans = async (): Promise<Plan[]> => z.array(plan).parse(JSON.parse(await look("plan list --json")));

/** Everybody with consent and traits; the order of rows means nothing. */
const everybody = async (): Promise<string[]> => (await look("export")).split("\n").toSorted();

const contact = z.object({
  id: z.string(),
  updatedAt: z.string(),
  properties: z.record(z.string(), z.string().nullable()),
});

/** The account's contacts with our field, and when each was last written; asked of the tool itself. */
async function contacts(): Promise<z.infer<typeof contact>[]> {
  const token = twinOf("hubspot").credentials["accessToken"] ?? "";
  const query = `limit=100&properties=${FIELD}`;
  const reply = await fetch(`http://127.0.0.1:${ports.get("4101")}/crm/v3/objects/contacts?${query}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  return z.object({ results: z.array(contact) }).parse(await reply.json()).results;
}
const written = async () => (await contacts()).filter(({ properties }) => (properties[FIELD] ?? "") !== "").length;

/** What was there when the backup was made. */
let then: { everybody: string[]; plans: Plan[]; contacts: z.infer<typeof contact>[] };

it("does what it says, line by line, and goes on from a backup on another server", async () => {
  for (const { language, text } of steps) {
    if (language === "sql") {
      await asAdministrator(text);
      if (administered === 1) await putPoolerBefore();
    } else await type(here(text));
  }
  // The section has not lost what it is about.
  expect(administered).toBe(2);
  for (const step of ["npm run migrate", "npm run backup", "npm run restore", "console/server/main.ts", "plan approve"])
    expect(lines.filter((line) => line.includes(step)).length, step).toBeGreaterThan(0);
  expect(lines.filter((line) => line.startsWith("node workflows/worker.ts"))).toHaveLength(3);
}, 400_000);

/** HubSpot's first: the walk looks at what is written there. */
async function nextWaiting(): Promise<string> {
  const waiting = (await plans()).filter(({ status }) => status === "waiting");
  return waiting.toSorted((a, b) => (a.connector < b.connector ? -1 : 1))[0]?.planId ?? "none";
}

async function type(line: string): Promise<void> {
  if (line.startsWith("npm run twin")) return void (await terminal.begin(line, "answers at"));
  if (line.startsWith("node workflows/worker.ts"))
    return void atWork.push(await terminal.begin(line, '"worker ready"'));
  if (line.startsWith("node console/server/main.ts")) return openConsole(line);
  if (line.startsWith("npm run backup")) then = await asItIs();
  if (line.startsWith("npm run restore")) for (const one of atWork.splice(0)) await one.end("SIGTERM");
  const next = line.includes("<plan>") ? await nextWaiting() : "";
  await expectAfter(line, await terminal.done(line.replace("<plan>", next)));
}

async function openConsole(line: string): Promise<void> {
  const console = await terminal.begin(line, '"ready":true');
  atWork.push(console);
  const port = /"ready":true,"port":(\d+)/.exec(console.said())?.[1];
  expect((await fetch(`http://127.0.0.1:${port}/healthz`)).status).toBe(200);
}

const asItIs = async () => ({ everybody: await everybody(), plans: await plans(), contacts: await contacts() });

let syncs = 0;
async function expectAfter(line: string, out: string): Promise<void> {
  if (line.startsWith("npm run migrate")) {
    expect(out).toContain("Applied 0001_first");
    expect(await terminal.done(line)).toContain("The database is up to date.");
  }
  if (line.includes("tributary sync")) await expectAfterSync(++syncs);
  if (line.includes("plan approve")) await expectApproved();
  if (line.includes("tributary doctor")) expect(out).toMatch(/worker +2 ask for work/);
  if (line.startsWith("npm run restore")) expect(await asItIs()).toEqual(then);
}

/** The first makes plans and writes nothing; the one on the other server, without Temporal's history, has nothing to add. */
async function expectAfterSync(nth: number): Promise<void> {
  const listed = (await plans()).map(({ connector, status }) => `${connector} ${status}`).toSorted();
  if (nth === 1) {
    expect(listed).toEqual(["hubspot waiting", "stripe waiting"]);
    expect(await written()).toBe(0);
  } else {
    expect(listed).toEqual(["hubspot applied", "stripe waiting"]);
    expect(await asItIs()).toEqual(then);
  }
}

async function expectApproved(): Promise<void> {
  expect((await plans()).filter(({ status }) => status === "applied")).toHaveLength(syncs);
  expect(await written()).toBeGreaterThan(PEOPLE / 2);
}
