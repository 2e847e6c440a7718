import { expect, it } from "vitest";
import type { RecordPage } from "#connectors/core/contract.ts";
import { metric, page, replaced } from "#tests/support/records.ts";
import { mergePages } from "./merge-pages.ts";

async function merged(...pages: RecordPage[]): Promise<RecordPage[]> {
  async function* given() {
    yield* pages;
  }
  const all: RecordPage[] = [];
  for await (const one of mergePages(given())) all.push(one);
  return all;
}

const ofDay = (day: string, value: number, atEnd = false) =>
  page([metric("a", { day, value })], { days: replaced([day]), next: { value }, atEnd });

it("joins the days of pages that become one", async () => {
  const pages = await merged(ofDay("2026-11-01", 1), ofDay("2026-11-02", 2, true));
  expect(pages.map(({ days, records }) => [days?.map(({ day }) => day), records.length])).toEqual([
    [["2026-11-01", "2026-11-02"], 2],
  ]);
});

it("never makes one of two readings of a day: the later one takes the place of the earlier", async () => {
  const pages = await merged(ofDay("2026-11-01", 1), ofDay("2026-11-01", 2, true));
  expect(pages.map(({ records }) => records)).toEqual([
    [expect.objectContaining({ value: 1 })],
    [expect.objectContaining({ value: 2 })],
  ]);
});
