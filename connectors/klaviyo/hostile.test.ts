/** Against a server written from Klaviyo's documentation alone, in bad manners. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "#connectors/core/call.ts";
import type { OpenConnection, RecordPage, WriteContext } from "#connectors/core/contract.ts";
import { ConnectorError } from "#connectors/core/errors.ts";
import { issueGrant } from "#connectors/core/grant.ts";
import { closeServers, event, hostileKlaviyo, refusal, row, rows } from "./hostile-server.ts";
import type { Answer, Asked, Manners } from "./hostile-server.ts";
import { klaviyo } from "./index.ts";

afterEach(closeServers);

const KEY = "pk_0123456789abcdef0123456789abcdef01";
/** The vendor's clock is the machine's; reads happen after what the rows say. */
const now = () => Date.parse("2026-06-01T00:00:00Z");

async function connected(manners: Partial<Manners> = {}, settings: Record<string, unknown> = {}) {
  const server = await hostileKlaviyo(manners);
  let pauses = 0;
  const connection = klaviyo.open({
    ...{ settings, credentials: { apiKey: KEY }, baseUrl: server.url, now },
    call: createVendorCall({ connector: klaviyo, limiter: unlimited, now }),
    pause: async () => void (pauses += 1),
  });
  return { ...server, connection, pauses: () => pauses };
}

async function readAll(connection: OpenConnection, stream = "profiles", from: unknown = null): Promise<RecordPage[]> {
  const pages: RecordPage[] = [];
  for await (const page of connection.read(stream, from)) pages.push(page);
  return pages;
}

const idsOf = (pages: RecordPage[], kind = "person") =>
  pages.flatMap(({ records }) => records.flatMap((record) => (record.kind === kind ? [record.id] : [])));
const rejectsOf = (pages: RecordPage[]) => pages.flatMap((page) => page.rejects);
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error as ConnectorError,
  );
const REST = { phase: "rest", settledAt: Date.parse("2026-04-30T00:00:00Z"), fullAt: now() };
const isProfiles = ({ path }: Asked) => path === "/api/profiles";

describe("pages", () => {
  it("are walked to their end however few rows come at once, and an empty one after a good one is no end", async () => {
    for (const pageCap of [1, 7, 99]) {
      const { connection } = await connected({ profiles: rows(pageCap === 1 ? 12 : 250), pageCap });
      expect(new Set(idsOf(await readAll(connection))).size).toBe(pageCap === 1 ? 12 : 250);
    }
    const pages: Record<string, Answer> = {
      "": { body: { data: rows(3), links: { next: "https://a.klaviyo.com/api/profiles?page%5Bcursor%5D=a" } } },
      a: { body: { data: [], links: { next: "https://a.klaviyo.com/api/profiles?page[cursor]=b" } } },
      b: { body: { data: [row(9)], links: { next: null } } },
    };
    const { connection } = await connected({ instead: ({ query }) => pages[query.get("page[cursor]") ?? ""] });
    const read = await readAll(connection);
    expect(idsOf(read)).toEqual(["P1", "P2", "P3", "P9"]);
    expect(read.at(-1)?.fullScan).toBe(true);
  });

  it("whose link does not move are told, and soon", async () => {
    const body = { data: rows(3), links: { next: "https://a.klaviyo.com/api/profiles?page[cursor]=same" } };
    const { connection, asked } = await connected({ instead: () => ({ body }) });
    expect(await failureOf(readAll(connection))).toMatchObject({ kind: "contract" });
    expect(asked.length).toBeLessThan(5);
  });

  it("whose link points to another host are asked of ours, with the cursor alone", async () => {
    let heard = 0;
    const elsewhere = createServer((_, response) => {
      heard += 1;
      response.end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const { port } = elsewhere.address() as AddressInfo;
    const link: Manners["link"] = (path, cursor) =>
      `http://127.0.0.1:${port}${path}?page%5Bcursor%5D=${cursor}&admin=1`;
    const { connection, asked } = await connected({ profiles: rows(250), pageCap: 100, link });
    expect(idsOf(await readAll(connection)).length).toBe(250);
    expect(asked.map(({ query }) => query.get("page[cursor]"))).toEqual([null, "100", "200"]);
    expect(asked.some(({ query }) => query.has("admin"))).toBe(false);
    elsewhere.close();
    expect(heard).toBe(0);
  });

  it("with a link that holds no cursor, or without any word on whether there is a next one, are no end", async () => {
    for (const links of [{ next: "https://a.klaviyo.com/api/profiles" }, { next: "" }, undefined]) {
      const { connection } = await connected({ instead: () => ({ body: { data: rows(3), links } }) });
      expect(await failureOf(readAll(connection)), JSON.stringify(links)).toMatchObject({ kind: "contract" });
    }
  });

  it("that fail in the middle are resumed from where they were", async () => {
    let broken = true;
    const { connection } = await connected({
      ...{ profiles: rows(250), pageCap: 100 },
      instead: ({ query }) =>
        broken && query.get("page[cursor]") === "200" ? { status: 500, body: "<h1>oops</h1>" } : undefined,
    });
    const read: RecordPage[] = [];
    const failed = await failureOf(
      (async () => {
        for await (const page of connection.read("profiles", null)) read.push(page);
      })(),
    );
    expect(failed).toMatchObject({ kind: "transient" });
    broken = false;
    const rest = await readAll(connection, "profiles", JSON.parse(JSON.stringify(read.at(-1)?.next)));
    expect(new Set([...idsOf(read), ...idsOf(rest)]).size).toBe(250);
  });
});

describe("answers", () => {
  it.each([
    ["HTML with 200", { body: "<html>welcome</html>" }, "transient"],
    ["HTML with 403", { status: 403, body: "<html>no</html>" }, "permission"],
    ["HTML with 404", { status: 404, body: "<html>?</html>" }, "transient"],
    ["nothing at all", { body: null }, "contract"],
    ["a page without rows", { body: { links: { next: null } } }, "contract"],
    ["a row in the place of rows", { body: { data: { id: "P1" }, links: { next: null } } }, "contract"],
    ["410 for an old revision", refusal(410, "gone"), "contract"],
    ["a code among the refusals that is none", refusal(503, "what a day"), "transient"],
  ])("that are %s end as what they are", async (_, answer: Answer, kind) => {
    const { connection } = await connected({ instead: () => answer });
    const error = await failureOf(readAll(connection));
    expect(error?.kind).toBe(kind);
    expect(`${error?.message}${JSON.stringify(error?.details)}`).not.toMatch(/pk_|somebody|<html/);
  });

  it("of a redirect are not followed", async () => {
    const { connection, asked } = await connected({
      instead: () => ({ status: 307, headers: { location: "/api/elsewhere" }, body: {} }),
    });
    expect(await failureOf(readAll(connection))).toMatchObject({ kind: "contract" });
    expect(asked.length).toBe(1);
  });

  it("of 429 are asked once, and name the wait", async () => {
    for (const [header, ms] of [
      ["7", 7_000],
      ["0.5", 500],
    ] as const) {
      const { connection, asked } = await connected({
        instead: () => ({ ...refusal(429, "throttled"), headers: { "retry-after": header } }),
      });
      const error = await failureOf(readAll(connection));
      expect([error?.kind, error?.details.retryAfterMs]).toEqual(["rate_limited", ms]);
      // The library would make three attempts of its own.
      expect(asked.length).toBe(1);
    }
  });

  it("of 503 are asked once too", async () => {
    const { connection, asked } = await connected({ instead: () => refusal(503, "error") });
    expect(await failureOf(readAll(connection))).toMatchObject({ kind: "transient" });
    expect(asked.length).toBe(1);
  });
});

describe("rows", () => {
  it("that cannot be read are refused one by one, whatever is wrong with them", async () => {
    const strange: unknown[] = [
      null,
      7,
      {},
      { type: "profile", id: "P50" },
      { type: "profile", id: "P51", attributes: null },
      { type: "profile", id: "P52", attributes: { email: 7 } },
      { type: "list", id: "P53", attributes: {} },
    ];
    const { connection } = await connected({ profiles: [...strange, ...rows(3)] });
    const read = await readAll(connection);
    expect(idsOf(read)).toEqual(["P1", "P2", "P3"]);
    expect(rejectsOf(read).map(({ id }) => id)).toEqual([undefined, undefined, undefined, "P50", "P51", "P52", "P53"]);
    // Some could not be identified: absence proves nothing then.
    expect(read.at(-1)).toMatchObject({ fullScan: false });
  });

  it("without dates or fields are people all the same", async () => {
    const bare = { type: "profile", id: "P1", attributes: {} };
    const odd = row(2, { updated: "yesterday", created: "0000-00-00", location: "Leeds", subscriptions: "yes" });
    const { connection } = await connected({ profiles: [bare, odd] });
    const read = await readAll(connection);
    expect(rejectsOf(read)).toEqual([]);
    expect(read[0]?.records.filter(({ kind }) => kind === "person")).toMatchObject([
      { id: "P1", updatedAt: null, createdAt: null, emails: [] },
      { id: "P2", updatedAt: null, createdAt: null, emails: ["p2@marlow.example"] },
    ]);
    const consents = read[0]?.records.filter(({ kind }) => kind === "consent") ?? [];
    expect(consents.map((consent) => "state" in consent && consent.state)).toEqual(["unknown", "unknown"]);
  });

  it("without the subscriptions that were asked for are asked about once more, before a yes is lost for good", async () => {
    const without = rows(3).map((one) => ({ ...one, attributes: { ...one.attributes, subscriptions: undefined } }));
    const statesIn = (pages: RecordPage[]) =>
      pages.flatMap(({ records }) => records.flatMap((record) => (record.kind === "consent" ? [record.state] : [])));
    const once = await connected({
      profiles: rows(3),
      instead: ({ query }) => (query.has("filter") ? undefined : { body: { data: without, links: { next: null } } }),
    });
    expect(statesIn(await readAll(once.connection))).toEqual(["granted", "granted", "granted"]);
    expect(once.asked.length).toBe(2);
    const always = await connected({ profiles: without });
    expect(statesIn(await readAll(always.connection))).toEqual(["unknown", "unknown", "unknown"]);
    expect(always.asked.length).toBe(2);
  });

  it("of events whose metric is not included, or that have no time or no person, are refused one by one", async () => {
    const metrics = { M1: "Clicked Email" };
    const events = [
      event(1, "M1"),
      event(2, "M9"),
      event(3, null),
      event(4, "M1", { datetime: null }),
      event(5, "M1", { datetime: null, timestamp: 1_770_000_000 }),
      { ...event(6, "M1"), relationships: { metric: { data: { type: "metric", id: "M1" } } } },
      { ...event(7, "M1"), relationships: null },
    ];
    const { connection } = await connected({ events, metrics });
    const read = await readAll(connection, "events");
    expect(idsOf(read, "touchpoint")).toEqual(["E1", "E5"]);
    expect(new Set(rejectsOf(read).map(({ id }) => id))).toEqual(new Set(["E2", "E3", "E4", "E6", "E7"]));
  });

  it("of lists that cannot be read are told, and the other lists are read", async () => {
    const joined = { type: "profile", id: "P1", attributes: { joined_group_at: "2026-05-01T00:00:00+00:00" } };
    const { connection } = await connected({
      lists: [{ type: "list" }, { type: "list", id: "L1", attributes: { name: "News" } }],
      members: { L1: [joined, { type: "profile", id: "P2", attributes: {} }] },
    });
    const read = await readAll(connection, "lists");
    expect(idsOf(read, "touchpoint")).toEqual(["L1:P1"]);
    expect(rejectsOf(read).map(({ ref }) => ref)).toEqual(["list without an id", "L1:P2"]);
  });
});

describe("a list", () => {
  it("that is deleted while it is being read has nobody on it, and the others are read", async () => {
    const joined = { type: "profile", id: "P1", attributes: { joined_group_at: "2026-05-01T00:00:00+00:00" } };
    const list = (id: string) => ({ type: "list", id, attributes: { name: id } });
    const { connection } = await connected({
      ...{ lists: [list("L1"), list("L2")], members: { L1: [joined], L2: [joined] } },
      instead: ({ path }) => (path === "/api/lists/L1/profiles" ? refusal(404, "not_found") : undefined),
    });
    expect(idsOf(await readAll(connection, "lists"), "touchpoint")).toEqual(["L2:P1"]);
  });

  it("among eleven, ten of which fill a page, is read whichever page it is on", async () => {
    const lists = Array.from({ length: 11 }, (_, n) => ({
      type: "list",
      id: `L${n + 10}`,
      attributes: { name: "News" },
    }));
    const joined = { type: "profile", id: "P1", attributes: { joined_group_at: "2026-05-01T00:00:00+00:00" } };
    const { connection, asked } = await connected({
      lists,
      members: Object.fromEntries(lists.map(({ id }) => [id, [joined]])),
    });
    expect(idsOf(await readAll(connection, "lists"), "touchpoint").length).toBe(11);
    expect(asked.filter(({ path }) => path === "/api/lists").map(({ query }) => query.get("page[size]"))).toEqual([
      "10",
      "10",
    ]);
  });
});

describe("every request", () => {
  it("carries the revision and the key, and the key goes nowhere else", async () => {
    const { connection, asked } = await connected({
      profiles: rows(3),
      lists: [{ type: "list", id: "L1", attributes: {} }],
    });
    await connection.check();
    for (const stream of ["profiles", "events", "lists"]) await readAll(connection, stream);
    await connection.write([write("P1", { [STAGE]: "x" })]);
    expect(asked.length).toBeGreaterThan(6);
    for (const { headers, path, query, text } of asked) {
      expect([headers["revision"], headers.authorization]).toEqual(["2026-07-15", `Klaviyo-API-Key ${KEY}`]);
      expect(`${path}${query.toString()}${text}`).not.toContain("pk_");
    }
  });

  it("asks for the fields we read and no others: not where somebody stands to the metre", async () => {
    const { connection, asked } = await connected({ profiles: rows(3) });
    await readAll(connection);
    const fields = asked[0]?.query.get("fields[profile]")?.split(",") ?? [];
    expect(fields).toContain("phone_number");
    expect(
      fields.filter(
        (name) => /^location$|\.ip$|latitude|longitude|properties|predictive/.test(name) && name !== "location.zip",
      ),
    ).toEqual([]);
    expect(asked[0]?.query.get("additional-fields[profile]")).toBe("subscriptions");
  });
});

describe("an incremental read", () => {
  it("ends though somebody edits everybody while it is under way, and the next one brings them", async () => {
    const profiles = rows(300);
    const later = Date.parse("2026-06-01T00:10:00Z");
    const { connection } = await connected({
      ...{ profiles, pageCap: 50 },
      instead: (asked) => {
        if (isProfiles(asked)) for (let n = 0; n < 50; n += 1) profiles[n] = row(n + 1, {}, later + n);
        return undefined;
      },
    });
    const read = await readAll(connection, "profiles", REST);
    expect(read.length).toBeLessThan(12);
    expect(read.at(-1)?.next).toMatchObject({ phase: "rest" });
  });

  it.each(["page[cursor]", "page_cursor", undefined])(
    "begins its window anew where the cursor has expired (%s), instead of reading everything",
    async (parameter) => {
      const profiles = rows(250);
      let expired = false;
      const { connection, asked } = await connected({
        ...{ profiles, pageCap: 100 },
        instead: (one) => {
          if (!isProfiles(one) || one.query.get("page[cursor]") !== "200" || expired) return undefined;
          expired = true;
          return refusal(400, "invalid", parameter);
        },
      });
      const read = await readAll(connection, "profiles", REST);
      expect(new Set(idsOf(read)).size).toBe(250);
      expect(asked.filter(isProfiles).every(({ query }) => query.get("filter") !== null)).toBe(true);
    },
  );

  it("whose cursors never work ends, and so does one whose filter is refused", async () => {
    const always = await connected({
      ...{ profiles: rows(250), pageCap: 100 },
      instead: (one) => (one.query.has("page[cursor]") ? refusal(400, "invalid") : undefined),
    });
    expect(await failureOf(readAll(always.connection, "profiles", REST))).toMatchObject({ kind: "cursor_expired" });
    const filter = await connected({
      instead: (one) => (one.query.has("filter") ? refusal(400, "invalid") : undefined),
    });
    expect(await failureOf(readAll(filter.connection, "profiles", REST))).toMatchObject({ kind: "invalid_record" });
  });

  it("asks for the second before its position, for there is no `greater-or-equal`", async () => {
    const at = Date.parse("2026-05-20T10:00:00Z");
    const profiles = [row(1, {}, at), row(2, {}, at + 400), row(3, {}, at - 1_500)];
    const { connection } = await connected({ profiles });
    expect(idsOf(await readAll(connection, "profiles", { ...REST, settledAt: at }))).toEqual(["P1", "P2"]);
  });

  it("loses none of 12,000 profiles that changed in the same second", async () => {
    const at = Date.parse("2026-05-20T10:00:00Z");
    const profiles = Array.from({ length: 12_000 }, (_, n) => row(n + 1, {}, at));
    const { connection } = await connected({ profiles });
    expect(new Set(idsOf(await readAll(connection, "profiles", { ...REST, settledAt: at }))).size).toBe(12_000);
  });

  it("asks for consent with every profile", async () => {
    const { connection, asked } = await connected({ profiles: rows(3) });
    await readAll(connection);
    await readAll(connection, "profiles", REST);
    const wanted = asked.filter(isProfiles).map(({ query }) => query.get("additional-fields[profile]"));
    expect(wanted.length).toBe(3);
    expect(new Set(wanted)).toEqual(new Set(["subscriptions"]));
  });
});

const grant = issueGrant({
  ...{ profileId: "00000000-0000-8000-8000-000000000000", uses: [], entryIds: [] },
  ...{ rulesVersion: "test", decidedAt: "2026-01-01T00:00:00.000Z" },
});
const write = (id: string, values: Record<string, string | null>, job?: string) => ({
  ...{ id, values, idempotencyKey: `key-${id}`, grant },
  ...(job === undefined ? {} : { job }),
});
const STAGE = "tributary_lifecycle_stage";
const outcomesOf = (results: { outcome: string }[]) => results.map(({ outcome }) => outcome);
const isImport = ({ method, path }: Asked) => method === "POST" && path === "/api/profile-bulk-import-jobs";

describe("an import", () => {
  const ids = ["P1", "P2", "P3"];
  const writes = ids.map((id) => write(id, { [STAGE]: "x" }));

  it("that is called complete and did nothing is not called written, where its counts tell", async () => {
    for (const counts of [
      { total_count: 3, completed_count: 0, failed_count: 0 },
      { total_count: 0, completed_count: 0, failed_count: 0 },
      { total_count: null, completed_count: null, failed_count: null },
      { total_count: 3, completed_count: 2, failed_count: 0 },
      {},
    ]) {
      const { connection } = await connected({
        profiles: rows(3),
        carryOut: false,
        job: () => ({ status: "complete", ...counts }),
      });
      expect(outcomesOf(await connection.write(writes)), JSON.stringify(counts)).toEqual(["retry", "retry", "retry"]);
    }
  });

  it("whose counts do not add up is looked at: who holds the values was written", async () => {
    const { connection } = await connected({
      profiles: rows(3),
      job: () => ({ status: "complete", total_count: 3, completed_count: 1, failed_count: 0 }),
    });
    expect(outcomesOf(await connection.write(writes))).toEqual(["written", "written", "written"]);
  });

  it("with failures names each by the payload it quotes or by its place, and is otherwise looked at", async () => {
    const failed = (error: object) => ({
      ...{
        profiles: rows(3),
        job: () => ({ status: "complete", total_count: 3, completed_count: 2, failed_count: 1 }),
      },
      importErrors: () => [
        {
          type: "import-error",
          id: "e",
          attributes: { code: "invalid", title: "", detail: "p2@marlow.example", ...error },
        },
      ],
    });
    for (const error of [
      { original_payload: { id: "P2" }, source: { pointer: "/data" } },
      { source: { pointer: "/data/attributes/profiles/data/1/attributes/properties" } },
    ]) {
      const { connection } = await connected(failed(error));
      const results = await connection.write(writes);
      expect(outcomesOf(results)).toEqual(["written", "rejected", "written"]);
      expect(JSON.stringify(results)).not.toContain("marlow");
    }
    const { connection } = await connected({ ...failed({}), carryOut: false });
    expect(outcomesOf(await connection.write(writes)), "an error that names nobody").toEqual([
      "retry",
      "retry",
      "retry",
    ]);
  });

  it("reads every page of its errors", async () => {
    const profiles = rows(250);
    const { connection } = await connected({
      ...{
        profiles,
        pageCap: 100,
        job: () => ({ status: "complete", total_count: 250, completed_count: 0, failed_count: 250 }),
      },
      importErrors: (sent) => sent.map((one) => ({ attributes: { code: "invalid", original_payload: one } })),
    });
    const results = await connection.write(profiles.map(({ id }) => write(id, { [STAGE]: "x" })));
    expect(new Set(outcomesOf(results))).toEqual(new Set(["rejected"]));
  });

  it("in a word we do not know is neither done nor failed, and is looked at for a while only", async () => {
    const { connection, asked, pauses } = await connected({
      profiles: rows(3),
      job: () => ({ status: "finished", total_count: 3, completed_count: 3, failed_count: 0 }),
    });
    expect(outcomesOf(await connection.write(writes))).toEqual(["retry", "retry", "retry"]);
    expect(pauses()).toBeGreaterThan(3);
    expect(asked.length).toBeLessThan(20);
  });

  it("that is not known at once is looked for again, and not ordered twice", async () => {
    let looks = 0;
    const { connection, asked } = await connected({
      profiles: rows(3),
      instead: ({ method, path }) =>
        method === "GET" && path === "/api/profile-bulk-import-jobs/job1" && (looks += 1) < 3
          ? refusal(404, "not_found")
          : undefined,
    });
    expect(outcomesOf(await connection.write(writes))).toEqual(["written", "written", "written"]);
    expect(asked.filter(isImport).length).toBe(1);
  });

  it("that was cancelled is worth another try", async () => {
    const { connection } = await connected({ profiles: rows(3), job: () => ({ status: "cancelled" }) });
    expect(outcomesOf(await connection.write(writes))).toEqual(["retry", "retry", "retry"]);
  });

  it("is refused as a whole for one bad profile, and the others are written", async () => {
    const { connection, asked } = await connected({
      profiles: rows(40),
      instead: (one) => (isImport(one) && one.text.includes('"P7"') ? refusal(400, "invalid") : undefined),
    });
    const results = await connection.write(rows(40).map(({ id }) => write(id, { [STAGE]: "x" })));
    expect(results.filter(({ outcome }) => outcome !== "written")).toMatchObject([{ id: "P7", outcome: "rejected" }]);
    expect(asked.filter(isImport).length).toBeLessThan(16);
  });

  it("of a profile whose properties are left out of the answer is not taken for one without", async () => {
    const profiles = rows(1).map((one) => ({ ...one, attributes: { email: "p1@marlow.example" } }));
    const { connection } = await connected({ profiles });
    expect(await failureOf(connection.readLive([{ id: "P1" }], [STAGE]))).toMatchObject({ kind: "contract" });
  });

  it("of a list of ids too long for an address is asked about in parts", async () => {
    const profiles = Array.from({ length: 100 }, (_, n) => ({ ...row(n + 1), id: `${"é".repeat(40)}${n}` }));
    const { connection, asked } = await connected({ profiles });
    const live = await connection.readLive(
      profiles.map(({ id }) => ({ id })),
      [STAGE],
    );
    expect(new Set(live.map(({ state }) => state))).toEqual(new Set(["live"]));
    expect(asked.length).toBeGreaterThan(2);
    const longest = Math.max(...asked.map(({ path, query }) => `${path}?${query.toString()}`.length));
    expect(longest).toBeLessThan(8_000);
  });
});

describe("a job of an earlier attempt", () => {
  const begun: [string, readonly string[]][] = [];
  const context: WriteContext = { types: {}, begun: async (job, ids) => void begun.push([job, ids]) };
  afterEach(() => void begun.splice(0));

  it("is kept before anybody looks at it", async () => {
    let kept = 0;
    const { connection } = await connected({
      profiles: rows(2),
      instead: ({ method, path }) => {
        if (method === "GET" && path.startsWith("/api/profile-bulk-import-jobs/")) kept = begun.length;
        return undefined;
      },
    });
    await connection.write([write("P1", { [STAGE]: "x" }), write("P2", { [STAGE]: "x" })], context);
    expect(kept).toBe(1);
    expect(begun).toEqual([["job1", ["P1", "P2"]]]);
  });

  it("is waited for instead of being ordered again, and ends as what it says of its part of the records", async () => {
    let done = false;
    const server = await connected({
      profiles: rows(3),
      job: (_, sent) =>
        done
          ? { status: "complete", total_count: sent.length, completed_count: sent.length, failed_count: 0 }
          : { status: "processing" },
    });
    const { connection, asked } = server;
    const first = ["P1", "P2", "P3"].map((id) => write(id, { [STAGE]: "x" }));
    expect(outcomesOf(await connection.write(first, context))).toEqual(["retry", "retry", "retry"]);
    done = true;
    const again = ["P1", "P3"].map((id) => write(id, { [STAGE]: "x" }, "job1"));
    expect(outcomesOf(await connection.write(again, context))).toEqual(["written", "written"]);
    expect(asked.filter(isImport).length).toBe(1);
  });

  it.each([
    ["was cancelled", { status: "cancelled" }],
    ["is forgotten", null],
    ["ended without having done it", { status: "complete", total_count: 1, completed_count: 0, failed_count: 0 }],
  ])("that %s is ordered anew", async (_, end) => {
    const { connection, asked } = await connected({
      profiles: rows(1),
      instead: ({ path }) => {
        if (path !== "/api/profile-bulk-import-jobs/old") return undefined;
        return end === null ? refusal(404, "not_found") : { body: { data: { id: "old", attributes: end } } };
      },
    });
    expect(outcomesOf(await connection.write([write("P1", { [STAGE]: "x" }, "old")], context))).toEqual(["written"]);
    expect(asked.filter(isImport).length).toBe(1);
    expect(begun).toEqual([["job1", ["P1"]]]);
  });
});
