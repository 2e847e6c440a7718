import { afterEach, describe, expect, it } from "vitest";
import { unlimited } from "../core/call.ts";
import type { FieldDefinition } from "../core/contract.ts";
import { openForContract, peopleOf, readToEnd, testConnector } from "../core/contract-suite/index.ts";
import type { ContractAccess } from "../core/contract-suite/index.ts";
import type { ConnectorError } from "../core/errors.ts";
import { issueGrant } from "../core/grant.ts";
import type { ConsentRecord } from "../core/records.ts";
import { untilMidnightMs } from "../core/midnight.ts";
import { startContractAccount } from "./contract-account.ts";
import { golden } from "./golden.ts";
import { hubspot } from "./index.ts";
import { startHubspotTwin } from "./twin/index.ts";
import type { HubspotTwin, HubspotTwinOptions } from "./twin/index.ts";
import type { HubspotSeed, HubspotSeedContact } from "./twin/seed.ts";

const SEEDED_AT = Date.parse("2026-03-01T09:00:00.000Z");
const FIRST_ID = 1001;

function contact(n: number, more: Partial<HubspotSeedContact> = {}): HubspotSeedContact {
  const at = new Date(SEEDED_AT + n * 1000).toISOString();
  const properties = {
    email: `person${n}@marlowbooks.co.uk`,
    firstname: "Ada",
    lastname: `Marlow${n}`,
    country: "United Kingdom",
  };
  return {
    id: String(FIRST_ID + n),
    createdAt: at,
    updatedAt: at,
    ...more,
    properties: { ...properties, ...more.properties },
  };
}

function people(count: number, more: (n: number) => Partial<HubspotSeedContact> = () => ({})): HubspotSeed {
  return { contacts: Array.from({ length: count }, (_, n) => contact(n, more(n))), companies: [], deals: [] };
}

let running: HubspotTwin[] = [];
afterEach(async () => {
  await Promise.all(running.map((twin) => twin.close()));
  running = [];
});

async function twinWith(seed: HubspotSeed, options: HubspotTwinOptions = {}): Promise<HubspotTwin> {
  const twin = await startHubspotTwin({ requestsPerSecond: 100_000, ...options });
  running.push(twin);
  twin.load(seed);
  return twin;
}

function accessTo(twin: HubspotTwin, settings: unknown = {}, now?: () => number): ContractAccess {
  const credentials = { accessToken: twin.accessToken };
  return { settings, credentials, baseUrl: twin.url, ...(now === undefined ? {} : { now }) };
}

async function connected(
  seed: HubspotSeed,
  options: HubspotTwinOptions & { settings?: unknown; clock?: () => number } = {},
) {
  const twin = await twinWith(seed, options);
  return { twin, connection: openForContract(hubspot, accessTo(twin, options.settings, options.clock), unlimited) };
}

const consentsOf = (pages: { records: unknown[] }[]): ConsentRecord[] =>
  pages
    .flatMap((page) => page.records as { kind: string }[])
    .filter((record): record is ConsentRecord => record.kind === "consent");

const grant = issueGrant({
  profileId: "00000000-0000-8000-8000-000000000000",
  uses: [{ purpose: "personalisation", channel: "any" }],
  entryIds: [],
  rulesVersion: "test",
  decidedAt: "2026-01-01T00:00:00.000Z",
});

const STAGE: FieldDefinition = {
  name: "tributary_stage",
  label: "Lifecycle stage",
  description: "Where this customer stands.",
  type: "enumeration",
  options: [
    { value: "new", label: "New" },
    { value: "loyal", label: "Loyal" },
  ],
};

const stageWrite = (id: string, value: string | null = "new") => ({
  id,
  values: { tributary_stage: value },
  idempotencyKey: `k-${id}`,
  grant,
});

testConnector({
  connector: hubspot,
  start: startContractAccount,
  golden,
  merges: true,
  without: { stub: "HubSpot lists deleted records whole", otherMode: "only the account tells its mode" },
});

describe("HubSpot: reading changes", () => {
  it("reads more changes than a search can page through", async () => {
    const { twin, connection } = await connected(people(1500));
    const full = await readToEnd(connection, "contacts");
    twin.faults.searchCap = 300;
    for (let n = 0; n < 1400; n++) twin.change("contacts", String(FIRST_ID + n), { city: "Leeds" });
    const { pages } = await readToEnd(connection, "contacts", full.next);
    expect(peopleOf(pages).size).toBe(1400);
    const changed = pages.flatMap((page) => page.records).filter(({ kind }) => kind === "person");
    expect(changed).toHaveLength(1400);
  });

  it("reads more records of one single instant than a search can page through", async () => {
    const at = Date.now();
    const { twin, connection } = await connected(people(1500));
    const full = await readToEnd(connection, "contacts");
    twin.faults.searchCap = 300;
    twin.faults.frozenTimestamp = at;
    for (let n = 0; n < 1300; n++) twin.change("contacts", String(FIRST_ID + n), { city: "Leeds" });
    twin.faults.frozenTimestamp = null;
    for (let n = 1300; n < 1310; n++) twin.change("contacts", String(FIRST_ID + n), { city: "Leeds" });
    const changed = peopleOf((await readToEnd(connection, "contacts", full.next)).pages);
    expect(changed.size).toBe(1310);
    expect([...changed.values()].every((person) => person.city === "Leeds")).toBe(true);
  });

  it("loses nothing when equal instants straddle the pages", async () => {
    const base = Date.now();
    const { twin, connection } = await connected(people(900));
    const full = await readToEnd(connection, "contacts");
    for (let n = 0; n < 900; n++) {
      twin.faults.frozenTimestamp = base + Math.floor(n / 150);
      twin.change("contacts", String(FIRST_ID + n), { city: "Leeds" });
    }
    twin.faults.frozenTimestamp = null;
    expect(peopleOf((await readToEnd(connection, "contacts", full.next)).pages).size).toBe(900);
  });

  it("misses nobody when records change between two pages of a search", async () => {
    const { twin, connection } = await connected(people(1000));
    const full = await readToEnd(connection, "contacts");
    for (let n = 0; n < 1000; n++) twin.change("contacts", String(FIRST_ID + n), { city: "Leeds" });
    let touched = 0;
    // Records already read move to the end and would pull unread ones across an offset.
    twin.faults.afterAnswer = (operation) => {
      if (operation.endsWith("/search") && touched < 60)
        for (let n = 0; n < 10; n++) twin.change("contacts", String(FIRST_ID + touched++), { city: "York" });
    };
    const changed = peopleOf((await readToEnd(connection, "contacts", full.next)).pages);
    expect(changed.size).toBe(1000);
  });

  it("sees what changed while the first full read was under way", async () => {
    const { twin, connection } = await connected(people(300));
    twin.faults.afterAnswer = (operation) => {
      if (operation !== "GET /crm/v3/objects/contacts") return;
      twin.faults.afterAnswer = null;
      twin.change("contacts", String(FIRST_ID), { lastname: "During" });
    };
    const full = await readToEnd(connection, "contacts");
    expect(peopleOf(full.pages).get(String(FIRST_ID))?.lastName).toBe("Marlow0");
    const increment = await readToEnd(connection, "contacts", full.next);
    expect(peopleOf(increment.pages).get(String(FIRST_ID))?.lastName).toBe("During");
  });

  it("finds a change that the search index showed only after the next read", async () => {
    let now = Date.now();
    const clock = () => now;
    const { twin, connection } = await connected(people(20), { now: clock, clock });
    const full = await readToEnd(connection, "contacts");
    now += 60 * 60_000;
    twin.faults.lag = 60_000;
    twin.change("contacts", String(FIRST_ID + 5), { lastname: "Late" });
    twin.faults.lag = 0;
    now += 10_000;
    twin.change("contacts", String(FIRST_ID + 6), { lastname: "Prompt" });
    const first = await readToEnd(connection, "contacts", full.next);
    expect([...peopleOf(first.pages).keys()]).toEqual([String(FIRST_ID + 6)]);
    now += 120_000;
    const second = await readToEnd(connection, "contacts", first.next);
    expect(peopleOf(second.pages).get(String(FIRST_ID + 5))?.lastName).toBe("Late");
  });

  it("finds a late-indexed change even when the read was broken off and resumed hours later", async () => {
    let now = Date.now();
    const clock = () => now;
    const { twin, connection } = await connected(people(700), { now: clock, clock });
    const full = await readToEnd(connection, "contacts");
    now += 60 * 60_000;
    for (let n = 0; n < 300; n++) {
      now += 100;
      twin.change("contacts", String(FIRST_ID + n), { city: "Leeds" });
    }
    twin.faults.lag = 60_000;
    twin.change("contacts", String(FIRST_ID + 600), { lastname: "Late" });
    twin.faults.lag = 0;
    for (let n = 300; n < 600; n++) {
      now += 10;
      twin.change("contacts", String(FIRST_ID + n), { city: "Leeds" });
    }
    // Two pages, past the late record's instant, then the process dies.
    let saved: unknown = full.next;
    let pages = 0;
    for await (const page of connection.read("contacts", full.next)) {
      saved = page.next;
      if (++pages === 3) break;
    }
    now += 5 * 60 * 60_000;
    const rest = await readToEnd(connection, "contacts", saved);
    const after = await readToEnd(connection, "contacts", rest.next);
    const seen = peopleOf([...rest.pages, ...after.pages]);
    expect(seen.get(String(FIRST_ID + 600))?.lastName).toBe("Late");
  });

  it("skips nothing when our clock runs an hour ahead of HubSpot's", async () => {
    const vendorNow = Date.now();
    const { twin, connection } = await connected(people(3), {
      now: () => vendorNow,
      clock: () => vendorNow + 60 * 60_000,
    });
    const full = await readToEnd(connection, "contacts");
    twin.change("contacts", String(FIRST_ID), { lastname: "Changed" });
    const increment = await readToEnd(connection, "contacts", full.next);
    expect(peopleOf(increment.pages).get(String(FIRST_ID))?.lastName).toBe("Changed");
  });

  it("reads nothing and settles when nothing changed for a while", async () => {
    let now = Date.now();
    const clock = () => now;
    const { twin, connection } = await connected(people(500), { now: clock, clock });
    const full = await readToEnd(connection, "contacts");
    now += 60 * 60_000;
    const before = [...twin.requests.values()].reduce((sum, count) => sum + count, 0);
    const quiet = await readToEnd(connection, "contacts", full.next);
    expect(quiet.pages.flatMap((page) => page.records)).toEqual([]);
    expect([...twin.requests.values()].reduce((sum, count) => sum + count, 0) - before).toBe(2);
  });

  it("counts the live contacts as HubSpot does", async () => {
    const { connection } = await connected(people(30, (n) => ({ archived: n < 4 })));
    expect(await connection.count("contacts")).toBe(26);
    const full = await readToEnd(connection, "contacts");
    expect([...peopleOf(full.pages).values()].filter((person) => !person.deleted)).toHaveLength(26);
    expect(full.pages.at(-1)?.fullScan).toBe(true);
  });

  it("turns a broken reply into an error worth retrying, not into a short page", async () => {
    const { twin, connection } = await connected(people(30));
    twin.faults.dropReply = 1;
    await expect(readToEnd(connection, "contacts")).rejects.toMatchObject({ kind: "transient" });
  });
});

describe("HubSpot: archived and merged contacts", () => {
  it("reports archived contacts of a full read as deleted, keeping nothing of the person", async () => {
    const { connection } = await connected(people(3, (n) => ({ archived: n === 1 })));
    const gone = peopleOf((await readToEnd(connection, "contacts")).pages).get(String(FIRST_ID + 1));
    expect(gone).toMatchObject({ deleted: true, mergedInto: null, emails: [], lastName: null });
  });

  it.each(["before the first read", "between two reads"])("says where a contact merged %s lives on", async (moment) => {
    const [winner, loser] = [String(FIRST_ID), String(FIRST_ID + 1)];
    const { twin, connection } = await connected(people(5));
    if (moment === "before the first read") twin.merge(winner, loser);
    let read = await readToEnd(connection, "contacts");
    if (moment === "between two reads") {
      twin.merge(winner, loser);
      read = await readToEnd(connection, "contacts", read.next);
    }
    const seen = peopleOf(read.pages);
    expect(seen.get(loser)).toMatchObject({ deleted: true, mergedInto: winner });
    expect(seen.get(winner)).toMatchObject({
      deleted: false,
      emails: ["person0@marlowbooks.co.uk", "person1@marlowbooks.co.uk"],
    });
  });

  it("asks once where the archived of several pages live on, for few searches may be made", async () => {
    const { twin, connection } = await connected(people(240, (n) => ({ archived: n >= 10 })));
    const [winner, ...losers] = [0, 1, 2].map((n) => String(FIRST_ID + n));
    for (const loser of losers) twin.merge(winner ?? "", loser);
    const seen = peopleOf((await readToEnd(connection, "contacts")).pages);
    expect(losers.map((loser) => seen.get(loser)?.mergedInto)).toEqual([winner, winner]);
    expect([...seen.values()].filter(({ deleted }) => deleted)).toHaveLength(232);
    expect(twin.requests.get("POST /crm/v3/objects/contacts/search")).toBe(1);
  });

  it("takes a restored contact back", async () => {
    const { twin, connection } = await connected(people(5));
    twin.archive("contacts", String(FIRST_ID));
    const full = await readToEnd(connection, "contacts");
    twin.restore("contacts", String(FIRST_ID));
    const seen = peopleOf((await readToEnd(connection, "contacts", full.next)).pages).get(String(FIRST_ID));
    expect(seen?.deleted).toBe(false);
  });
});

describe("HubSpot: consent", () => {
  const status = (more: Partial<NonNullable<HubspotSeedContact["subscriptions"]>[number]>) => ({
    subscriptionId: "601",
    subscriptionName: "News",
    status: "SUBSCRIBED" as const,
    source: "Form",
    legalBasis: "CONSENT_WITH_NOTICE",
    legalBasisExplanation: null,
    timestamp: "2026-02-01T08:00:00.000Z",
    ...more,
  });

  it("tells what a person said from what somebody imported", async () => {
    const { connection } = await connected(
      people(4, (n) => ({
        subscriptions: [
          [
            status({}),
            status({ source: "Import", legalBasis: "LEGITIMATE_INTEREST_CLIENT" }),
            status({ status: "UNSUBSCRIBED", source: "Unsubscribe link", legalBasis: null }),
            status({ status: "NOT_SPECIFIED", legalBasis: null }),
          ][n] ?? status({}),
        ],
      })),
    );
    const found = consentsOf((await readToEnd(connection, "contacts")).pages);
    expect(found.map(({ state, basis, explicit }) => [state, basis, explicit])).toEqual([
      ["granted", "opt_in", true],
      ["granted", "legitimate_interest", false],
      ["withdrawn", "none", true],
      ["unknown", "none", false],
    ]);
    expect(found[0]).toMatchObject({
      person: { stream: "contacts", id: String(FIRST_ID) },
      channel: "email",
      purpose: "marketing",
      effectiveAt: "2026-02-01T08:00:00.000Z",
    });
  });

  it("maps subscription types by the connection's settings", async () => {
    const settings = { subscriptions: { "601": { channel: "email", purpose: "service" } } };
    const { connection } = await connected(
      people(1, () => ({ subscriptions: [status({})] })),
      { settings },
    );
    expect(consentsOf((await readToEnd(connection, "contacts")).pages)[0]?.purpose).toBe("service");
  });

  it("sees an unsubscription in the next read", async () => {
    const { twin, connection } = await connected(people(3, () => ({ subscriptions: [status({})] })));
    const full = await readToEnd(connection, "contacts");
    twin.setStatus(
      String(FIRST_ID),
      status({ status: "UNSUBSCRIBED", source: "Preferences page", timestamp: "2026-03-02T08:00:00.000Z" }),
    );
    const found = consentsOf((await readToEnd(connection, "contacts", full.next)).pages);
    expect(found).toMatchObject([{ id: `${FIRST_ID}:601`, state: "withdrawn", explicit: true }]);
  });

  it("dates an opt-out from everything by when it happened, whatever we write later", async () => {
    const { twin, connection } = await connected(people(2));
    await connection.ensureFields([STAGE]);
    twin.change("contacts", String(FIRST_ID), { hs_email_optout: "true" });
    const read = await readToEnd(connection, "contacts");
    const [optOut] = consentsOf(read.pages);
    expect(optOut).toMatchObject({ id: `${FIRST_ID}:all`, state: "withdrawn", channel: "email", purpose: "marketing" });
    await new Promise((resolve) => setTimeout(resolve, 5));
    await connection.write([stageWrite(String(FIRST_ID))]);
    expect(consentsOf((await readToEnd(connection, "contacts", read.next)).pages)).toEqual([optOut]);
  });

  it("reads everybody else's consent when HubSpot refuses one address", async () => {
    const { connection } = await connected(
      people(40, (n) => ({
        subscriptions: [status({})],
        ...(n === 17 && { properties: { email: "not an address" } }),
      })),
    );
    const { pages } = await readToEnd(connection, "contacts");
    expect(peopleOf(pages).size).toBe(40);
    const bad = String(FIRST_ID + 17);
    for (const { person, state } of consentsOf(pages))
      expect([person.id, state]).toEqual([person.id, person.id === bad ? "unknown" : "granted"]);
    expect(consentsOf(pages)).toHaveLength(40);
    expect(pages.flatMap((page) => page.rejects)).toMatchObject([
      { id: bad, reason: expect.stringContaining("malformed") },
    ]);
  });

  it("still reads contacts without the subscription scope, and says that consent stays unknown", async () => {
    const { twin, connection } = await connected(people(250, () => ({ subscriptions: [status({})] })));
    twin.faults.denied.add("communication_preferences.statuses.batch.read");
    const { pages } = await readToEnd(connection, "contacts");
    expect(peopleOf(pages).size).toBe(250);
    expect(new Set(consentsOf(pages).map(({ state }) => state))).toEqual(new Set(["unknown"]));
    const rejects = pages.flatMap((page) => page.rejects);
    expect(rejects).toHaveLength(1);
    expect(rejects[0]?.reason).toContain("communication_preferences.statuses.batch.read");
  });
});

describe("HubSpot: companies and deals", () => {
  const seed: HubspotSeed = {
    ...people(3),
    companies: [
      {
        id: "51",
        properties: { name: "Marlow Books", domain: "marlowbooks.co.uk" },
        createdAt: "2026-01-01T00:00:00.000Z",
        updatedAt: "2026-01-02T00:00:00.000Z",
        contactIds: ["1001", "1002"],
      },
      {
        id: "52",
        properties: { name: "Nobody Ltd", domain: null },
        createdAt: "2026-01-01T00:00:00.000Z",
        updatedAt: "2026-01-02T00:00:00.000Z",
        contactIds: [],
      },
    ],
    deals: [
      {
        id: "71",
        properties: {
          dealstage: "closedwon",
          amount: "1234.5",
          deal_currency_code: "GBP",
          closedate: "2026-02-01T00:00:00.000Z",
        },
        createdAt: "2026-01-01T00:00:00.000Z",
        updatedAt: "2026-02-01T00:00:00.000Z",
        contactIds: ["1003"],
      },
      {
        id: "72",
        properties: { dealstage: "qualified", amount: "500" },
        createdAt: "2026-01-01T00:00:00.000Z",
        updatedAt: "2026-02-01T00:00:00.000Z",
        contactIds: [],
      },
    ],
  };

  it("reads them with the people they belong to", async () => {
    const { connection } = await connected(seed);
    const companies = (await readToEnd(connection, "companies")).pages.flatMap((page) => page.records);
    expect(companies).toMatchObject([
      {
        kind: "organisation",
        id: "51",
        domain: "marlowbooks.co.uk",
        people: [
          { stream: "contacts", id: "1001" },
          { stream: "contacts", id: "1002" },
        ],
      },
      { id: "52", people: [] },
    ]);
    const deals = (await readToEnd(connection, "deals")).pages.flatMap((page) => page.records);
    expect(deals).toMatchObject([
      {
        kind: "deal",
        id: "71",
        status: "won",
        amountMinor: 123_450,
        currency: "GBP",
        people: [{ stream: "contacts", id: "1003" }],
      },
      { id: "72", status: "open", amountMinor: 50_000, currency: "GBP" },
    ]);
  });

  it("reads their changes and deletions", async () => {
    const { twin, connection } = await connected(seed);
    const full = await readToEnd(connection, "deals");
    twin.change("deals", "72", { dealstage: "closedlost" });
    twin.archive("deals", "71");
    const records = (await readToEnd(connection, "deals", full.next)).pages.flatMap((page) => page.records);
    expect(records).toMatchObject([
      { id: "72", status: "lost" },
      { id: "71", deleted: true },
    ]);
  });

  it("collects every contact of a company with more than one page of them", async () => {
    const contactIds = Array.from({ length: 1200 }, (_, n) => String(FIRST_ID + n));
    const { connection } = await connected({
      ...people(1200),
      companies: [
        {
          id: "51",
          properties: { name: "Big" },
          createdAt: "2026-01-01T00:00:00.000Z",
          updatedAt: "2026-01-02T00:00:00.000Z",
          contactIds,
        },
      ],
      deals: [],
    });
    const [record] = (await readToEnd(connection, "companies")).pages.flatMap((page) => page.records);
    expect(record?.kind === "organisation" && record.people).toHaveLength(1200);
  });
});

describe("HubSpot: fields", () => {
  it("adds options that are missing and keeps those the customer made", async () => {
    const { connection } = await connected(people(1));
    await connection.ensureFields([{ ...STAGE, options: [{ value: "own", label: "Own" }] }]);
    expect(await connection.ensureFields([STAGE])).toEqual([{ name: STAGE.name, outcome: "updated" }]);
    for (const value of ["own", "new", "loyal"]) {
      const [result] = await connection.write([stageWrite(String(FIRST_ID), value)]);
      expect([value, result?.outcome]).toEqual([value, "written"]);
    }
  });

  it("reports a property of another type as a conflict and says what to do, and makes the others", async () => {
    const { connection } = await connected(people(1));
    await connection.ensureFields([{ ...STAGE, type: "text" }]);
    const [stage, other] = await connection.ensureFields([STAGE, { ...STAGE, name: "tributary_other" }]);
    expect(stage).toMatchObject({ outcome: "conflict" });
    expect(stage?.reason).toMatch(/string\/text.*enumeration\/select.*Rename or delete/);
    expect(other).toMatchObject({ outcome: "created" });
  });

  it("reports a field HubSpot does not take and makes the others", async () => {
    const { connection } = await connected(people(1));
    const twice = [...(STAGE.options ?? []), { value: "new2", label: "New" }];
    const reports = await connection.ensureFields([
      { ...STAGE, options: twice },
      { ...STAGE, name: "tributary_other" },
    ]);
    expect(reports.map(({ outcome }) => outcome)).toEqual(["conflict", "created"]);
  });

  it("does not touch HubSpot's own lifecycle stage", async () => {
    const { connection } = await connected(people(1));
    expect((await connection.ensureFields([{ ...STAGE, name: "lifecyclestage" }]))[0]?.outcome).toBe("conflict");
  });

  it("names the scope that is missing", async () => {
    const { twin, connection } = await connected(people(1));
    twin.faults.denied.add("crm.schemas.contacts.write");
    await expect(connection.ensureFields([STAGE])).rejects.toMatchObject({
      kind: "permission",
      message: expect.stringContaining("crm.schemas.contacts.write"),
    });
  });
});

describe("HubSpot: writing", () => {
  const ids = (count: number) => Array.from({ length: count }, (_, n) => String(FIRST_ID + n));
  const ready = async (count: number, options: HubspotTwinOptions = {}) => {
    const opened = await connected(people(count), options);
    await opened.connection.ensureFields([STAGE]);
    opened.twin.change("contacts", String(FIRST_ID), {});
    return opened;
  };

  it("tells single failures of a partly refused batch apart", async () => {
    const { twin, connection } = await ready(120);
    twin.faults.entryError = new Set([String(FIRST_ID + 3), String(FIRST_ID + 110)]);
    const results = await connection.write(ids(120).map((id) => stageWrite(id)));
    expect(results.map(({ id }) => id)).toEqual(ids(120));
    expect(results.filter(({ outcome }) => outcome === "rejected").map(({ id }) => id)).toEqual([
      ...twin.faults.entryError,
    ]);
    expect(results.filter(({ outcome }) => outcome === "written")).toHaveLength(118);
  });

  it("finds the one record for which HubSpot refuses the whole batch", async () => {
    const { twin, connection } = await ready(100);
    twin.faults.poisonIds.add(String(FIRST_ID + 42));
    const results = await connection.write(ids(100).map((id) => stageWrite(id)));
    expect(results.filter(({ outcome }) => outcome !== "written").map(({ id, outcome }) => [id, outcome])).toEqual([
      [String(FIRST_ID + 42), "rejected"],
    ]);
    expect(twin.value(String(FIRST_ID + 41), "tributary_stage")).toBe("new");
    expect(twin.requests.get("POST /crm/v3/objects/contacts/batch/update")).toBeLessThanOrEqual(16);
  });

  it("refuses a value that is no option without showing it, and writes the rest", async () => {
    const { connection } = await ready(10);
    const results = await connection.write(
      ids(10).map((id, n) => stageWrite(id, n === 4 ? "jo@marlowbooks.co.uk" : "loyal")),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual(ids(10).map((_, n) => (n === 4 ? "rejected" : "written")));
    expect(results[4]?.reason).toContain("INVALID_OPTION");
    expect(results[4]?.reason).not.toContain("jo@");
  });

  it("does not search for the culprit when the property itself is missing", async () => {
    const { twin, connection } = await connected(people(100));
    const results = await connection.write(ids(100).map((id) => stageWrite(id)));
    expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["rejected"]));
    expect(results[0]?.reason).toContain("tributary_stage");
    expect(twin.requests.get("POST /crm/v3/objects/contacts/batch/update")).toBe(1);
  });

  it("finds the deleted record where it fails the whole batch", async () => {
    const { twin, connection } = await ready(8);
    twin.faults.wholeBatch404 = true;
    twin.archive("contacts", String(FIRST_ID + 5));
    const results = await connection.write(ids(8).map((id) => stageWrite(id)));
    expect(results.map(({ outcome }) => outcome)).toEqual(ids(8).map((_, n) => (n === 5 ? "gone" : "written")));
  });

  it("shows by reading back that a write answered as done changed nothing", async () => {
    const { twin, connection } = await ready(2);
    twin.faults.silentNoOp.add(String(FIRST_ID));
    const results = await connection.write(ids(2).map((id) => stageWrite(id)));
    expect(results.map(({ outcome }) => outcome)).toEqual(["written", "written"]);
    const live = await connection.readLive(
      ids(2).map((id) => ({ id })),
      ["tributary_stage"],
    );
    expect(live.map(({ values }) => values.tributary_stage)).toEqual([null, "new"]);
  });

  it("writes one record named twice once, with both its values", async () => {
    const { connection } = await ready(1);
    const [id = ""] = ids(1);
    const results = await connection.write([stageWrite(id), { ...stageWrite(id), values: { city: "York" } }]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["written", "written"]);
    expect((await connection.readLive([{ id }], ["tributary_stage", "city"]))[0]?.values).toEqual({
      tributary_stage: "new",
      city: "York",
    });
  });

  it("keeps the answers it has when the quota ends in the middle", async () => {
    const { twin, connection } = await ready(150);
    twin.faults.afterAnswer = (operation) => {
      if (operation.endsWith("/batch/update")) twin.faults.throttle = { count: 1 };
    };
    const results = await connection.write(ids(150).map((id) => stageWrite(id)));
    expect(results.filter(({ outcome }) => outcome === "written")).toHaveLength(100);
    expect(results.filter(({ outcome }) => outcome === "retry")).toHaveLength(50);
  });

  it("never writes consent", async () => {
    const { twin, connection } = await ready(2);
    const [a = "", b = ""] = ids(2);
    const results = await connection.write([{ ...stageWrite(a), values: { hs_email_optout: "false" } }, stageWrite(b)]);
    expect(results.map(({ outcome }) => outcome)).toEqual(["rejected", "written"]);
    expect(twin.value(a, "hs_email_optout")).toBeNull();
  });

  it("reads live values in the order asked, following merges and naming what is gone", async () => {
    const { twin, connection } = await ready(4);
    const [a = "", b = "", c = "", d = ""] = ids(4);
    await connection.write([stageWrite(a, "loyal")]);
    twin.merge(a, b);
    twin.archive("contacts", c);
    const live = await connection.readLive(
      [d, c, b, a].map((id) => ({ id })),
      ["tributary_stage"],
    );
    expect(live).toEqual([
      { id: d, state: "live", values: { tributary_stage: null } },
      { id: c, state: "gone", values: { tributary_stage: null } },
      { id: b, state: "merged", mergedInto: a, values: { tributary_stage: null } },
      { id: a, state: "live", values: { tributary_stage: "loyal" } },
    ]);
  });
});

describe("HubSpot: what its errors ask of us", () => {
  const failing = async (disturb: (twin: HubspotTwin) => void) => {
    const { twin, connection } = await connected(people(1));
    disturb(twin);
    return readToEnd(connection, "contacts").then(
      () => undefined,
      (error: unknown) => error,
    );
  };

  it.each([
    ["waits as long as Retry-After says", { count: 1, retryAfterSeconds: 7 }, 7_000],
    ["waits out a ten second window", { count: 1, reason: "TEN_SECONDLY_ROLLING" }, 10_000],
  ])("%s", async (_, throttle, retryAfterMs) => {
    const error = await failing((twin) => {
      twin.faults.throttle = throttle;
    });
    expect(error).toMatchObject({ kind: "rate_limited", details: { retryAfterMs } });
  });

  it("waits until the account's midnight when the day is used up, with every call", async () => {
    const error = await failing((twin) => {
      twin.faults.throttle = { count: 1, reason: "DAILY" };
    });
    expect(error).toMatchObject({ kind: "rate_limited", details: { wholeAccount: true } });
    const until = untilMidnightMs(Date.now(), "Europe/London") ?? 0;
    expect(Math.abs(((error as ConnectorError).details.retryAfterMs ?? 0) - until)).toBeLessThan(5_000);
  });

  it("waits while the account moves between data centres", async () => {
    const error = await failing((twin) => {
      twin.faults.breakServer = { count: 1, status: 477, retryAfterSeconds: 120 };
    });
    expect(error).toMatchObject({ kind: "rate_limited", details: { retryAfterMs: 120_000 } });
  });

  it("asks for a full read when the saved place in the list is refused", async () => {
    const { connection } = await connected(people(1));
    const stale = { phase: "live", after: "not-a-place", settledAt: 0 };
    await expect(readToEnd(connection, "contacts", stale)).rejects.toMatchObject({ kind: "cursor_expired" });
  });
});
