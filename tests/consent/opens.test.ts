/** Opened messages: kept of people who agreed to it, of everybody else the day of the last one alone. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { createConsentLedger } from "#profile/store/consent/ledger-store.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";
import { consent, person, touchpoint } from "#tests/support/records.ts";

let shop: Shop;
beforeAll(async () => {
  shop = await openShop();
});
afterAll(() => shop.drop());

const opened = (id: string, personId: string, at: string) =>
  touchpoint(id, personId, { type: "email_opened", channel: "email", at });
const agreed = (personId: string, fields = {}) =>
  consent(`open${personId}`, personId, { purpose: "open_tracking", effectiveAt: "2026-05-01T00:00:00Z", ...fields });

const stored = async (personId: string) =>
  (
    await shop.rows<{ vendor_id: string }>(
      "SELECT vendor_id FROM touchpoint WHERE workspace_id = $1 AND person_record_id = $2 ORDER BY vendor_id",
      shop.idOf(personId),
    )
  ).map((row) => row.vendor_id);
const lastDay = async (personId: string) =>
  (
    await shop.rows<{ day: string }>(
      "SELECT day::text FROM last_open WHERE workspace_id = $1 AND person_record_id = $2",
      shop.idOf(personId),
    )
  )[0]?.day;

async function refresh(): Promise<void> {
  await shop.resolveAll();
  await shop.refreshConsents(new Date().toISOString());
}

it("are not stored of somebody who did not agree, though they agreed to the messages; their last day is", async () => {
  await shop.save([
    person("1"),
    consent("mail1", "1"),
    opened("o1", "1", "2026-09-02T10:00:00Z"),
    opened("o2", "1", "2026-09-04T10:00:00Z"),
    touchpoint("c1", "1", { type: "email_clicked", channel: "email" }),
  ]);
  await refresh();
  await shop.save([opened("o3", "1", "2026-09-03T10:00:00Z")]);
  expect([await stored("1"), await lastDay("1")]).toEqual([["c1"], "2026-09-04"]);
});

it("are stored of who agreed, from the very page that says so, and of a person identity has not met", async () => {
  await shop.save([person("2"), agreed("2"), opened("o4", "2", "2026-09-02T10:00:00Z")]);
  await refresh();
  await shop.save([opened("o5", "2", "2026-09-03T10:00:00Z")]);
  expect([await stored("2"), await lastDay("2")]).toEqual([["o4", "o5"], undefined]);
});

it("are not stored where another record of the person says no", async () => {
  const same = { emails: ["both@brightleaf.co.uk"], firstName: "Grace", lastName: "Wood" };
  await shop.save([person("3", same), person("4", same), agreed("3", { explicit: false })]);
  await shop.save([agreed("4", { state: "withdrawn" })]);
  await refresh();
  expect(await shop.profileOf("3")).toBe(await shop.profileOf("4"));
  await shop.save([opened("o6", "3", "2026-09-02T10:00:00Z")]);
  expect(await stored("3")).toEqual([]);
});

it("go when the consent ends, but for their last day", async () => {
  const ledger = createConsentLedger(shop.database);
  await shop.save([agreed("2", { state: "withdrawn", effectiveAt: "2026-10-01T00:00:00Z" })]);
  await refresh();
  expect([await ledger.forgetOpens(shop.workspaceId, 100), await ledger.forgetOpens(shop.workspaceId, 100)]).toEqual([
    2, 0,
  ]);
  expect([await stored("2"), await lastDay("2")]).toEqual([[], "2026-09-03"]);
});
