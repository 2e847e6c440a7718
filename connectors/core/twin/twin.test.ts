import { mkdtempSync, rmSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { TwinAccount, deeds } from "./account.ts";
import { noFaults } from "./faults.ts";
import { listPage, markup } from "./html.ts";
import { dailyAllowance, rollingWindow, tokenBucket } from "./limiter.ts";
import { pageAfter } from "./paging.ts";
import { ok } from "./route.ts";
import type { Call, Paging, Routes, TwinPart } from "./route.ts";
import type { Row } from "./table.ts";
import { startTwin } from "./twin.ts";
import type { TwinOptions } from "./twin.ts";
import { VendorError } from "./vendor-error.ts";
import type { VendorErrors } from "./vendor-error.ts";

interface Member extends Row {
  number: number;
  name: string;
  changedAt: number;
}

/** An invented vendor: members in a list by number, and in one by change. */
class Club extends TwinAccount {
  readonly members = this.table<Member>("members");
  readonly list = this.members.view({ key: (member) => member.number });
  readonly changes = this.members.view({ key: (member) => member.changedAt, indexed: true });
  readonly named = this.members.index(({ name }) => [name]);

  load(names: string[]): void {
    for (const [n, name] of names.entries()) this.members.seed({ id: `m${n + 1}`, number: n + 1, name, changedAt: 0 });
    this.atLeast("ids", names.length);
    this.markLoaded();
  }

  rename(id: string, name: string): void {
    const member = this.members.get(id);
    if (member !== undefined) this.members.put({ ...member, name, changedAt: this.now() });
  }
}

const refusal = (status: number, words: string) => new VendorError(status, words, { error: words });
const errors: VendorErrors = {
  unauthorised: (expired) => refusal(401, expired ? "key expired" : "no key"),
  denied: (permission) => refusal(403, `needs ${permission}`),
  throttled: () => refusal(429, "slow down"),
  broken: (status) => refusal(status, "broken"),
  unknownRoute: (method, path) => refusal(404, `no ${method} ${path}`),
  wrongMethod: () => refusal(405, "not this way"),
  invalidBody: (where) => refusal(400, `bad body ${where}`),
};
const paging: Paging = {
  cursors: ["after"],
  rows: (body) => (body as { rows?: unknown[] }).rows ?? null,
  promiseMore: (body, call) => Object.assign(body as object, { next: call.query.get("after") ?? "0" }),
  stub: (row) => ({ id: (row as Member).id, gone: true }),
  bad: () => ({ name: 7 }),
};

function routesOf(club: Club): Routes {
  const newMember = z.strictObject({ name: z.string() });
  return {
    "GET /members": {
      permission: "read",
      handle: ({ query }) => {
        const limit = Math.min(100, club.faults.shortPage);
        const { rows, more } = pageAfter(club.list, Number(query.get("after") ?? "0"), limit);
        return ok({ rows: [...rows], next: more ? String(rows.at(-1)?.number) : null });
      },
    },
    "GET /changes": { handle: () => ok({ rows: club.changes.slice(0, club.changes.length) }) },
    "POST /members": {
      idempotent: true,
      handle: (call) => {
        const number = club.next("ids");
        const member = { id: `m${number}`, number, name: call.body(newMember).name, changedAt: club.now() };
        club.members.put(member);
        return { status: 201, body: member };
      },
    },
    "POST /members/lookup": {
      batch: true,
      handle: () => ok({ rows: club.list.slice(0, club.list.length) }),
    },
    "GET /fault": {
      handle: () => {
        throw new TypeError("a mistake in the twin");
      },
    },
  };
}

let folder: string;
let running: { close(): Promise<void> }[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "twin-kit-"));
});
afterEach(async () => {
  await Promise.all(running.map((twin) => twin.close()));
  running = [];
  rmSync(folder, { recursive: true });
});

async function start(options: TwinOptions & { names?: string[]; parts?: TwinPart[] } = {}) {
  const { names = ["Ada", "Bel", "Cyd"], parts = [], ...rest } = options;
  const club = new Club(noFaults(), options.now);
  const bucket = tokenBucket(options.requestsPerSecond ?? 10_000);
  const twin = await startTwin(
    {
      title: "Club",
      account: club,
      routes: routesOf(club),
      errors,
      authorised: ({ authorization }) => authorization === "Bearer key",
      admit: () => {
        if (bucket.take() === null) throw errors.throttled(undefined);
        return {};
      },
      headers: () => ({ "x-club": "1" }),
      paging,
      idempotency: {
        ...{ header: "idempotency-key", keptMs: 1_000, maxLength: 20 },
        tooLong: () => refusal(400, "key too long"),
        conflict: () => refusal(409, "key used"),
      },
      pages: {
        "/people": (_, query) =>
          listPage(
            {
              ...{ vendor: "Club", title: "Members", path: "/people", heads: ["Name"] },
              row: ({ name }: Member) => [markup`<b>${name}</b>`],
              words: ({ name }) => name,
            },
            club.list.slice(0, club.list.length),
            query,
          ),
      },
      parts,
    },
    rest,
  );
  if (names.length > 0) club.load(names);
  running.push(twin);
  return { twin, club, ...deeds(club, "rename") };
}

async function ask(
  base: string,
  method: string,
  path: string,
  more: { body?: unknown; key?: string; token?: string } = {},
) {
  const { body, key, token = "key" } = more;
  const response = await fetch(base + path, {
    method,
    redirect: "manual",
    headers: { authorization: `Bearer ${token}`, ...(key === undefined ? {} : { "idempotency-key": key }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text };
}

const rowsOf = ({ text }: { text: string }) => (JSON.parse(text) as { rows: Partial<Member>[]; next?: string }).rows;

describe("a twin of the kit", () => {
  it("answers to loopback names only", async () => {
    const { twin } = await start();
    const { port } = new URL(twin.url);
    const status = await new Promise((resolve, reject) => {
      const asked = request(
        { host: "127.0.0.1", port, path: "/members", headers: { host: "evil.example" } },
        (reply) => {
          reply.resume();
          resolve(reply.statusCode);
        },
      );
      asked.on("error", reject).end();
    });
    expect(status).toBe(403);
  });

  it("names a route that it lacks, by method and path, and counts calls and answers", async () => {
    const { twin } = await start();
    expect((await ask(twin.url, "GET", "/nowhere?x=1")).text).toContain("no GET /nowhere");
    expect((await ask(twin.url, "DELETE", "/members")).status).toBe(405);
    await ask(twin.url, "GET", "/members", { token: "wrong" });
    expect([...twin.missingRoutes]).toEqual(["GET /nowhere", "DELETE /members"]);
    expect(twin.requests.get("GET /members")).toBe(1);
    expect(twin.answers.get("GET /members 401")).toBe(1);
    expect([...twin.said]).toContain("no key");
  });

  it("shows the stack of a fault of its own, and fails whoever closes it", async () => {
    const { twin } = await start();
    running = [];
    expect((await ask(twin.url, "GET", "/fault")).text).toMatch(/a mistake in the twin\n\s+at /);
    await expect(twin.close()).rejects.toThrow("The Club twin failed 1 times.");
  });

  it("refuses a body that is not of the form it takes", async () => {
    const { twin } = await start();
    expect((await ask(twin.url, "POST", "/members", { body: { name: "Dot", age: 3 } })).text).toContain("age");
    expect((await ask(twin.url, "POST", "/members")).status).toBe(400);
  });

  it("gives the first answer again under an idempotency key, also after a restart, until it forgets", async () => {
    let now = 1_000_000;
    const journal = join(folder, "club.jsonl");
    const first = await start({ journal, now: () => now });
    const added = await ask(first.twin.url, "POST", "/members", { body: { name: "Dot" }, key: "k" });
    first.rename("m1", "Ada2");
    const second = await start({ journal, now: () => now });
    const again = await ask(second.twin.url, "POST", "/members", { body: { name: "Dot" }, key: "k" });
    expect([again.text, again.headers.get("idempotent-replayed")]).toEqual([added.text, "true"]);
    expect(second.club.named("Ada2")).toHaveLength(1);
    expect(second.club.named("Ada")).toHaveLength(0);
    expect((await ask(second.twin.url, "POST", "/members", { body: { name: "Eve" }, key: "k" })).status).toBe(409);
    now += 2_000;
    expect((await ask(second.twin.url, "POST", "/members", { body: { name: "Eve" }, key: "k" })).status).toBe(201);
    expect([...(second.twin.idempotencyKeys ?? [])]).toEqual(["k"]);
  });

  it("answers nobody before its seed is back", async () => {
    const journal = join(folder, "club.jsonl");
    (await start({ journal })).rename("m1", "Ada2");
    const second = await start({ journal, names: [] });
    expect((await ask(second.twin.url, "GET", "/members")).status).toBe(503);
    second.club.load(["Ada", "Bel"]);
    expect(rowsOf(await ask(second.twin.url, "GET", "/members")).map(({ name }) => name)).toEqual(["Ada2", "Bel"]);
  });

  it("has a place for parts with routes of their own, not behind the vendor's key", async () => {
    const part: TwinPart = {
      open: { "POST /oauth/token": { handle: (call: Call) => ok({ grant: call.text }) } },
      close: async () => undefined,
    };
    const { twin } = await start({ parts: [part] });
    expect((await ask(twin.url, "POST", "/oauth/token", { token: "none", body: "code" })).status).toBe(200);
  });

  it("shows its records to people, escaped and fifty at a time", async () => {
    const { twin } = await start({ names: ["<i>Ada</i>", ...Array.from({ length: 60 }, (_, n) => `Bel ${n}`)] });
    const { text } = await ask(twin.url, "GET", "/people");
    expect(text).toContain("<b>&lt;i&gt;Ada&lt;/i&gt;</b>");
    expect(text.match(/<tr><td>/g)).toHaveLength(50);
    expect((await ask(twin.url, "GET", "/people?q=&from=50")).text.match(/<tr><td>/g)).toHaveLength(11);
    expect((await ask(twin.url, "GET", "/people?q=bel+7")).text).toContain("Showing 1 of 1.");
  });
});

describe("a fault", () => {
  it.each([
    ["throttle", { count: 1, retryAfterSeconds: 3 }, 429],
    ["breakServer", { count: 1 }, 503],
    ["htmlError", { count: 1, status: 502 }, 502],
    ["redirect", { count: 1, to: "http://127.0.0.1:1" }, 307],
  ] as const)("%s strikes once", async (name, value, status) => {
    const { twin, club } = await start();
    Object.assign(club.faults, { [name]: value });
    expect((await ask(twin.url, "GET", "/members")).status).toBe(status);
    expect((await ask(twin.url, "GET", "/members")).status).toBe(200);
  });

  it("takes permissions and credentials away", async () => {
    const { twin, club } = await start();
    club.faults.denied.add("read");
    expect(await ask(twin.url, "GET", "/members")).toMatchObject({ status: 403, text: '{"error":"needs read"}' });
    club.faults.revoked = true;
    expect((await ask(twin.url, "GET", "/members")).text).toContain("key expired");
  });

  it("breaks off a reply after the work is done", async () => {
    const { twin, club } = await start();
    club.faults.dropReply = 1;
    await expect(ask(twin.url, "POST", "/members", { body: { name: "Dot" } })).rejects.toThrow();
    expect(club.named("Dot")).toHaveLength(1);
  });

  it("changes what a page holds", async () => {
    const { twin, club } = await start();
    const page = () => ask(twin.url, "GET", "/members");
    club.faults.emptyPageWithMore = 1;
    expect((await page()).text).toBe('{"rows":[],"next":"0"}');
    club.faults.badRow = 1;
    expect(rowsOf(await page())[0]).toEqual({ name: 7 });
    club.faults.stub = 1;
    expect(rowsOf(await page())[0]).toEqual({ id: "m1", gone: true });
    club.faults.partial207 = 1;
    expect(rowsOf(await ask(twin.url, "POST", "/members/lookup"))).toHaveLength(2);
    club.faults.shortPage = 2;
    expect(rowsOf(await page())).toHaveLength(2);
    club.faults.stuckCursor = true;
    expect(rowsOf(await ask(twin.url, "GET", "/members?after=2"))[0]?.id).toBe("m1");
  });

  it("keeps a change back from an index, or leaves it at its old place", async () => {
    let now = 5_000;
    const { twin, club, rename } = await start({ now: () => now });
    const changes = async () => rowsOf(await ask(twin.url, "GET", "/changes")).map(({ name }) => name);
    club.faults.lag = 100;
    rename("m1", "Ada2");
    expect(await changes()).toEqual(["Ada", "Bel", "Cyd"]);
    now += 200;
    expect(await changes()).toEqual(["Bel", "Cyd", "Ada2"]);
    club.faults.lag = 0;
    club.faults.misplacedRow = true;
    rename("m2", "Bel2");
    expect(await changes()).toEqual(["Bel2", "Cyd", "Ada2"]);
  });

  it("lets something happen between two calls", async () => {
    const { twin, club, rename } = await start();
    club.faults.afterAnswer = (operation) => rename("m1", operation);
    await ask(twin.url, "GET", "/members");
    expect(club.named("GET /members")).toHaveLength(1);
  });
});

describe("an allowance", () => {
  it("of a bucket or a window ends after as many calls as it holds", () => {
    for (const allowance of [tokenBucket(0.001, 3), rollingWindow(3, 60_000)]) {
      const taken = Array.from({ length: 5 }, () => allowance.take());
      expect(taken).toEqual([2, 1, 0, null, null]);
    }
  });

  it("of a day begins anew at midnight", () => {
    let day = "2026-03-01";
    const allowance = dailyAllowance(1, () => day);
    expect([allowance.take(), allowance.take()]).toEqual([0, null]);
    day = "2026-03-02";
    expect(allowance.take()).toBe(0);
  });
});
