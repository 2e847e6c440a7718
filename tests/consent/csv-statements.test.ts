/** From the cells of files to what may be sent: whole sequences of exports, in the order they came. */
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { fileOf, readAll, recordsOf, withFolder } from "#connectors/csv/testing.ts";
import { openShop, type Shop } from "#tests/identity/shop.ts";

let shop: Shop;
beforeEach(async () => {
  shop = await openShop();
});
afterEach(() => shop.drop());

const HEADER = "id,email,newsletter,consent date,consent source";

/** Reads a file as an import does and stores what it says. */
const take = (content: string, name = "list.csv") =>
  withFolder(async (folder) => {
    const file = await fileOf(join(folder, name), content, { kind: "people" });
    await shop.save(recordsOf(await readAll([file], "people")));
  });

async function emailOf(id: string): Promise<string | undefined> {
  await shop.resolveAll();
  await shop.refreshConsents(new Date(Date.now() + 60_000).toISOString());
  const [row] = await shop.rows<{ state: string }>(
    "SELECT state FROM consent_state WHERE workspace_id = $1 AND profile_id = $2 AND channel = 'email' AND purpose = 'marketing'",
    await shop.profileOf(id),
  );
  return row?.state;
}

const entries = async () =>
  (await shop.rows<{ state: string }>("SELECT state FROM consent_entry WHERE workspace_id = $1 ORDER BY state")).map(
    ({ state }) => state,
  );

it("one person twice in a file: both statements are kept, and the no rules", async () => {
  await take(
    `${HEADER}\n7,ann@brightleaf.co.uk,unsubscribed,2026-03-01,\n7,ann@brightleaf.co.uk,yes,2024-01-01,form\n`,
  );
  expect(await entries()).toEqual(["granted", "withdrawn"]);
  expect(await emailOf("7")).toBe("withdrawn");
});

it("one person twice without dates: the no rules, in whatever order", async () => {
  await take(
    "id,email,newsletter\n1,ann@brightleaf.co.uk,yes\n1,ann@brightleaf.co.uk,no\n1,ann@brightleaf.co.uk,yes\n2,bo@brightleaf.co.uk,no\n2,bo@brightleaf.co.uk,yes\n",
  );
  expect([await emailOf("1"), await emailOf("2")]).toEqual(["denied", "denied"]);
});

it("a yes dated in the future lifts no withdrawal", async () => {
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,unsubscribed,2026-03-01,\n`);
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,yes,2098-01-01,form\n`);
  expect(await emailOf("7")).toBe("withdrawn");
});

it("a no without a date beats a yes that is older than the file, whenever the record was made", async () => {
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,yes,2023-05-05,form\n`);
  await take("id,email,newsletter,created at\n7,ann@brightleaf.co.uk,no,2020-03-01\n");
  expect(await emailOf("7")).toBe("denied");
});

it("a no known by its day counts to the end of it", async () => {
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,unsubscribed,2026-03-02,\n`);
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,yes,2026-03-02T08:15:00Z,form\n`);
  expect(await emailOf("7")).toBe("withdrawn");
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,yes,2026-03-03T08:15:00Z,form\n`);
  expect(await emailOf("7")).toBe("granted");
});

it.each([
  ["STOP - do not contact", "withdrawn"],
  ["maybe later", "unknown"],
])("an earlier yes does not outlive the word %s", async (word, state) => {
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,yes,2026-02-01,form\n`);
  expect(await emailOf("7")).toBe("granted");
  await take(`${HEADER}\n7,ann@brightleaf.co.uk,${word},2026-03-01,form\n`);
  expect(await emailOf("7")).toBe(state);
});

it.each([
  ["Unsubscribed,Do Not Email", "yes,"],
  ["EMAIL_BLACKLISTED,Added", "true,"],
  ["Unsubscribed from all email,Lead Status", "Yes,New"],
  ["UNSUB_TIME,UNSUB_REASON", "2025-09-01 10:00:00,"],
  ["status,plan", "unsubscribed,pro"],
  ["Email Suppressions,Tags", "HARD_BOUNCE,"],
  ["Newsletter abgemeldet am,Ort", "01.09.2025,Köln"],
])("a shop's undated yes does not outlive %s of another list", async (header, cells) => {
  await take("id,email,Accepts Email Marketing\n7,ann@brightleaf.co.uk,yes\n");
  expect(await emailOf("7")).toBe("granted");
  await take(`id,email,${header}\n7,ann@brightleaf.co.uk,${cells}\n`);
  expect(["withdrawn", "denied"]).toContain(await emailOf("7"));
});
