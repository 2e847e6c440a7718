import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { identify } from "#connectors/google-ads/identifiers.ts";
import { changeSome } from "#stack/demo-shop/changes.ts";
import { grade, type Grade } from "#stack/demo-shop/grade/grade.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { openShopLoop } from "./shop-loop.ts";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const NOBODY = { email: null, phone: null, firstName: null, lastName: null, country: null, postcode: null };
const facts = { seed: 3, customers: 600, now: NOW };

describe("grading a demo shop", () => {
  const folder = mkdtempSync(join(tmpdir(), "grade-"));
  let test: TestDatabase;
  let loop: Awaited<ReturnType<typeof openShopLoop>>;
  let result: Grade;
  let audience: string[] = [];

  const gradeNow = () =>
    grade({
      database: test.database,
      workspaceId: test.workspaceId,
      truthFolder: loop.truthFolder,
      ...{ twins: loop.twins, audience },
    });

  beforeAll(async () => {
    test = await createTestDatabase();
    loop = await openShopLoop(folder, facts, test);
    await loop.pull();
    await loop.compute();
    result = await gradeNow();
  });

  afterAll(async () => {
    await loop?.close();
    await test?.drop();
    rmSync(folder, { recursive: true });
  });

  it("finds every live record of the truth in the database", () => {
    expect(result.identityAll.missing).toBe(0);
    expect(result.identityAll.records).toBeGreaterThan(1_000);
  });

  it("finds all that each of the five tools and the till tell of, and every sum of a day right", () => {
    const { streams, figures } = result;
    expect(Object.entries(streams).filter(([, { rows, found }]) => rows !== found)).toEqual([]);
    expect(new Set(Object.keys(streams).map((stream) => stream.split("/")[0]))).toEqual(
      new Set(["hubspot", "klaviyo", "stripe", "ga4", "google-ads", "csv"]),
    );
    expect(Math.min(...Object.values(streams).map(({ rows }) => rows))).toBeGreaterThan(0);
    expect(figures.right).toBe(figures.sums);
    expect(figures.sums).toBeGreaterThan(300);
  });

  it("sees each click that one contact holds with that contact, and no other with anybody", () => {
    const { clicks, known, joined, wrong } = result.clicks;
    expect(known).toBeGreaterThan(10);
    expect({ joined, wrong }).toEqual({ joined: known, wrong: 0 });
    expect(clicks).toBeGreaterThan(10 * known);
  });

  it("keeps opened letters of those alone who agreed", () => {
    expect(result.consent.opens.count).toBeGreaterThan(20);
    expect(result.consent.opens.violations).toBe(0);
  });

  it("counts somebody in the audience who said no, or for whom nobody ever said yes", async () => {
    const memberOf = (email: string | null | undefined) =>
      identify({ ...NOBODY, email: email ?? null }) ?? '[{"emailAddress":"none"}]';
    const contacts = loop.hubspot.contactIds();
    audience = contacts.map((id) => memberOf(loop.hubspot.properties(id)?.["email"]));
    const { adverts } = (await gradeNow()).consent;
    expect(adverts.count).toBe(contacts.length);
    expect(adverts.violations).toBeGreaterThan(100);
    expect(adverts.violations).toBeLessThan(adverts.count);
    audience = [memberOf("stranger@elsewhere.example")];
    expect((await gradeNow()).consent.adverts).toMatchObject({ count: 1, violations: 1 });
    audience = [];
  });

  it("sees people joined with hardly a mistake and most of their pieces found", () => {
    expect(result.identity.pairPrecision).toBeGreaterThan(0.995);
    expect(result.identity.pairRecall).toBeGreaterThan(0.85);
  });

  it("tells those who left from those who stayed better than chance", () => {
    expect(result.churn.auc).toBeGreaterThan(0.6);
  });

  it("finds that before the first write no contact shows anything, and nothing was written against consent", () => {
    expect(Object.values(result.fields).map(({ filled }) => filled)).toEqual([0, 0, 0]);
    expect(result.consent.messages.count).toBeGreaterThan(50);
    expect(result.consent.messages.violations).toBe(0);
    expect(result.consent.messagesWritten.count).toBe(0);
    expect(result.consent.profiled.count).toBe(0);
  });

  it("counts a message written to somebody who does not permit it, and a field on somebody who objected", async () => {
    await loop.defineFields();
    const contacts = loop.hubspot.contactIds();
    for (const id of contacts) loop.hubspot.change("contacts", id, { tributary_next_best_action: "winback_email" });
    const { messagesWritten, profiled } = (await gradeNow()).consent;
    expect(messagesWritten.violations).toBeGreaterThan(50);
    expect(messagesWritten.violations).toBeLessThan(messagesWritten.count);
    expect(profiled.violations).toBeGreaterThan(0);
    for (const id of contacts) loop.hubspot.change("contacts", id, { tributary_next_best_action: null });
  });

  it("survives a day of changes: as many as asked for, all seen by the next read", async () => {
    const counts = changeSome(loop.tools, facts, { count: 50, seed: 9 });
    expect(counts.customers).toBe(50);
    expect(counts.contactsChanged + counts.profilesChanged + counts.chargesAdded).toBe(50);
    expect(counts.profilesChanged).toBeGreaterThan(0);
    await loop.pull();
    await loop.compute();
    const again = await gradeNow();
    expect(again.identity.pairPrecision).toBeGreaterThan(0.995);
  });
});
