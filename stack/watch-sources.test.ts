import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { watchSources } from "./watch-sources.ts";

let root: string;
const stop = new AbortController();
const changed: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tributary-watch-"));
  for (const folder of ["connectors/acme", "console", "profile", "workflows"])
    mkdirSync(join(root, folder), { recursive: true });
});
afterEach(() => {
  stop.abort();
  rmSync(root, { recursive: true });
});

it("tells of changed sources once they have settled, and of no tests", async () => {
  watchSources(root, (file) => changed.push(file), stop.signal);
  await sleep(100);
  writeFileSync(join(root, "profile", "decide.test.ts"), "");
  await sleep(600);
  expect(changed).toEqual([]);
  writeFileSync(join(root, "workflows", "worker.ts"), "1");
  writeFileSync(join(root, "connectors", "acme", "mapping.ts"), "2");
  for (let i = 0; i < 100 && changed.length === 0; i++) await sleep(50);
  await sleep(600);
  expect(changed).toHaveLength(1);
});
