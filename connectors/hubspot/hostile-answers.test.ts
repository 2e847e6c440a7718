/** What HubSpot's replies can do to us beyond what `hostile.test.ts` shows: found by an outsider who knew only its API. */
import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "../core/call.ts";
import type { CanonicalRecord } from "../core/records.ts";
import { issueGrant } from "../core/grant.ts";
import { closeServers, hostileHubspot, row, rows } from "./hostile-server.ts";
import type { Answer, Asked, Manners } from "./hostile-server.ts";
import { hubspot } from "./index.ts";

afterEach(closeServers);

const SINCE = { phase: "rest", settledAt: Date.parse("2026-04-30T00:00:00Z") };

async function connected(manners: Partial<Manners> = {}, settings: unknown = {}) {
  const server = await hostileHubspot(manners);
  const call = createVendorCall({ connector: hubspot, limiter: unlimited, now: Date.now });
  const credentials = { accessToken: "pat-eu1-00000000-0000-0000-0000-000000000000" };
  return { ...server, connection: hubspot.open({ settings, credentials, baseUrl: server.url, call, now: Date.now }) };
}

async function read(
  manners: Partial<Manners>,
  { stream = "contacts", from, settings = {} }: { stream?: string; from?: unknown; settings?: unknown } = {},
) {
  const { connection, asked } = await connected(manners, settings);
  const records: CanonicalRecord[] = [];
  const rejects: string[] = [];
  for await (const page of connection.read(stream, from ?? null)) {
    records.push(...page.records);
    rejects.push(...page.rejects.map(({ ref }) => ref));
  }
  const of = <Kind extends CanonicalRecord["kind"]>(kind: Kind) =>
    records.filter((record): record is Extract<CanonicalRecord, { kind: Kind }> => record.kind === kind);
  return { of, rejects, asked };
}

const isSearch = ({ path }: Asked) => path.endsWith("/search");
const isList = ({ path, query }: Asked) => path === "/crm/v3/objects/contacts" && query.get("archived") !== "true";

describe("HubSpot's search that counts more than it lists", () => {
  it("with a short page and no next one is asked for what is behind it", async () => {
    const contacts = rows(450);
    const short = ({ body }: Asked): Answer => {
      const filters = (body.filterGroups ?? []).flatMap((group) => group.filters);
      const above = Number(filters.find(({ operator }) => operator === "GT")?.value ?? "0");
      const left = contacts.filter(({ id }) => Number(id) > above);
      return { body: { total: left.length, results: left.slice(0, 50) } };
    };
    const { of } = await read(
      { contacts, instead: (one) => (isSearch(one) ? short(one) : undefined) },
      { from: SINCE },
    );
    expect(new Set(of("person").map(({ id }) => id)).size).toBe(450);
  });

  it("and lists nothing is asked once more", async () => {
    let times = 0;
    const instead = (one: Asked) =>
      isSearch(one) && (times += 1) === 1 ? { body: { total: 3, results: [] } } : undefined;
    const { of } = await read({ contacts: rows(3), instead }, { from: SINCE });
    expect(of("person")).toHaveLength(3);
  });

  it("may write the count as text, or none that is one", async () => {
    for (const [total, count] of [
      ["3", 3],
      [-1, null],
      [null, null],
    ]) {
      const instead = (one: Asked) => (isSearch(one) ? { body: { total, results: rows(3) } } : undefined);
      const { of } = await read({ instead }, { from: SINCE });
      expect(of("person")).toHaveLength(3);
      expect(await (await connected({ instead })).connection.count("contacts")).toBe(count);
    }
  });
});

describe("HubSpot's archived list", () => {
  it("with a row that says it is not archived deletes nobody", async () => {
    const { of } = await read({ contacts: rows(2), archived: [row(1), { ...row(3), archived: true }] });
    expect(of("person").map(({ id, deleted }) => [id, deleted])).toEqual([
      ["1", false],
      ["2", false],
      ["1", false],
      ["3", true],
    ]);
  });
});

describe("HubSpot's associations", () => {
  const associated = (...results: unknown[]) =>
    read(
      {
        companies: [row(1)],
        instead: ({ path }) => (path.startsWith("/crm/v4") ? { body: { status: "COMPLETE", results } } : undefined),
      },
      { stream: "companies" },
    );

  it("of one company in two parts are all its people", async () => {
    const part = (id: number) => ({ from: { id: "1" }, to: [{ toObjectId: id, associationTypes: [] }] });
    const { of } = await associated(part(5), part(7));
    expect(of("organisation")[0]?.people.map(({ id }) => id)).toEqual(["5", "7"]);
  });

  it("to a number too large to be exact name nobody else", async () => {
    const { of, rejects } = await associated({ from: { id: "1" }, to: [{ toObjectId: 2 ** 53 }] });
    expect(of("organisation")).toEqual([]);
    expect(rejects).toEqual(["1"]);
  });
});

describe("consent at HubSpot", () => {
  const yes = {
    subscriptionId: 601,
    status: "SUBSCRIBED",
    timestamp: "2025-01-01T00:00:00Z",
    source: "Form",
    legalBasis: "CONSENT_WITH_NOTICE",
  };
  const no = { ...yes, subscriptionId: 602, status: "UNSUBSCRIBED" };
  const states = async (statuses: unknown[], properties: Record<string, string | null> = {}) => {
    const { of, rejects } = await read({
      contacts: [row(1, properties)],
      statuses: new Map([["p1@marlow.example", statuses]]),
    });
    return { states: of("consent").map(({ id, state }) => [id, state]), rejects };
  };

  it.each([null, "x", {}, { ...yes, status: null }])(
    "is refused where a status that cannot be read (%j) stands beside the no",
    async (broken) => {
      expect((await states([broken, no])).states).toEqual([["1:602", "withdrawn"]]);
      expect((await states([yes, broken, no])).states).toEqual([["1:602", "withdrawn"]]);
    },
  );

  it("is unknown where a status that cannot be read stands beside the yes", async () => {
    expect(await states([yes, null])).toEqual({
      states: [["1:email:marketing", "unknown"]],
      rejects: ["1:unreadable:email:marketing"],
    });
  });

  it("to WhatsApp is none to e-mail, and a no is a no wherever it stands", async () => {
    expect((await states([{ ...yes, channel: "WHATSAPP" }])).states).toEqual([["1:email:marketing", "unknown"]]);
    expect((await states([{ ...yes, channel: "email" }])).states).toEqual([["1:601", "granted"]]);
    expect((await states([{ ...no, channel: "WHATSAPP" }])).states).toEqual([["1:602", "withdrawn"]]);
  });

  it("is unknown for everybody where the statuses may not be read any more, and that is said once", async () => {
    const refusal = { status: 403, body: { status: "error", category: "MISSING_SCOPES", message: "no" } };
    const { of, rejects } = await read({
      contacts: [...rows(250), row(251, { hs_email_optout: "true" }), row(252, { email: null })],
      instead: ({ path }) => (path.startsWith("/communication-preferences") ? refusal : undefined),
    });
    const found = of("consent");
    expect(found).toHaveLength(251);
    expect(found.filter(({ state }) => state !== "unknown")).toMatchObject([{ id: "251:all", state: "withdrawn" }]);
    expect(rejects).toEqual(["subscription-statuses"]);
  });

  it("of a list that stands there twice does not depend on the order", async () => {
    const twice = [
      { ...yes, businessUnitId: 7 },
      { ...yes, status: "UNSUBSCRIBED", businessUnitId: 2 },
    ];
    expect(await states(twice)).toEqual(await states(twice.toReversed()));
  });

  it.each(["true", "TRUE", " true ", "1", "yes"])("is withdrawn where the opt-out says %j", async (word) => {
    const all = (await states([], { hs_email_optout: word })).states;
    expect(all).toEqual([["1:all", "withdrawn"]]);
  });

  it.each(["false", "", "0", "No", null])("is as the lists say where the opt-out says %j", async (word) => {
    expect((await states([yes], { hs_email_optout: word })).states).toEqual([["1:601", "granted"]]);
  });
});

describe("a reply of HubSpot", () => {
  const body = JSON.stringify({ results: rows(3) });

  it.each([
    ["gzip", gzipSync(body)],
    ["x-gzip", gzipSync(body)],
    ["deflate", deflateSync(body)],
    ["br", brotliCompressSync(body)],
    ["deflate, gzip", gzipSync(deflateSync(body))],
    ["identity", Buffer.from(body)],
  ])("packed with %s is read", async (encoding, bytes) => {
    const answer = { headers: { "content-encoding": encoding }, body: bytes };
    expect((await read({ instead: (one) => (isList(one) ? answer : undefined) })).of("person")).toHaveLength(3);
  });

  it.each(["text/plain", "application/octet-stream", "application/xml", "text/html", ""])(
    "that is JSON is read, though its content type says %j",
    async (type) => {
      const answer = { headers: { "content-type": type }, body: Buffer.from(body) };
      expect((await read({ instead: (one) => (isList(one) ? answer : undefined) })).of("person")).toHaveLength(3);
    },
  );

  it.each([
    ["application/json", "<html>"],
    ["application/xml", "<x/>"],
    ["application/json", body.slice(0, 20)],
    ["text/plain", ""],
  ])("of type %s that is no JSON (%j) is worth another try", async (type, text) => {
    const answer = { headers: { "content-type": type }, body: Buffer.from(text) };
    const failing = read({ instead: (one) => (isList(one) ? answer : undefined) });
    await expect(failing).rejects.toMatchObject({ kind: "transient" });
  });

  it("packed otherwise than it says is worth another try", async () => {
    const answer = { headers: { "content-encoding": "gzip" }, body: Buffer.from(body) };
    const failing = read({ instead: (one) => (isList(one) ? answer : undefined) });
    await expect(failing).rejects.toMatchObject({ kind: "transient" });
  });
});

describe("a 404 that is not HubSpot's own", () => {
  const page = { status: 404, body: "<html>not found</html>" };

  it("is no proof that a contact is gone", async () => {
    const instead = ({ path }: Asked): Answer | undefined => {
      if (path === "/crm/v3/objects/contacts/2") return page;
      return path.endsWith("/batch/read") ? { body: { status: "COMPLETE", results: [row(1)] } } : undefined;
    };
    const { connection } = await connected({ instead });
    await expect(connection.readLive([{ id: "1" }, { id: "2" }], ["email"])).rejects.toMatchObject({
      kind: "transient",
    });
  });

  it("to a write leaves the contact to be tried again", async () => {
    const { connection } = await connected({ instead: ({ path }) => (path.endsWith("/update") ? page : undefined) });
    const grant = issueGrant({ profileId: "p", uses: [], entryIds: [], rulesVersion: "t", decidedAt: "2026-01-01" });
    const write = connection.write([{ id: "1", values: { tributary_stage: "x" }, idempotencyKey: "1", grant }]);
    await expect(write).rejects.toMatchObject({ kind: "transient" });
  });

  it("with a saved position does not mean that the position has expired", async () => {
    const instead = (one: Asked) => (one.query.get("after") === "9" ? { ...page, status: 400 } : undefined);
    const failing = read({ instead }, { from: { phase: "live", after: "9", settledAt: 0 } });
    await expect(failing).rejects.toMatchObject({ kind: "transient" });
  });
});

describe("a property of HubSpot that cannot take our values", () => {
  const text = {
    name: "f",
    label: "F",
    type: "string",
    fieldType: "text",
    groupName: "g",
    description: "",
    options: [],
  };

  it.each([
    ["calculated", { calculated: true }],
    ["read-only", { modificationMetadata: { readOnlyValue: true, readOnlyDefinition: false, archivable: true } }],
    ["one contact only", { hasUniqueValue: true }],
    ["options from another tool", { type: "enumeration", fieldType: "select", externalOptions: true }],
  ])("is a conflict and says so: %s", async (said, flaw) => {
    const { connection, asked } = await connected({
      instead: ({ path }) =>
        path.startsWith("/crm/v3/properties/contacts")
          ? { body: path.includes("/groups") ? { name: "tributary" } : { results: [{ ...text, ...flaw }] } }
          : undefined,
    });
    const options = [{ value: "vip", label: "VIP" }];
    const type = "fieldType" in flaw ? ("enumeration" as const) : ("text" as const);
    const field = { name: "f", label: "F", description: "", type, ...(type === "enumeration" ? { options } : {}) };
    expect(await connection.ensureFields([field])).toMatchObject([
      { outcome: "conflict", reason: expect.stringContaining(said) },
    ]);
    expect(asked.every(({ method }) => method === "GET")).toBe(true);
  });
});

describe("HubSpot's account", () => {
  it.each([
    ["STANDARD", "live"],
    ["SANDBOX", "test"],
    ["DEVELOPER_TEST", "test"],
    ["APP_DEVELOPER", "test"],
    ["SOMETHING_NEW", undefined],
    [undefined, undefined],
  ])("of type %s is %s", async (accountType, mode) => {
    const { connection } = await connected({ instead: () => ({ body: { portalId: 1, accountType } }) });
    expect((await connection.check()).mode).toBe(mode);
  });
});

describe("a deal's close date", () => {
  it.each([
    ["1793491200000", "2026-11-01T00:00:00.000Z"],
    ["+275760-01-01T00:00:00Z", null],
    ["-000001-01-01T00:00:00Z", null],
    ["253402300800000", null],
    ["soon", null],
  ])("of %j is %j", async (closedate, closedAt) => {
    const instead = ({ path, query }: Asked) =>
      path === "/crm/v3/objects/deals" && query.get("archived") !== "true"
        ? { body: { results: [row(1, { closedate })] } }
        : undefined;
    expect((await read({ instead }, { stream: "deals" })).of("deal")[0]?.closedAt).toBe(closedAt);
  });
});
