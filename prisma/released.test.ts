/** A released migration has run on databases that nobody here can reach: it may not change by a letter. */
import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { readMigrations } from "./migration-files.ts";

/** sha256 of each file, by the release that brought it. A release appends its own; what stands here stays. */
const RELEASED: Record<string, Record<string, string>> = {
  "0.1.0": { "0001_first": "439dad87cae217543ce2fc074ef892239179f2214fc441074507ea78f1172016" },
};

it("keeps every migration of a release as it was released: a change goes into a new migration", async () => {
  const now = Object.fromEntries((await readMigrations()).map(({ name, checksum }) => [name, checksum]));
  for (const [release, migrations] of Object.entries(RELEASED)) {
    for (const [name, checksum] of Object.entries(migrations))
      expect([release, name, now[name]]).toEqual([release, name, checksum]);
  }
});

it("knows the migrations of every release in the changelog, and all of them once nothing is unreleased", async () => {
  const changelog = await readFile(new URL("../CHANGELOG.md", import.meta.url), "utf8");
  const releases = [...changelog.matchAll(/^## (\d+\.\d+\.\d+)/gm)].map(([, version]) => version);
  expect(releases.filter((version) => version !== undefined && RELEASED[version] === undefined)).toEqual([]);
  if (/^## Unreleased/m.test(changelog)) return;
  const released = Object.values(RELEASED).flatMap((migrations) => Object.keys(migrations));
  expect((await readMigrations()).map(({ name }) => name)).toEqual(released.toSorted());
});
