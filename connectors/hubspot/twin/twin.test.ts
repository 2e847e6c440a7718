import { mkdtemp, appendFile, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startHubspotTwin } from "./index.ts";
import type { HubspotTwin, HubspotTwinOptions } from "./index.ts";
import type { HubspotSeed } from "./seed.ts";

const AT = "2026-03-01T09:00:00.000Z";

const seed: HubspotSeed = {
  contacts: ["Ada", "Bel", "Cyd"].map((firstname, n) => ({
    id: String(101 + n),
    properties: { email: `${firstname.toLowerCase()}@marlow.co.uk`, firstname, lastname: "Marlow" },
    createdAt: AT,
    updatedAt: AT,
  })),
  companies: [],
  deals: [],
};

let folder: string;
let running: HubspotTwin[] = [];
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "hubspot-twin-"));
});
afterEach(async () => {
  await Promise.all(running.map((twin) => twin.close()));
  running = [];
  await rm(folder, { recursive: true });
});

async function start(options: HubspotTwinOptions = {}, content: HubspotSeed = seed): Promise<HubspotTwin> {
  const twin = await startHubspotTwin(options);
  running.push(twin);
  twin.load(content);
  return twin;
}

async function send(twin: HubspotTwin, method: string, where: string, body?: unknown, token = twin.accessToken) {
  const response = await fetch(twin.url + where, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

const update = (id: string, properties: Record<string, string>) => ({ inputs: [{ id, properties }] });
const UPDATE = "/crm/v3/objects/contacts/batch/update";
const SEARCH = "/crm/v3/objects/contacts/search";

const stage = {
  name: "tributary_stage",
  label: "Lifecycle <stage>",
  groupName: "tributary",
  type: "enumeration",
  fieldType: "select",
  options: [{ label: "Loyal & kind", value: "loyal", hidden: false }],
};
async function withStage(twin: HubspotTwin): Promise<void> {
  await send(twin, "POST", "/crm/v3/properties/contacts/groups", {
    name: "tributary",
    label: "Tributary",
    displayOrder: -1,
  });
  await send(twin, "POST", "/crm/v3/properties/contacts", stage);
}

describe("the HubSpot twin's strictness", () => {
  it("refuses a wrong token, an unknown path, a wrong method and a page that is too long, in HubSpot's form", async () => {
    const twin = await start();
    expect(await send(twin, "GET", "/crm/v3/objects/contacts", undefined, "wrong")).toMatchObject({
      status: 401,
      body: { status: "error", category: "INVALID_AUTHENTICATION", correlationId: expect.any(String) },
    });
    expect((await send(twin, "GET", "/crm/v3/objects/people")).status).toBe(404);
    expect((await send(twin, "PATCH", SEARCH, {})).status).toBe(405);
    expect((await send(twin, "GET", "/crm/v3/objects/contacts?limit=101")).status).toBe(400);
    expect((await send(twin, "POST", SEARCH, { limit: 201 })).status).toBe(400);
  });

  it("refuses a search beyond the cap, with two sort rules, by an unknown property or with an unknown field", async () => {
    const twin = await start();
    twin.faults.searchCap = 2;
    for (const body of [
      { limit: 2, after: "2" },
      { sorts: ["createdate", "hs_object_id"] },
      { filterGroups: [{ filters: [{ propertyName: "nonsense", operator: "EQ", value: "1" }] }] },
      { pageSize: 10 },
    ])
      expect((await send(twin, "POST", SEARCH, body)).status).toBe(400);
    expect((await send(twin, "POST", SEARCH, { limit: 2 })).status).toBe(200);
  });

  it("refuses batches with a repeated id, an unknown property, a read-only one or a value that does not fit", async () => {
    const twin = await start();
    await withStage(twin);
    expect(
      (await send(twin, "POST", UPDATE, { inputs: [...update("101", {}).inputs, ...update("101", {}).inputs] })).status,
    ).toBe(400);
    const refused: Record<string, string>[] = [{ nonsense: "1" }, { hs_object_id: "5" }, { tributary_stage: "other" }];
    for (const properties of refused)
      expect((await send(twin, "POST", UPDATE, update("101", properties))).status).toBe(400);
    expect((await send(twin, "POST", UPDATE, update("101", { tributary_stage: "loyal" }))).status).toBe(200);
  });

  it("answers 409 to a property that exists", async () => {
    const twin = await start();
    await withStage(twin);
    expect((await send(twin, "POST", "/crm/v3/properties/contacts", stage)).status).toBe(409);
  });

  it("keeps a lifecycle stage from moving backwards, without a word", async () => {
    const twin = await start();
    await send(twin, "POST", UPDATE, update("101", { lifecyclestage: "customer" }));
    expect((await send(twin, "POST", UPDATE, update("101", { lifecyclestage: "lead" }))).status).toBe(200);
    expect(twin.value("101", "lifecyclestage")).toBe("customer");
    await send(twin, "POST", UPDATE, update("101", { lifecyclestage: "" }));
    await send(twin, "POST", UPDATE, update("101", { lifecyclestage: "lead" }));
    expect(twin.value("101", "lifecyclestage")).toBe("lead");
  });

  it("moves the modified date when a value changes, and only then", async () => {
    const twin = await start();
    await send(twin, "POST", UPDATE, update("101", { city: "Leeds" }));
    const first = twin.value("101", "lastmodifieddate");
    expect(first).not.toBe(AT);
    await new Promise((resolve) => setTimeout(resolve, 5));
    await send(twin, "POST", UPDATE, update("101", { city: "Leeds" }));
    expect(twin.value("101", "lastmodifieddate")).toBe(first);
  });

  it("allows 190 calls in ten seconds and five searches a second, then answers 429 naming the policy", async () => {
    const twin = await start();
    for (let n = 0; n < 190; n++) expect((await send(twin, "GET", "/account-info/v3/details")).status).toBe(200);
    expect(await send(twin, "GET", "/account-info/v3/details")).toMatchObject({
      status: 429,
      body: { errorType: "RATE_LIMIT", policyName: "TEN_SECONDLY_ROLLING" },
    });
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(twin, "POST", SEARCH, {})));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 200, 200, 200, 200, 429]);
  });
});

describe("the HubSpot twin's memory", () => {
  const journal = () => path.join(folder, "hubspot.jsonl");
  const written = async (twin: HubspotTwin) => {
    await withStage(twin);
    await send(twin, "POST", UPDATE, update("101", { tributary_stage: "loyal" }));
    const added = twin.create("contacts", { email: "new@marlow.co.uk" });
    twin.merge("101", "102");
    twin.archive("contacts", "103");
    return added;
  };
  const stateOf = async (twin: HubspotTwin) => ({
    contacts: twin.contactIds().map((id) => [id, twin.properties(id), twin.value(id, "lastmodifieddate")]),
    live: (await send(twin, "GET", "/crm/v3/objects/contacts?limit=100")).body,
    archived: (await send(twin, "GET", "/crm/v3/objects/contacts?limit=100&archived=true")).body,
    stage: (await send(twin, "GET", "/crm/v3/properties/contacts/tributary_stage")).body,
  });

  it("is the same after a restart with the same seed and journal, without a clean end", async () => {
    const first = await start({ journal: journal() });
    const added = await written(first);
    // The second one starts while the first still runs: nothing was left to be written at its end.
    const second = await start({ journal: journal() });
    expect(await stateOf(second)).toEqual(await stateOf(first));
    expect(second.value(added, "email")).toBe("new@marlow.co.uk");
    expect(Number(second.create("contacts", {}))).toBeGreaterThan(Number(added));
  });

  it("answers nobody before its seed is back, so that no change goes missing", async () => {
    await written(await start({ journal: journal() }));
    const second = await startHubspotTwin({ journal: journal() });
    running.push(second);
    expect((await send(second, "GET", "/crm/v3/objects/contacts")).status).toBe(503);
    second.load({ ...seed, contacts: seed.contacts.slice(0, 1) });
    expect((await send(second, "GET", "/crm/v3/objects/contacts")).status).toBe(200);
    second.load({ ...seed, contacts: seed.contacts.slice(1) });
    expect(second.value("101", "hs_merged_object_ids")).toBe("102");
    expect((await send(second, "GET", "/crm/v3/objects/contacts/103")).status).toBe(404);
  });

  it("ignores a last line torn by a kill, and goes on writing after it", async () => {
    const first = await start({ journal: journal() });
    await written(first);
    await appendFile(journal(), '{"op":"set","type":"contacts","id":"101","at":17');
    const second = await start({ journal: journal() });
    expect(await stateOf(second)).toEqual(await stateOf(first));
    second.change("contacts", "101", { city: "York" });
    const third = await start({ journal: journal() });
    expect(third.value("101", "city")).toBe("York");
    expect((await readFile(journal(), "utf8")).endsWith("\n")).toBe(true);
  });
});

describe("what a marketer sees in the HubSpot twin", () => {
  const page = async (twin: HubspotTwin, where: string) => {
    const response = await fetch(twin.url + where);
    return { status: response.status, html: await response.text() };
  };

  it("shows our fields first, by label, and values by their option's label, with nothing left unescaped", async () => {
    const twin = await start();
    await withStage(twin);
    await send(
      twin,
      "POST",
      UPDATE,
      update("101", { tributary_stage: "loyal", company: `<script>alert("1")</script>` }),
    );
    const { status, html } = await page(twin, "/contacts/101");
    expect(status).toBe(200);
    expect(html).toContain("Lifecycle &lt;stage&gt;</dt><dd>Loyal &amp; kind</dd>");
    expect(html).toContain("&lt;script&gt;alert(&quot;1&quot;)");
    expect(html).not.toContain("<script");
    expect(html.indexOf("<h2>Tributary</h2>")).toBeLessThan(html.indexOf("<h2>Contact information</h2>"));
  });

  it("finds contacts by name or address and shows the first fifty", async () => {
    const contacts = Array.from({ length: 80 }, (_, n) => ({
      id: String(101 + n),
      properties: { email: `p${n}@marlow.co.uk`, firstname: `P${n}` },
      createdAt: AT,
      updatedAt: AT,
    }));
    const twin = await start({}, { contacts, companies: [], deals: [] });
    const all = await page(twin, "/contacts");
    expect(all.html.match(/<tr><td>/g)).toHaveLength(50);
    expect((await page(twin, "/contacts?q=P77%40marlow")).html).toContain(`href="/contacts/178"`);
    expect((await page(twin, `/contacts?q=${encodeURIComponent('"><b>')}`)).html).not.toContain("<b>");
    expect((await page(twin, "/contacts/999")).status).toBe(404);
  });

  it("shows the winner under a merged contact's address", async () => {
    const twin = await start();
    twin.merge("101", "102");
    expect((await page(twin, "/contacts/102")).html).toContain("Record 102 was merged into this one.");
  });
});
