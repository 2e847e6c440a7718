import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { changeSome } from "#stack/demo-shop/changes.ts";
import { grade, type Grade } from "#stack/demo-shop/grade/grade.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";
import { openShopLoop } from "./shop-loop.ts";

const NOW = Date.parse("2026-11-22T10:00:00Z");
const facts = { seed: 3, customers: 600, now: NOW };

describe("grading a demo shop", () => {
  const folder = mkdtempSync(join(tmpdir(), "grade-"));
  let test: TestDatabase;
  let loop: Awaited<ReturnType<typeof openShopLoop>>;
  let result: Grade;

  const gradeNow = () =>
    grade({
      database: test.database,
      workspaceId: test.workspaceId,
      truthFolder: loop.truthFolder,
      twins: { hubspot: loop.hubspot.url, stripe: loop.stripe.url },
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

  it("sees people joined with hardly a mistake and most of their pieces found", () => {
    expect(result.identity.pairPrecision).toBeGreaterThan(0.995);
    expect(result.identity.pairRecall).toBeGreaterThan(0.85);
  });

  it("tells those who left from those who stayed better than chance", () => {
    expect(result.churn.auc).toBeGreaterThan(0.6);
  });

  it("finds that before the first write no contact shows anything, and nothing was written against consent", () => {
    expect(result.fields.filled).toBe(0);
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
    const counts = changeSome(loop, facts, { count: 50, seed: 9 });
    expect(counts.customers).toBe(50);
    expect(counts.contactsChanged + counts.chargesAdded).toBe(50);
    await loop.pull();
    await loop.compute();
    const again = await gradeNow();
    expect(again.identity.pairPrecision).toBeGreaterThan(0.995);
  });
});
