import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { makeUpSchedules } from "#workflows/schedules.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { addressOf, contactIdOf, smallShop } from "#tests/support/people.ts";
import { startOwnTemporal } from "#tests/support/temporal.ts";
import { runCli, type Ended } from "./run-cli.ts";

const PEOPLE = 60;
/** Clears the screen, and turns the text around. */
const STEERING = "\u001b[2J\u202eAda";

let loop: TestLoop;
let folder: string;
let environment: Record<string, string>;
beforeAll(async () => {
  loop = await startTestLoop();
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  const [first] = shop.hubspot.contacts;
  if (first !== undefined) first.properties["firstname"] = STEERING;
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  await makeUpSchedules(loop.engine.client, loop.deps);
  folder = mkdtempSync(join(tmpdir(), "tributary-cli-"));
  environment = { ...loop.workerEnvironment, TRIBUTARY_DATA_DIR: folder };
});
afterAll(async () => {
  await loop.stop();
  rmSync(folder, { recursive: true, force: true });
});

const tributary = (...args: string[]): Promise<Ended> => runCli(environment, args);
const nowhere = () => ({ TRIBUTARY_DATA_DIR: join(folder, "nothing-here") });

/** Nothing but JSON stood on standard output. */
async function json<T>(schema: z.ZodType<T>, ...args: string[]): Promise<T> {
  const { code, out, err } = await tributary(...args, "--json");
  expect([args.join(" "), code, code === 0 ? "" : err]).toEqual([args.join(" "), 0, ""]);
  return schema.parse(JSON.parse(out));
}

function file(name: string, lines: string[]): string {
  const path = join(folder, name);
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

const planSchema = z.object({
  planId: z.string(),
  connector: z.string(),
  kind: z.string(),
  status: z.string(),
  changes: z.number(),
});

describe("the words of a call", () => {
  it("are explained, and exit with 2 when they are wrong", async () => {
    const [help, version, unknown, option, number, kind] = await Promise.all([
      tributary("--help"),
      tributary("--version"),
      tributary("nonsense"),
      tributary("status", "--nope"),
      tributary("plan", "show", "7", "--sample", "x"),
      tributary("import", "x.csv", "--kind", "fish"),
    ]);
    expect(help.code).toBe(0);
    for (const word of ["status", "sync", "plan", "profile", "import", "export", "doctor", "Exit codes"])
      expect(help.out).toContain(word);
    expect(version).toMatchObject({ code: 0, err: "" });
    expect(version.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    for (const wrong of [unknown, option, number, kind]) expect(wrong).toMatchObject({ code: 2, out: "" });
    expect(kind.err).toContain("people, orders, touchpoints");
  });

  it("lead to one sentence saying what to do when nothing runs", async () => {
    const [stopped, away] = await Promise.all([
      runCli(nowhere(), ["status"]),
      runCli({ ...environment, DATABASE_URL: "postgresql://tributary_app:hunter2@127.0.0.1:1/gone" }, ["status"]),
    ]);
    expect(stopped).toMatchObject({ code: 1, out: "" });
    expect(stopped.err).toMatch(/^Tributary is not running in .*npm start/);
    expect(away).toMatchObject({ code: 1, out: "" });
    expect(away.err).toBe(
      "The database at 127.0.0.1:1/gone cannot be used: nothing answers there. Is `npm start` running? `tributary doctor` tells you more.\n",
    );
  });
});

describe("the loop by hand", () => {
  it("has useful empty states before anything was read", async () => {
    const [status, plans] = await Promise.all([tributary("status"), tributary("plan")]);
    expect(status.out).toContain("Nothing has been read yet: `tributary sync`.");
    expect(plans.out).toContain("No plan yet.");
  });

  it("syncs, says what each step did, and that plans wait", async () => {
    const { code, out } = await tributary("sync");
    expect(code).toBe(0);
    expect(out).toMatch(/sync hubspot contacts +\d+\.\d .*60 read/);
    expect(out).toContain("2 plans are waiting for approval");
    const again = await json(z.object({ failedStreams: z.literal(0), steps: z.array(z.unknown()).min(5) }), "sync");
    expect(again.steps.length).toBeGreaterThan(5);
  });

  it("shows its status to people in their time zone and to programs as JSON", async () => {
    const { code, out } = await tributary("status");
    expect(code).toBe(0);
    expect(out).toMatch(/last run .*(GMT-[45]|E[SD]T): all went well/);
    expect(out).toContain("complete, counts agree");
    expect(out).toContain("60 customers from 90 records: 30 duplicates resolved");
    const status = await json(
      z.object({ overview: z.object({ profiles: z.number() }), waiting: z.array(planSchema) }),
      "status",
    );
    expect(status).toMatchObject({ overview: { profiles: PEOPLE } });
    expect(status.waiting).toHaveLength(2);
  });

  it("lists the connected tools without their settings", async () => {
    const listed = await json(z.array(z.looseObject({ connector: z.string(), host: z.string() })), "connections");
    expect(listed.map(({ connector }) => connector).toSorted()).toEqual(["hubspot", "stripe"]);
    for (const connection of listed) expect(connection).not.toHaveProperty("settings");
  });

  it("shows, approves, undoes a plan by its first letters, and refuses what makes no sense", async () => {
    const plans = await json(z.array(planSchema), "plan", "list");
    const hubspot = plans.find(({ connector }) => connector === "hubspot");
    const stripe = plans.find(({ connector }) => connector === "stripe");
    if (hubspot === undefined || stripe === undefined) throw new Error("Both tools must have a plan.");
    const id = hubspot.planId.slice(0, 13);

    const shown = await tributary("plan", "show", id, "--sample", "1");
    expect(shown.out).toContain("60 of 60 records change");
    expect(shown.out).toMatch(/tributary_lifecycle_stage: \(empty\) → [a-z_]+/);
    expect(shown.out).toContain(`tributary plan approve ${hubspot.planId}`);

    const wrongSeal = await tributary("plan", "approve", id, "--digest", "0".repeat(64));
    expect(wrongSeal).toMatchObject({ code: 1, out: "" });
    // What it would take is said first, whatever becomes of it.
    expect(wrongSeal.err).toMatch(/^Writing it: [\d,]+( to [\d,]+)? calls, .*\n.*This seal is not the plan's/);
    expect(loop.hubspot.value(contactIdOf(1), "tributary_lifecycle_stage") ?? null).toBeNull();

    expect(await json(planSchema, "plan", "approve", id)).toMatchObject({ status: "applied", changes: PEOPLE });
    expect(loop.hubspot.value(contactIdOf(1), "tributary_lifecycle_stage")).toMatch(/^lead_/);
    const [twice, retry, strange, rejected] = await Promise.all([
      tributary("plan", "approve", id),
      tributary("plan", "retry", id),
      tributary("plan", "show", "zzz"),
      json(planSchema, "plan", "reject", stripe.planId),
    ]);
    expect(twice).toMatchObject({ code: 1, out: "", err: "This plan is applied: there is nothing to approve.\n" });
    expect(retry.code).toBe(1);
    expect(retry.err).toContain("Nothing to retry");
    expect(strange).toMatchObject({ code: 3, out: "" });
    expect(rejected.status).toBe("rejected");

    expect(await json(planSchema, "plan", "undo", id)).toMatchObject({ kind: "undo", status: "applied" });
    expect(loop.hubspot.value(contactIdOf(1), "tributary_lifecycle_stage") ?? null).toBeNull();
    const undoneTwice = await tributary("plan", "undo", id);
    expect(undoneTwice.code).toBe(1);
    expect(undoneTwice.err).toMatch(/^It was undone already/);
    expect((await tributary("plan", "show", id)).out).toContain("): undone\n");

    const again = await tributary("--by", "Rosa", "plan", "again", "hubspot");
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain("compares every record of");
    expect(await tributary("plan", "again", "nothing")).toMatchObject({ code: 3, out: "" });
  });

  it("explains one customer", async () => {
    const { code, out } = await tributary("profile", addressOf(6));
    expect(code).toBe(0);
    for (const words of [
      "Known from 2 records",
      "joined by the same e-mail address",
      /marketing by email +granted/,
      /3 orders worth £75\.18/,
      /Lifecycle stage: .* \(customer_/,
      /hubspot 1006, .*\n.*tributary_lifecycle_stage = \(cleared\)/,
    ])
      expect(out).toMatch(words);
    const same = await json(
      z.object({ profileId: z.string(), why: z.object({ evidence: z.array(z.string()) }) }),
      "profile",
      contactIdOf(6),
    );
    expect(out).toContain(same.profileId);
    expect(await tributary("profile", "nobody@nowhere.co.uk")).toMatchObject({ code: 3, out: "" });
  });

  it("does not let a customer's name steer the terminal", async () => {
    const { out } = await tributary("profile", contactIdOf(0));
    expect(out).toContain("Ada");
    // oxlint-disable-next-line no-control-regex -- these are what must not be there
    expect(out).not.toMatch(/[\u001b\u202e]/);
  });

  it("exports everybody, and says so only where it was not the export that was asked for", async () => {
    const path = join(folder, "profiles.csv");
    const { profiles } = await json(z.object({ profiles: z.number() }), "export", path);
    expect(profiles).toBe(PEOPLE);
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(PEOPLE + 1);
    const [piped, folderless, ambiguous] = await Promise.all([
      tributary("export"),
      tributary("export", join(folder, "no-such-folder", "x.csv")),
      tributary("export", "--json"),
    ]);
    expect(piped.out).toBe(readFileSync(path, "utf8"));
    expect(folderless).toMatchObject({ code: 3, out: "" });
    expect(ambiguous).toMatchObject({ code: 2, out: "" });
  });
});

describe("import", () => {
  const HEADER = "Bon;Kunde;E-Mail;Datum;Betrag";
  const rows = (from: number, to: number) =>
    Array.from(
      { length: to - from },
      (_, at) =>
        `B${from + at};K${from + at};person.${from + at}@fernandkettle-mail.co.uk;${String(1 + ((from + at) % 28)).padStart(2, "0")}.03.2026;12,50`,
    );
  const imported = z.object({
    rows: z.number(),
    taken: z.number(),
    collapsed: z.number(),
    rejected: z.number(),
    rejectsByReason: z.array(z.object({ reason: z.string(), rows: z.number() })),
    rejectFile: z.string().nullable(),
    overview: z.object({ orders: z.number(), profiles: z.number() }),
    run: z.object({ steps: z.array(z.object({ step: z.string() })) }),
  });
  let before = 0;

  it("shows the guess and does nothing without a yes", async () => {
    before = (await json(z.object({ overview: z.object({ orders: z.number() }) }), "status")).overview.orders;
    const path = file("till.csv", [HEADER, ...rows(0, 20)]);
    const [dry, unasked, missing] = await Promise.all([
      tributary("import", path, "--dry-run"),
      tributary("import", path),
      tributary("import", join(folder, "not-there.csv")),
    ]);
    expect(dry.code).toBe(0);
    expect(dry.out).toMatch(/Betrag +amount/);
    expect(unasked).toMatchObject({ code: 2 });
    expect(unasked.err).toContain("Add --yes");
    expect(missing).toMatchObject({ code: 3, out: "" });
    expect(await json(z.array(z.unknown()), "connections")).toHaveLength(2);
  });

  it("says which column is not there, and which field is missing", async () => {
    const path = join(folder, "till.csv");
    const [column, needed] = await Promise.all([
      tributary("import", path, "--yes", "--map", "amount=Brutto"),
      tributary("import", path, "--yes", "--map", "amount="),
    ]);
    expect(column.code).toBe(2);
    expect(column.err).toContain('There is no column "Brutto" for amount. The file has: Bon, Kunde');
    expect(needed.code).toBe(2);
    expect(needed.err).toContain("add amount=COLUMN");
  });

  it("reads a file through the loop though a refresh is under way, and puts bad rows aside with line and reason", async () => {
    const path = file("till.csv", [HEADER, ...rows(0, 20), "B98;K98;x;32.13.2026;12,50", "B99;K99;x;01.03.2026;viel"]);
    const underWay = loop.engine.refresh(loop.workspaceId);
    const done = await json(imported, "import", path, "--yes", "--name", "till");
    await underWay;
    expect(done).toMatchObject({ rows: 22, taken: 20, collapsed: 0, rejected: 2, rejectFile: `${path}.rejects.csv` });
    expect(done.rejectsByReason.reduce((sum, { rows: some }) => sum + some, 0)).toBe(2);
    expect(done.overview.orders).toBe(before + 20);
    expect(done.run.steps.map(({ step }) => step)).toContain("scores");
    const [head, ...lines] = readFileSync(`${path}.rejects.csv`, "utf8").trim().split("\n");
    expect(head).toMatch(/^line,reason,/);
    expect(lines.map((line) => line.split(",")[0])).toEqual(["22", "23"]);
    const status = await tributary("status");
    expect(status.out).toContain("2 rows could not be taken; each is kept with its reason");
  });

  it("does nothing for the same file, and reads it anew when told to read it otherwise", async () => {
    const path = join(folder, "till.csv");
    expect(await json(z.object({ alreadyImported: z.boolean() }), "import", path, "--yes", "--name", "till")).toEqual({
      alreadyImported: true,
    });
    const again = await json(imported, "import", path, "--yes", "--name", "till", "--map", "currency=EUR");
    expect(again.rows).toBe(22);
    expect(again.overview.orders).toBe(before + 20);
    expect((await tributary("profile", addressOf(3))).out).toContain("€12.50");
  });

  it("reads a newer export of the same source as the earlier one was read", async () => {
    // Two rows alone would not tell which of day and month comes first.
    const path = file("till-newer.csv", [HEADER, ...rows(20, 22), "B97;K97;x;01.03.2026;nichts"]);
    const { out, code } = await tributary("import", path, "--yes", "--name", "till");
    expect(code).toBe(0);
    expect(out).toContain("Columns and formats are those of till.csv.");
    expect(out).toContain("3 rows read");
    expect(out).toContain("2 taken + 0 collapsed into another row's record + 1 refused");
    expect(readFileSync(`${path}.rejects.csv`, "utf8").trim().split("\n")).toHaveLength(2);
    expect((await tributary("profile", addressOf(21))).out).toContain("€12.50");
  });
});

describe("sensitive facts of persons", () => {
  const audited = () =>
    loop.test.database.inWorkspace(loop.workspaceId, (transaction) =>
      transaction.query<{ action: string; details: { facts?: string[]; reason: string } }>(
        "SELECT action, details FROM audit_log WHERE action LIKE 'sensitive%' ORDER BY entry_id DESC LIMIT 2",
      ),
    );
  const HEADER = "Customer number,E-Mail,Vorname,Nachname,Street,DOB,Gender,Diagnosis";
  const person = z.object({ records: z.array(z.object({ person: z.record(z.string(), z.unknown()) })) });

  it("of a list are kept when a person says so, and why is recorded", async () => {
    const path = file("members.csv", [
      HEADER,
      "M1,mara.quill@fernandkettle-mail.co.uk,Mara,Quill,4 Mill Lane,1984-05-11,f,cold",
    ]);
    const [shown, refused] = await Promise.all([
      tributary("import", path, "--dry-run"),
      tributary("import", path, "--yes", "--map", "occupation=Diagnosis"),
    ]);
    expect(shown.out).toContain('Column "DOB" (date of birth) is left out');
    expect(refused).toMatchObject({ code: 2 });
    expect(refused.err).toContain("seems to be about health");
    const why = "two lists have no address in common";
    const { code } = await tributary("import", path, "--yes", "--map", "birth_date=DOB", "--reason", why);
    expect(code).toBe(0);
    const { records } = await json(person, "profile", "mara.quill@fernandkettle-mail.co.uk");
    expect(records[0]?.person).toMatchObject({ birthDate: "1984-05-11", street: "4 Mill Lane" });
    expect(records[0]?.person).not.toHaveProperty("gender");
    expect(await audited()).toMatchObject([
      { action: "sensitive_facts.used", details: { facts: ["birth_date"], reason: why } },
    ]);
  });

  it("are switched on and off for a business, never without a reason", async () => {
    const [bare, strange] = await Promise.all([
      tributary("workspace", "set", "test", "--use", "birth-date"),
      tributary("workspace", "set", "test", "--use", "shoe-size", "--reason", "x"),
    ]);
    expect([bare, strange].map(({ code }) => code)).toEqual([2, 2]);
    expect(bare.err).toContain("--reason");
    expect(strange.err).toContain("birth-date, birth-place, gender, national-id");
    const set = await tributary("workspace", "set", "test", "--use", "birth-date,gender", "--reason", "matching");
    expect(set.out).toMatch(/sensitive facts\n.*birth-date, gender/);
    const stop = ["--stop-using", "birth-date,gender", "--reason", "no longer needed"];
    expect((await tributary("workspace", "set", "test", ...stop)).out).toMatch(/sensitive facts\n.*none/);
    const { records } = await json(person, "profile", "mara.quill@fernandkettle-mail.co.uk");
    expect(records[0]?.person).not.toHaveProperty("birthDate");
    expect((await audited()).map(({ action }) => action)).toEqual(["sensitive_facts.stopped", "sensitive_facts.used"]);
  });
});

describe("doctor", () => {
  const findings = z.array(
    z.object({
      check: z.string(),
      state: z.enum(["ok", "fail", "skip"]),
      says: z.string(),
      todo: z.string().nullable(),
    }),
  );
  const failing = (out: string) =>
    findings
      .parse(JSON.parse(out))
      .flatMap(({ check, state, todo }) => (state === "fail" ? [[check, todo !== null]] : []));

  it("finds nothing to do where everything is in place", async () => {
    const { code, out } = await tributary("doctor");
    expect(out).not.toContain("FAIL");
    for (const check of ["Node", "disk space", "row-level security", "worker", 'HubSpot "main"', 'Stripe "main"'])
      expect(out).toMatch(new RegExp(`^ok +${check}`, "m"));
    expect(code).toBe(0);
  });

  it("says what to do where nothing runs, instead of failing itself", async () => {
    const { code, out, err } = await runCli(nowhere(), ["doctor", "--json"]);
    expect(code).toBe(1);
    expect(failing(out)).toEqual([
      ["master key", true],
      ["stack", true],
    ]);
    expect(err).toBe("2 findings need attention.\n");
  });

  it("names an unreachable database, a role that could read everything, and a key that does not fit", async () => {
    const [away, owner, key, mistyped] = await Promise.all([
      runCli({ ...environment, DATABASE_URL: "postgresql://a:hunter2@127.0.0.1:1/gone" }, ["doctor", "--json"]),
      runCli({ ...environment, DATABASE_URL: loop.test.ownerUrl }, ["doctor", "--json"]),
      runCli({ ...environment, TRIBUTARY_KEY: Buffer.alloc(32, 7).toString("base64") }, ["doctor", "--json"]),
      runCli({ ...environment, TEMPORAL_ADDRESS: "not an address" }, ["doctor", "--json"]),
    ]);
    expect(failing(away.out)).toEqual([["database", true]]);
    expect(away.out).not.toContain("hunter2");
    expect(failing(owner.out)).toEqual([["row-level security", true]]);
    expect(failing(key.out)).toEqual([
      ['HubSpot "main"', true],
      ['Stripe "main"', true],
    ]);
    expect(failing(mistyped.out)).toEqual([["environment", true]]);
  });

  it("notices a Temporal without a worker, for which other commands do not wait", async () => {
    const idle = await startOwnTemporal();
    try {
      const here = { ...environment, TEMPORAL_ADDRESS: idle.address };
      const [doctor, sync] = await Promise.all([runCli(here, ["doctor", "--json"]), runCli(here, ["sync"])]);
      // A worker would make the schedules that this server has never had.
      expect(failing(doctor.out)).toEqual([
        ["worker", true],
        ["schedules", true],
      ]);
      expect(sync).toMatchObject({ code: 1, out: "" });
      expect(sync.err).toContain("No worker polls");
    } finally {
      await idle.stop();
    }
  });
});
