/** Figures by day on the command line. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, afterAll, expect, it } from "vitest";
import { dayAfter } from "#connectors/core/figures.ts";
import { connectionId, ingest, test, useConnection } from "#tests/support/connection.ts";
import { metric, page, replaced, spend } from "#tests/support/records.ts";
import { runCli } from "./run-cli.ts";

useConnection("stripe");
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "tributary-figures-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

// Of today's, so that a run of this test in another year finds its days.
const today = new Date().toISOString().slice(0, 10);
const yesterday = dayAfter(today, -1);

it("lists what was counted and spent by day, with flags in words, and the days in hand", async () => {
  await ingest.savePage(test.workspaceId, {
    ...{ connectionId, stream: "channels", from: null },
    page: page(
      [
        metric("1", { day: yesterday, value: 1_200, dimensions: { channel: "Email" } }),
        metric("2", { day: yesterday, value: 34, dimensions: { channel: "Organic Search" } }),
        spend("3", { day: yesterday, amountMicros: 12_340_000 }),
      ],
      { days: replaced([yesterday], { flags: ["thresholded"], settled: false }) },
    ),
  });
  const tributary = (...args: string[]) =>
    runCli(
      {
        ...{ DATABASE_URL: test.appUrl, TRIBUTARY_DATA_DIR: folder, TEMPORAL_ADDRESS: "127.0.0.1:9" },
        TRIBUTARY_KEY: randomBytes(32).toString("base64"),
      },
      args,
    );
  const metrics = await tributary("metrics", "--per", "channel");
  expect(metrics.err).toBe("");
  expect(metrics.out).toMatch(/Email +sessions +1,200 +rows of few people are withheld; may still change/);
  expect(metrics.out).toMatch(/Organic Search +sessions +34 /);
  expect((await tributary("metrics")).out).toMatch(/sessions +1,234 /);
  expect((await tributary("spend")).out).toMatch(/spend +£12\.34 +rows of few/);
  expect(JSON.parse((await tributary("spend", "--json")).out)).toMatchObject([{ value: 12_340_000, currency: "GBP" }]);
  expect((await tributary("metrics", "--stream", "elsewhere")).out).toContain("There is nothing in these days");
  expect(await tributary("metrics", "--days", "soon")).toMatchObject({ code: 2 });
  expect(metrics.err).toBe("");
  const many = Array.from({ length: 2_001 }, (_, n) => metric(String(n), { day: yesterday }));
  await ingest.savePage(test.workspaceId, {
    ...{ connectionId, stream: "pages", from: null },
    page: page(many, { days: replaced([yesterday]) }),
  });
  const cut = await tributary("metrics", "--stream", "pages", "--per", "channel", "--json");
  expect([(JSON.parse(cut.out) as unknown[]).length, cut.err]).toEqual([
    2_000,
    expect.stringContaining("there may be more"),
  ]);
  const status = await tributary("status");
  expect(status.err).toBe("");
  expect(status.out).toMatch(
    new RegExp(`channels +properties/1 +${yesterday} +${yesterday} +1 +1 day where rows of few people are withheld`),
  );
});
