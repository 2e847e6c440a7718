import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { resetField, setField, switchField, type Choice } from "#console/fields.ts";
import type { Connection } from "#profile/store/connections.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { approveAll, startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { contactIdOf, smallShop } from "#tests/support/people.ts";

const PEOPLE = 12;
const OWN = "tributary_lifecycle_stage";
const RISK = "tributary_churn_risk";
let loop: TestLoop;
let hubspot: Connection;

const property = (name: string, label: string, type: string, fieldType: string, more: object = {}) =>
  fetch(`${loop.hubspot.url}/crm/v3/properties/contacts`, {
    method: "POST",
    headers: { authorization: `Bearer ${loop.hubspot.accessToken}`, "content-type": "application/json" },
    body: JSON.stringify({ name, label, type, fieldType, groupName: "contactinformation", ...more }),
  });
const set = (field: string, choice: Choice, of = hubspot) => setField(loop.deps, of, field, choice, "admin");
const valueIn = (index: number, name: string) => loop.hubspot.value(contactIdOf(index), name);
const newest = async (connector = "hubspot") => {
  const plan = (await loop.deps.plans.list(loop.workspaceId, 20)).find((known) => known.connector === connector);
  if (plan === undefined) throw new Error("There must be a plan.");
  return plan;
};
const written = async () => {
  await loop.refresh();
  await approveAll(loop);
  return newest();
};

beforeAll(async () => {
  loop = await startTestLoop();
  const shop = smallShop({ people: PEOPLE, now: Date.now() });
  loop.hubspot.load(shop.hubspot);
  loop.stripe.load(shop.stripe);
  hubspot = await loop.deps.connections.get(loop.workspaceId, loop.connectionIds.hubspot);
  await property("team_stage", "Stage of the team", "string", "text");
  await property("team_size", "Size of the team", "number", "number");
  await property("team_choice", "Choice of the team", "enumeration", "select", {
    options: [{ label: "Lead", value: "lead_new", hidden: false }],
  });
  await property("team_news", "Newsletter consent", "string", "text");
  await written();
});
afterAll(() => loop.stop());

describe("a property that cannot hold a field, or must not", () => {
  it.each([
    ["lifecycle_reason", "team_size", "is of type number/number and cannot hold a text"],
    ["lifecycle_stage", "team_choice", "has no option for"],
    ["lifecycle_stage", "hs_object_id", "is read-only in HubSpot"],
    ["lifecycle_stage", "hs_email_optout", "carries consent"],
    ["lifecycle_stage", "hs_legal_basis", "carries consent"],
    ["lifecycle_stage", "team_news", "carries consent or a subscription"],
    ["lifecycle_stage", "newsletter_opt_in", "carries consent or a subscription"],
    ["lifecycle_stage", "email", "reads email as a fact"],
    ["lifecycle_stage", "Team Stage", "internal name, not the label"],
    ["lifecycle_stage", RISK, "is the property of churn_risk"],
  ])("is refused in words that say what to do: %s in %s", async (field, name, words) => {
    await expect(set(field, { property: name })).rejects.toThrow(words);
    expect(
      (await loop.deps.plans.fields(loop.workspaceId, hubspot.connectionId)).map(({ field }) => field),
    ).not.toContain(name === RISK ? "" : name);
  });

  it("is refused where the tool cannot be asked, or where the words make no sense", async () => {
    loop.hubspot.faults.denied.add("crm.schemas.contacts.read");
    await expect(set("lifecycle_stage", { property: "team_stage" })).rejects.toThrow("lack a permission");
    loop.hubspot.faults.denied.clear();
    await expect(set("lifecycle_stage", {})).rejects.toThrow("Nothing to change");
    await expect(set("lifecycle", { property: "team_stage" })).rejects.toThrow("There is no such field; there are");
    await expect(set("lifecycle_stage", { ownership: "mine" })).rejects.toThrow("there are: ours, theirs");
    await expect(set("lifecycle_stage", { property: "team_stage", label: "x" })).rejects.toThrow("leave out --label");
    const stripe = await loop.deps.connections.get(loop.workspaceId, loop.connectionIds.stripe);
    await expect(set("lifecycle_stage", { property: "x".repeat(41) }, stripe)).rejects.toThrow("longer than the 40");
    await expect(set("lifecycle_stage", { property: "a[b]" }, stripe)).rejects.toThrow("square brackets");
  });
});

it("a property of the tool's own is filled as it is, under the rules chosen, and undone", async () => {
  loop.hubspot.change("contacts", contactIdOf(0), { team_stage: "said by hand" });
  const { after, remarks } = await set("lifecycle_stage", { property: "team_stage" });
  expect(after).toMatchObject({ existing: true, ownership: "until-edited" });
  expect(remarks.join(" ")).toContain(`What "${OWN}" holds now stays there.`);
  const stage = valueIn(1, OWN);
  await loop.refresh();
  expect((await newest()).status).toBe("waiting");
  await approveAll(loop);
  const plan = await newest();
  expect([valueIn(0, "team_stage"), valueIn(1, "team_stage"), valueIn(1, OWN)]).toEqual(["said by hand", stage, stage]);
  await loop.engine.undo({
    ...{ workspaceId: loop.workspaceId, planId: plan.planId, connectionId: plan.connectionId },
    ...{ connector: "hubspot", actor: "admin" },
  });
  expect([valueIn(0, "team_stage"), valueIn(1, "team_stage")]).toEqual(["said by hand", null]);
});

it("a property that changed its kind after it was chosen is not written, and the reason is shown", async () => {
  await set("churn_risk", { property: "team_size", ownership: "ours" });
  loop.hubspot.protect("team_size");
  const plan = await written();
  const view = await loop.deps.plans.show(loop.workspaceId, plan.planId, { sample: 1 });
  expect(Object.keys(view?.fields ?? {})).toContain("team_size");
  expect([...Array(PEOPLE).keys()].map((index) => valueIn(index, "team_size"))).toEqual(Array(PEOPLE).fill(null));
  const { statusReason } = await loop.deps.connections.get(loop.workspaceId, hubspot.connectionId);
  expect(statusReason).toContain("is read-only in HubSpot");
  await resetField(loop.deps, hubspot, "churn_risk", {}, "admin");
});

it("a property by a name and label of one's own is made, and what is given up is emptied on request", async () => {
  await resetField(loop.deps, hubspot, "lifecycle_stage", {}, "admin");
  await set("lifecycle_stage", { property: "acme_stage", label: "Stage at Acme", clear: true });
  await switchField(loop.deps, hubspot, "lifecycle_reason", { on: false }, "admin");
  const reason = valueIn(1, "tributary_lifecycle_reason");
  await written();
  expect(valueIn(1, "acme_stage")).toEqual(expect.any(String));
  expect([valueIn(1, OWN), valueIn(1, "tributary_lifecycle_reason")]).toEqual([null, reason]);
  expect(loop.hubspot.field("acme_stage").type).toBe("enumeration");
});

it("the command line lists, changes and explains, in text and in JSON", async () => {
  const cli = (...args: string[]) => runCli(loop.workerEnvironment, ["fields", ...args]);
  const [listed, help, changed, unknown] = await Promise.all([
    cli("list", "hubspot", "--json"),
    cli("set", "--help"),
    cli("off", "stripe", "next_best_action", "--clear"),
    cli("set", "hubspot", "lifecycle_stage", "--property", "hs_legal_basis"),
  ]);
  const [{ fields }] = JSON.parse(listed.out) as [{ fields: { field: string }[] }];
  expect(fields.map(({ field }) => field)).toContain("acme_stage");
  expect(help.out).toContain("fill-empty");
  expect(changed.out).toContain("is emptied by the next plan, where nobody edited it since");
  expect(unknown).toMatchObject({ code: 2, err: expect.stringContaining("carries consent") });
});
