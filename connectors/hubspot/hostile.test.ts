import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "../core/call.ts";
import type { RateLimiter } from "../core/call.ts";
import type { OpenConnection, RecordPage } from "../core/contract.ts";
import type { ConnectorError } from "../core/errors.ts";
import { issueGrant } from "../core/grant.ts";
import type { ConsentRecord } from "../core/records.ts";
import { closeServers, hostileHubspot, row, rows } from "./hostile-server.ts";
import type { Answer, Asked, Manners } from "./hostile-server.ts";
import { hubspot } from "./index.ts";

afterEach(closeServers);

async function connected(manners: Partial<Manners> = {}, limiter: RateLimiter = unlimited) {
  const server = await hostileHubspot(manners);
  const call = createVendorCall({ connector: hubspot, limiter, now: Date.now });
  const connection = hubspot.open({
    settings: {},
    credentials: { accessToken: "pat-eu1-00000000-0000-0000-0000-000000000000" },
    baseUrl: server.url,
    call,
    now: Date.now,
  });
  return { ...server, connection };
}

async function readAll(connection: OpenConnection, stream = "contacts", from: unknown = null): Promise<RecordPage[]> {
  const pages: RecordPage[] = [];
  for await (const page of connection.read(stream, from)) pages.push(page);
  return pages;
}

const SINCE = { phase: "rest", settledAt: Date.parse("2026-04-30T00:00:00Z") };
const idsOf = (pages: RecordPage[]) =>
  new Set(pages.flatMap(({ records }) => records.flatMap(({ kind, id }) => (kind === "person" ? [id] : []))));
const rejectsOf = (pages: RecordPage[]) => pages.flatMap((page) => page.rejects);
const consentsOf = (pages: RecordPage[]) =>
  pages.flatMap(({ records }) => records.filter((record): record is ConsentRecord => record.kind === "consent"));
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: unknown) => error as ConnectorError,
  );
const isSearch = ({ path }: Asked) => path.endsWith("/search");
const isList = ({ path, query }: Asked) => path === "/crm/v3/objects/contacts" && query.get("archived") !== "true";

describe("HubSpot's search", () => {
  it("hides nobody behind a row that stands at its old place with a new time", async () => {
    const contacts = rows(1000);
    const now = new Date().toISOString();
    const indexedAt = new Map(contacts.map(({ id, updatedAt }) => [String(id), Date.parse(updatedAt)]));
    contacts[199] = row(200, {}, Date.parse(now));
    const { connection } = await connected({ contacts, indexedAt });
    expect(idsOf(await readAll(connection, "contacts", SINCE)).size).toBe(1000);
  });

  it("hides nobody when rows change at each page", async () => {
    const contacts = rows(1000);
    let touched = 0;
    const { connection } = await connected({
      contacts,
      instead: (asked) => {
        if (isSearch(asked)) for (let n = 0; n < 7; n += 1) contacts[touched] = row((touched += 1), {}, Date.now());
        return undefined;
      },
    });
    expect(idsOf(await readAll(connection, "contacts", SINCE)).size).toBe(1000);
  });

  it.each([
    ["backwards", (list: ReturnType<typeof rows>) => list.toReversed()],
    ["as words", (list: ReturnType<typeof rows>) => list.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1))],
    ["with one misplaced", (list: ReturnType<typeof rows>) => [...list.slice(-1), ...list.slice(0, -1)]],
  ])("hides nobody when it sorts %s", async (_, order) => {
    const { connection, asked } = await connected({ contacts: rows(1000), order });
    expect(idsOf(await readAll(connection, "contacts", SINCE)).size).toBe(1000);
    expect(asked.filter(isSearch).length).toBeLessThan(60);
  });

  it("reads 12,000 records of one instant", async () => {
    const at = Date.parse("2026-05-01T00:00:00Z");
    const companies = Array.from({ length: 12_000 }, (_, n) => row(n + 1, { name: "Acme" }, at));
    const { connection } = await connected({ companies });
    const pages = await readAll(connection, "companies", SINCE);
    expect(new Set(pages.flatMap((page) => page.records.map(({ id }) => id))).size).toBe(12_000);
  });

  it.each([0, 1, 999_999])("does not believe a total of %i", async (total) => {
    const { connection } = await connected({ contacts: rows(450), total });
    expect(idsOf(await readAll(connection, "contacts", SINCE)).size).toBe(450);
  });

  it("is told when it lists the same page for ever", async () => {
    const body = { total: 500, results: rows(200), paging: { next: { after: "200" } } };
    const { connection, asked } = await connected({ instead: (one) => (isSearch(one) ? { body } : undefined) });
    expect(await failureOf(readAll(connection, "contacts", SINCE))).toMatchObject({ kind: "contract" });
    expect(asked.length).toBeLessThan(60);
  });

  it("goes on after an empty page that has a next one, and is told when that one never comes", async () => {
    let empty = 1;
    const contacts = rows(300);
    const nothing = (after: string) => ({ body: { total: 300, results: [], paging: { next: { after } } } });
    const { connection } = await connected({
      contacts,
      instead: (asked) => {
        if (!isSearch(asked) || asked.body.after !== "0" || (empty -= 1) < 0) return undefined;
        // The same query under this place answers with the rows.
        return nothing("00");
      },
    });
    expect(idsOf(await readAll(connection, "contacts", SINCE)).size).toBe(300);
    const stuck = await connected({ instead: (asked) => (isSearch(asked) ? nothing("7") : undefined) });
    expect(await failureOf(readAll(stuck.connection, "contacts", SINCE))).toMatchObject({ kind: "contract" });
  });
});

describe("HubSpot's pages", () => {
  it.each([
    ["list", null, 100],
    ["list", null, 7],
    ["search", SINCE, 199],
    ["search", SINCE, 100],
    ["search", SINCE, 1],
  ])("are walked to the end of the %s (from %j) though no more than %i come at once", async (_, from, pageCap) => {
    const { connection } = await connected({ contacts: rows(250), pageCap });
    expect(idsOf(await readAll(connection, "contacts", from)).size).toBe(250);
  });

  it.each(["0", "x", ""])("that name %j as the next one for ever are told", async (after) => {
    const body = { results: rows(3), paging: { next: { after } } };
    const { connection, asked } = await connected({ instead: (one) => (isList(one) ? { body } : undefined) });
    expect(await failureOf(readAll(connection))).toMatchObject({ kind: "contract" });
    expect(asked.filter(isList).length).toBeLessThan(4);
  });

  it("may be empty, repeat rows, or end with a null", async () => {
    const pages: Record<string, unknown> = {
      "": { results: rows(3), paging: { next: { after: "a" } } },
      a: { results: [], paging: { next: { after: "b" } } },
      b: { results: rows(5), paging: null },
    };
    const instead = (one: Asked) => (isList(one) ? { body: pages[one.query.get("after") ?? ""] } : undefined);
    const { connection } = await connected({ instead });
    const read = await readAll(connection);
    expect(idsOf(read).size).toBe(5);
    expect(read.at(-1)?.fullScan).toBe(true);
  });

  it("resume anywhere without loss", async () => {
    const { connection } = await connected({ contacts: rows(500), pageCap: 90 });
    for (const from of [null, SINCE]) {
      const pages = await readAll(connection, "contacts", from);
      for (const [n, page] of pages.entries()) {
        if (page.atEnd) continue;
        const rest = await readAll(connection, "contacts", JSON.parse(JSON.stringify(page.next)));
        expect(idsOf([...pages.slice(0, n + 1), ...rest]).size).toBe(500);
      }
    }
  });
});

describe("a row of HubSpot", () => {
  it.each([
    ["nothing", null],
    ["a word", "gone"],
    ["a stub", { id: "9001" }],
    ["without createdAt", { ...row(9001), createdAt: undefined }],
    ["with a time that is none", { ...row(9001), updatedAt: "soon" }],
    ["with properties of another form", { ...row(9001), properties: { email: { value: "x" } } }],
  ])("that is %s costs itself, in lists and in searches", async (_, bad) => {
    for (const from of [null, SINCE]) {
      const body = { total: 7, results: [...rows(3), bad, row(4), row(5), row(6)] };
      const instead = (one: Asked) => (isList(one) || isSearch(one) ? { body } : undefined);
      const { connection } = await connected({ instead });
      const pages = await readAll(connection, "contacts", from);
      expect(idsOf(pages).size).toBe(6);
      expect(rejectsOf(pages)).toHaveLength(1);
      const named = typeof bad === "object" && bad !== null;
      expect(rejectsOf(pages)[0]?.id).toBe(named ? "9001" : undefined);
      expect(pages.at(-1)?.fullScan).toBe(from === null && named);
    }
  });

  it("that says only that it is archived is a tombstone", async () => {
    const stub = { id: "9001", archived: true, archivedAt: "2026-05-02T00:00:00Z" };
    const { connection } = await connected({
      contacts: [row(1)],
      archived: [stub, { ...row(2), archived: true, archivedAt: undefined }],
    });
    const records = (await readAll(connection, "contacts", SINCE)).flatMap((page) => page.records);
    expect(records.filter(({ deleted }) => deleted).map(({ id }) => id)).toEqual(["9001", "2"]);
  });

  it("may have a number for its id", async () => {
    const { connection } = await connected({ contacts: rows(300).map((one) => ({ ...one, id: Number(one.id) })) });
    expect(idsOf(await readAll(connection, "contacts", SINCE)).size).toBe(300);
  });
});

describe("an answer of HubSpot that leaves somebody out", () => {
  const subscribed = {
    subscriptionId: 601,
    status: "SUBSCRIBED",
    timestamp: "2025-01-01T00:00:00Z",
    source: "Form",
    legalBasis: "CONSENT_WITH_NOTICE",
  };
  const withdrawn = { ...subscribed, status: "UNSUBSCRIBED", timestamp: "2026-05-01T00:00:00Z" };
  const statusesPath = "/communication-preferences/v4/statuses/batch/read";

  it("is asked again: a withdrawal is not lost", async () => {
    let times = 0;
    const statuses = new Map([
      ["p1@marlow.example", [subscribed]],
      ["p2@marlow.example", [withdrawn]],
    ]);
    const { connection } = await connected({
      contacts: rows(2),
      statuses,
      instead: ({ path }) =>
        path === statusesPath && (times += 1) === 1
          ? { status: 207, body: { results: [{ subscriberIdString: "P1@Marlow.example", statuses: [subscribed] }] } }
          : undefined,
    });
    const pages = await readAll(connection);
    expect(consentsOf(pages).map(({ state }) => state)).toEqual(["granted", "withdrawn"]);
    expect(rejectsOf(pages)).toEqual([]);
  });

  it("again and again counts as unknown, and is told", async () => {
    const statuses = new Map([["p1@marlow.example", [subscribed]]]);
    const { connection } = await connected({ contacts: rows(2), statuses });
    const pages = await readAll(connection);
    expect(consentsOf(pages)).toMatchObject([
      { person: { id: "1" }, state: "granted" },
      { person: { id: "2" }, state: "unknown", effectiveAt: null },
    ]);
    expect(rejectsOf(pages)).toMatchObject([{ id: "2", reason: expect.stringContaining("did not answer") }]);
  });

  it("for all of them, with errors, is worth another try rather than everybody's consent", async () => {
    const body = { status: "COMPLETE", results: [], numErrors: 1, errors: [{ category: "INTERNAL_ERROR" }] };
    const instead = ({ path }: Asked) => (path === statusesPath ? { status: 207, body } : undefined);
    const { connection } = await connected({ contacts: rows(5), instead });
    expect(await failureOf(readAll(connection))).toMatchObject({ kind: "transient" });
  });

  it("or writes of a status in a form we do not know, is not taken for a yes", async () => {
    const statuses = new Map([
      ["p1@marlow.example", [subscribed, { ...subscribed, status: null }]],
      ["p2@marlow.example", [{ ...withdrawn, timestamp: "soon" }]],
    ]);
    const { connection } = await connected({ contacts: rows(2), statuses });
    expect(consentsOf(await readAll(connection)).map(({ state, effectiveAt }) => [state, effectiveAt])).toEqual([
      ["unknown", null],
      ["withdrawn", null],
    ]);
  });

  it("brings an address in parts, one a business unit", async () => {
    const instead = ({ path }: Asked) =>
      path === statusesPath
        ? {
            body: {
              results: [withdrawn, subscribed].map((one) => ({
                subscriberIdString: "p1@marlow.example",
                statuses: [one],
              })),
            },
          }
        : undefined;
    const { connection } = await connected({ contacts: rows(1), instead });
    const consents = consentsOf(await readAll(connection));
    expect(consents.map(({ state }) => state).toSorted()).toEqual(["granted", "withdrawn"]);
    expect(new Set(consents.map(({ id }) => id)).size).toBe(2);
  });

  it("takes no company's people away from it", async () => {
    const wrong = (id: string) => ({ category: "INTERNAL_ERROR", context: { fromObjectId: [id] } });
    const companies = [row(1), row(2), row(3)];
    let asks = 0;
    const instead = ({ path }: Asked): Answer | undefined => {
      if (!path.startsWith("/crm/v4")) return undefined;
      asks += 1;
      const with1 = { from: { id: "1" }, to: [{ toObjectId: 77, associationTypes: [] }] };
      const none3 = {
        category: "OBJECT_NOT_FOUND",
        subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
        context: { fromObjectId: ["3"] },
      };
      return { status: 207, body: { status: "COMPLETE", results: [with1], numErrors: 2, errors: [wrong("2"), none3] } };
    };
    const { connection } = await connected({ companies, instead });
    const pages = await readAll(connection, "companies");
    expect(pages.flatMap(({ records }) => records)).toMatchObject([
      { id: "1", people: [{ id: "77" }] },
      { id: "3", people: [] },
    ]);
    expect(rejectsOf(pages)).toMatchObject([{ id: "2", reason: expect.stringContaining("did not say") }]);
    expect(asks).toBeGreaterThan(1);
    expect(pages.at(-1)?.fullScan).toBe(true);
  });

  it("names the same further people for ever is told", async () => {
    const results = [
      { from: { id: "1" }, to: [{ toObjectId: 77, associationTypes: [] }], paging: { next: { after: "1" } } },
    ];
    const instead = ({ path }: Asked) =>
      path.startsWith("/crm/v4") ? { body: { status: "COMPLETE", results } } : undefined;
    const { connection } = await connected({ companies: [row(1)], instead });
    expect(await failureOf(readAll(connection, "companies"))).toMatchObject({ kind: "contract" });
  });
});

describe("an opt-out from everything at HubSpot", () => {
  const optedOut = { hs_email_optout: "true" };
  const old = { subscriptionId: 601, status: "UNSUBSCRIBED", timestamp: "2024-01-01T00:00:00Z" };
  const set = (value: string, timestamp: unknown) => ({ value, timestamp, sourceType: "CRM_UI" });

  it.each([
    [
      "its own history, not by one list's",
      [set("true", "2026-06-01T00:00:00Z"), set("false", "2025-01-01T00:00:00Z")],
      "2026-06-01T00:00:00.000Z",
    ],
    [
      "the latest time it was set",
      [set("true", "2024-06-01T00:00:00Z"), set("false", "2025-06-01T00:00:00Z"), set("true", "2026-06-01T00:00:00Z")],
      "2026-06-01T00:00:00.000Z",
    ],
    [
      "nothing where the history ends with something else",
      [set("true", "2024-06-01T00:00:00Z"), set("", "2025-06-01T00:00:00Z")],
      null,
    ],
    ["nothing where there is no history", [], null],
    ["nothing where HubSpot leaves the history out", undefined, null],
  ])("is dated by %s", async (_, history, effectiveAt) => {
    const { connection } = await connected({
      contacts: [row(1, optedOut)],
      statuses: new Map([["p1@marlow.example", [old]]]),
      history: new Map(history === undefined ? [] : [["1", history]]),
    });
    const consents = consentsOf(await readAll(connection));
    expect(consents.find(({ id }) => id === "1:all")).toMatchObject({ state: "withdrawn", effectiveAt });
  });
});

describe("HubSpot asking to wait, or refusing", () => {
  const page = "<!DOCTYPE html><html><body>Sorry, jo@marlow.example</body></html>";

  it.each([
    [429, "rate_limited"],
    [401, "auth"],
    [403, "permission"],
    [404, "transient"],
    [502, "transient"],
    [503, "transient"],
    [522, "transient"],
    [477, "rate_limited"],
    [200, "transient"],
  ])("with %i in HTML is %s", async (status, kind) => {
    for (const stream of ["contacts", "companies"]) {
      const { connection } = await connected({ instead: () => ({ status, body: page }) });
      const failure = await failureOf(readAll(connection, stream));
      expect(failure).toMatchObject({ kind });
      expect(failure?.message).not.toContain("jo@");
    }
  });

  it.each([{}, [], null, { message: null, policyName: 7, errors: null }, { status: "error", category: "SOMETHING" }])(
    "with 429 is a wait whatever the body (%j)",
    async (body) => {
      const { connection } = await connected({ instead: () => ({ status: 429, body }) });
      expect(await failureOf(readAll(connection))).toMatchObject({
        kind: "rate_limited",
        details: { retryAfterMs: 10_000 },
      });
    },
  );

  it.each([
    ["soon", 10_000],
    ["-1", 10_000],
    ["0.5", 500],
    ["7", 7_000],
  ])("until %j", async (retryAfter, retryAfterMs) => {
    const instead = () => ({ status: 429, headers: { "retry-after": retryAfter }, body: {} });
    const { connection } = await connected({ instead });
    expect(await failureOf(readAll(connection))).toMatchObject({ details: { retryAfterMs } });
  });

  it.each([
    ["names the policy", { body: { policyName: "DAILY", message: "You have reached your daily limit." } }],
    [
      "counts in a header under a proxy's page",
      { body: page, headers: { "x-hubspot-ratelimit-daily-remaining": "0" } },
    ],
    ["names a short wait besides", { body: { policyName: "DAILY" }, headers: { "retry-after": "1" } }],
  ])("for the day (%s) stops every call until the account's midnight", async (_, answer) => {
    const blocked: [string, number][] = [];
    const limiter = {
      ...unlimited,
      block: async (bucket: string, until: number) => void blocked.push([bucket, until]),
    };
    const instead = (one: Asked) => (isSearch(one) ? { status: 429, ...answer } : undefined);
    const { connection } = await connected({ instead }, limiter);
    expect(await failureOf(readAll(connection, "contacts", SINCE))).toMatchObject({ kind: "rate_limited" });
    expect(blocked.map(([bucket]) => bucket).toSorted()).toEqual(["general", "search"]);
    const hours = new Intl.DateTimeFormat("en-GB", { timeZone: "US/Eastern", hour: "2-digit", minute: "2-digit" });
    for (const [, until] of blocked) expect(hours.format(until + 30_000)).toBe("00:00");
  });

  it("for the day where even the account cannot be asked, asks again from time to time", async () => {
    const { connection } = await connected({ instead: () => ({ status: 429, body: { policyName: "DAILY" } }) });
    expect(await failureOf(readAll(connection))).toMatchObject({
      details: { retryAfterMs: 3_600_000, wholeAccount: true },
    });
  });

  it("with half a reply is worth another try", async () => {
    const { connection } = await connected({
      instead: () => ({ headers: { "content-type": "application/json" }, body: '{"results": [{"id":' }),
    });
    expect(await failureOf(readAll(connection))).toMatchObject({ kind: "transient" });
  });
});

describe("a redirect of HubSpot", () => {
  const grant = issueGrant({
    profileId: "p",
    uses: [],
    entryIds: [],
    rulesVersion: "t",
    decidedAt: "2026-01-01T00:00:00Z",
  });
  const write = { id: "1", values: { tributary_stage: "loyal" }, idempotencyKey: "k", grant };

  it.each([301, 302, 303, 307, 308])("with %i to another host tells that host nothing", async (status) => {
    const elsewhere = await hostileHubspot();
    const instead = ({ path }: Asked) => ({ status, headers: { location: `${elsewhere.url}${path}` }, body: {} });
    const { connection } = await connected({ contacts: rows(1), instead });
    const works = [
      () => readAll(connection),
      () => readAll(connection, "contacts", SINCE),
      () => connection.check(),
      () => connection.readLive([{ id: "1" }], ["tributary_stage"]),
      () => connection.write([write]),
      () => connection.ensureFields([{ name: "tributary_stage", label: "S", description: "", type: "text" }]),
    ];
    for (const work of works) expect(await failureOf(work())).toMatchObject({ kind: "contract" });
    expect(elsewhere.asked).toEqual([]);
  });

  it("of the status call alone tells that host nothing either", async () => {
    const elsewhere = await hostileHubspot();
    const instead = ({ path }: Asked) =>
      path.startsWith("/communication")
        ? { status: 307, headers: { location: `${elsewhere.url}${path}` }, body: {} }
        : undefined;
    const { connection } = await connected({ contacts: rows(1), instead });
    expect(await failureOf(readAll(connection))).toMatchObject({ kind: "contract" });
    expect(elsewhere.asked).toEqual([]);
  });
});

describe("a batch of writes HubSpot answers half", () => {
  const grant = issueGrant({
    profileId: "p",
    uses: [],
    entryIds: [],
    rulesVersion: "t",
    decidedAt: "2026-01-01T00:00:00Z",
  });
  const writes = ["1", "2", "3"].map((id) => ({ id, values: { tributary_stage: "x" }, idempotencyKey: id, grant }));
  const outcomes = async (answer: (ids: string[], n: number) => Answer) => {
    let n = 0;
    const instead = ({ path, body }: Asked) =>
      path.endsWith("/batch/update")
        ? answer(
            (body.inputs ?? []).map((input) => (input as { id: string }).id),
            (n += 1),
          )
        : undefined;
    const { connection } = await connected({ instead });
    return (await connection.write(writes)).map(({ outcome }) => outcome);
  };

  it("says done only of those it names", async () => {
    const silent = (ids: string[]) => ({
      body: { status: "COMPLETE", results: ids.filter((id) => id !== "2").map((id) => row(Number(id))) },
    });
    expect(await outcomes(silent)).toEqual(["written", "retry", "written"]);
    expect(await outcomes(() => ({ body: { status: "COMPLETE", results: [] } }))).toEqual(["retry", "retry", "retry"]);
  });

  it("asks again for whom it left out", async () => {
    const late = (ids: string[], n: number) => ({
      body: { status: "COMPLETE", results: ids.filter((id) => n > 1 || id !== "2").map((id) => row(Number(id))) },
    });
    expect(await outcomes(late)).toEqual(["written", "written", "written"]);
  });

  it("finds out whom an error without a name means", async () => {
    const nameless = (ids: string[]) => ({
      status: 207,
      body: {
        status: "COMPLETE",
        results: ids.filter((id) => id !== "2").map((id) => row(Number(id))),
        numErrors: ids.includes("2") ? 1 : 0,
        errors: ids.includes("2")
          ? [{ status: "error", category: "VALIDATION_ERROR", message: "jo@marlow.example" }]
          : [],
      },
    });
    expect(await outcomes(nameless)).toEqual(["written", "rejected", "written"]);
  });
});
