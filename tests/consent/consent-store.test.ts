import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { decide } from "#profile/consent/decide.ts";
import { consent, person } from "#tests/support/records.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";

const NOW = "2027-01-01T00:00:00Z";
const use = { purpose: "marketing", channel: "email" } as const;

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.drop());

const anna = { firstName: "Anna", lastName: "Hill", emails: ["anna@brightleaf.co.uk"] };

async function refresh(at = NOW) {
  await shop.resolveAll();
  return shop.refreshConsents(at);
}

const statesOf = (profileId: string) =>
  shop.rows<{ channel: string; purpose: string; state: string; reason: string }>(
    "SELECT channel, purpose, state, reason FROM consent_state WHERE workspace_id = $1 AND profile_id = $2",
    profileId,
  );

async function stateOf(id: string): Promise<string | undefined> {
  const profileId = await shop.profileOf(id);
  return (await statesOf(profileId)).find(({ channel, purpose }) => channel === "email" && purpose === "marketing")
    ?.state;
}

const marks = (id: string) =>
  shop.rows<{ touched_seq: number; consented_seq: number; scored_seq: number; output_seq: number }>(
    `SELECT touched_seq, consented_seq, scored_seq, output_seq FROM profile JOIN membership USING (workspace_id, profile_id)
     WHERE workspace_id = $1 AND record_id = $2`,
    shop.idOf(id),
  );

const pretendScored = () => shop.rows("UPDATE profile SET scored_seq = touched_seq WHERE workspace_id = $1");

describe("consent of profiles", () => {
  it("is worked out once, and not again while nothing changes", async () => {
    await shop.save([person("1", anna), consent("c1", "1")]);
    expect(await refresh()).toEqual({ profiles: 1, changed: 1 });
    expect(await stateOf("1")).toBe("granted");
    expect(await refresh()).toEqual({ profiles: 0, changed: 0 });
  });

  it("turns to no when the person withdrew in another tool, and comes apart again with the profile", async () => {
    await shop.save([
      person("1", anna),
      consent("c1", "1"),
      person("2", { ...anna, emails: ["other@brightleaf.co.uk"] }),
    ]);
    await shop.save([consent("c2", "2", { state: "withdrawn", effectiveAt: "2026-04-01T00:00:00Z" })]);
    await refresh();
    expect([await stateOf("1"), await stateOf("2")]).toEqual(["granted", "withdrawn"]);

    await shop.save([person("2", { ...anna, updatedAt: "2026-06-01T00:00:00Z" })]);
    await refresh();
    expect(await shop.profileOf("1")).toBe(await shop.profileOf("2"));
    expect(await stateOf("1")).toBe("withdrawn");

    const [a, b] = [shop.idOf("1"), shop.idOf("2")].toSorted();
    await shop.rows(
      "INSERT INTO link (workspace_id, a_record_id, b_record_id, verdict, actor) VALUES ($1, $2, $3, 'different', 'owner')",
      a,
      b,
    );
    await shop.rows("INSERT INTO unresolved (workspace_id, record_id) VALUES ($1, $2)", a);
    await refresh();
    expect([await stateOf("1"), await stateOf("2")]).toEqual(["granted", "withdrawn"]);
  });

  it("a change of the answer marks the profile for new output", async () => {
    await shop.save([person("1", anna), consent("c1", "1")]);
    await refresh();
    const [before] = await marks("1");
    await shop.save([consent("c2", "1", { state: "withdrawn", effectiveAt: "2026-05-01T00:00:00Z" })]);
    await refresh();
    const [after] = await marks("1");
    expect(after?.output_seq).toBeGreaterThan(before?.output_seq ?? 0);
    expect(after?.consented_seq).toBe(after?.touched_seq);
  });

  it("ends by itself at its time, asks for new scores then, and does not come round again", async () => {
    await shop.save([person("1", anna), consent("c1", "1", { expiresAt: "2027-02-01T00:00:00Z" })]);
    await refresh();
    await pretendScored();
    expect(await refresh("2027-01-31T23:59:59Z")).toEqual({ profiles: 0, changed: 0 });
    expect(await refresh("2027-02-01T00:00:00Z")).toEqual({ profiles: 1, changed: 1 });
    expect(await stateOf("1")).toBe("expired");
    const [after] = await marks("1");
    expect(after?.touched_seq).toBeGreaterThan(after?.scored_seq ?? 0);
    expect(after?.consented_seq).toBe(after?.touched_seq);
    expect(await refresh("2027-03-01T00:00:00Z")).toEqual({ profiles: 0, changed: 0 });
  });

  it("in doubt counts a no of whoever may be the same person, before and after it was said, and says so", async () => {
    const home = { postcode: "BN2 1EH", lastName: "Lindqvist" };
    await shop.save([
      person("1", { ...home, firstName: "Grace", emails: ["grace@brightleaf.co.uk"] }),
      person("2", { ...home, firstName: "G.", emails: ["grace.old@brightleaf.co.uk"] }),
      person("3", { ...home, firstName: "Walter", emails: ["walter@brightleaf.co.uk"] }),
      ...["1", "2", "3"].map((id) => consent(`c${id}`, id, { explicit: false })),
    ]);
    await refresh();
    expect(await Promise.all(["1", "2", "3"].map(stateOf))).toEqual(["granted", "granted", "granted"]);
    expect(await shop.profileOf("1")).not.toBe(await shop.profileOf("2"));

    await shop.save([consent("no", "2", { state: "withdrawn", effectiveAt: "2026-05-01T00:00:00Z" })]);
    await refresh();
    expect(await Promise.all(["1", "2", "3"].map(stateOf))).toEqual(["withdrawn", "withdrawn", "granted"]);
    const grace = await shop.profileOf("1");
    const [state] = await statesOf(grace);
    expect(state?.reason).toContain("by what may be the same person");

    await shop.save([consent("yes", "1", { explicit: true, effectiveAt: "2026-06-01T00:00:00Z" })]);
    await refresh();
    expect(await Promise.all(["1", "2", "3"].map(stateOf))).toEqual(["granted", "withdrawn", "granted"]);
    expect(await refresh()).toEqual({ profiles: 0, changed: 0 });
  });

  it("does not take a yes for a mailbox that many people or nobody in particular uses", async () => {
    const staff = "counter@brightleaf.co.uk";
    const names = ["Anna Hill", "Tom Stone", "Maria Rossi", "Peter Long"];
    await shop.save(
      names.map((name, index) => {
        const [firstName = null, lastName = null] = name.split(" ");
        return person(String(index), { firstName, lastName, emails: [staff] });
      }),
    );
    await shop.save([consent("c0", "0", { address: staff }), consent("c1", "1", { address: "info@brightleaf.co.uk" })]);
    await refresh();
    expect([await stateOf("0"), await stateOf("1")]).toEqual([undefined, undefined]);
  });

  it("is asked of the ledger itself when something is sent: a withdrawal counts before any refresh, for whoever has the record now", async () => {
    await shop.save([person("1", { ...anna, createdAt: "2026-02-01T00:00:00Z" }), consent("c1", "1")]);
    await refresh();
    const old = await shop.profileOf("1");
    await shop.save([person("2", { ...anna, createdAt: "2026-01-01T00:00:00Z" })]);
    await refresh();
    const present = await shop.profileOf("1");
    const record = shop.idOf("1");
    const ask = async () => {
      const facts = (await shop.consent.basisFor(shop.workspaceId, [record])).factsOf(record, NOW);
      return facts && decide(facts, [use], NOW);
    };
    expect(old).not.toBe(present);
    expect(await ask()).toMatchObject({ profileId: present, uses: [use], entryIds: [expect.any(String)] });
    await shop.save([consent("c2", "1", { state: "withdrawn", effectiveAt: "2026-05-01T00:00:00Z" })]);
    expect(await ask()).toMatchObject({ refused: true, reason: expect.stringContaining("withdrawn on 1 May 2026") });
    const nobodys = shop.idOf("nobody");
    expect((await shop.consent.basisFor(shop.workspaceId, [nobodys])).factsOf(nobodys, NOW)).toBeUndefined();
  });

  it("is asked for the address of the record that is written to", async () => {
    await shop.save([
      person("1", anna),
      person("2", { ...anna, emails: ["anna.work@brightleaf.co.uk", ...anna.emails] }),
      consent("c1", "1", { address: "Anna@Brightleaf.co.uk" }),
    ]);
    await refresh();
    expect(await shop.profileOf("1")).toBe(await shop.profileOf("2"));
    const records = [shop.idOf("1"), shop.idOf("2")];
    const basis = await shop.consent.basisFor(shop.workspaceId, records);
    const allowed = records.map((id) => !("refused" in decide(basis.factsOf(id, NOW) ?? nobody, [use], NOW)));
    expect(allowed).toEqual([true, false]);
  });
});

describe("the ledger", () => {
  const entries = (id: string) =>
    shop.rows<{ state: string; effective_at: Date | null }>(
      "SELECT state, effective_at FROM consent_entry WHERE workspace_id = $1 AND record_id = $2 ORDER BY recorded_at, state",
      shop.idOf(id),
    );

  it("holds both statements that a page makes under one id, and the no counts", async () => {
    await shop.save([
      person("1", anna),
      consent("c1", "1", { state: "withdrawn", effectiveAt: "2026-11-01T00:00:00Z" }),
      consent("c1", "1", { effectiveAt: "2024-01-01T00:00:00Z" }),
    ]);
    await refresh();
    expect(await entries("1")).toHaveLength(2);
    expect(await stateOf("1")).toBe("withdrawn");
  });

  it("keeps an undated statement undated, once while it stays the same, anew when it changes", async () => {
    await shop.save([person("1", anna)]);
    const states: (string | undefined)[] = [];
    for (const state of ["granted", "granted", "unknown", "unknown", "granted", "withdrawn", "granted"] as const) {
      await shop.save([consent("c1", "1", { state, effectiveAt: null })]);
      await refresh();
      states.push(await stateOf("1"));
    }
    expect(states).toEqual(["granted", "granted", "unknown", "unknown", "granted", "withdrawn", "withdrawn"]);
    const held = await entries("1");
    expect(held.map(({ state }) => state)).toEqual(["granted", "unknown", "granted", "withdrawn", "granted"]);
    expect(held.every(({ effective_at }) => effective_at === null)).toBe(true);
  });

  it("is not talked out of a withdrawal by a yes from the future", async () => {
    await shop.save([
      person("1", anna),
      consent("c1", "1", { state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z" }),
    ]);
    await shop.save([consent("c2", "1", { explicit: true, effectiveAt: "2099-01-01T00:00:00Z" })]);
    await refresh("2100-01-01T00:00:00Z");
    expect(await stateOf("1")).toBe("withdrawn");
  });
});

const nobody = { profileId: "", answers: [], recipient: { email: null, phone: null } };
