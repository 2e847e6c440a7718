import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { CsvFile } from "#connectors/csv/settings.ts";
import { connectFiles, connectedFiles, copiesOf, keepCopy } from "#console/csv-files.ts";
import { createConnectionStore } from "#profile/store/connections.ts";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
beforeAll(async () => {
  test = await createTestDatabase({ max: 10 });
});
afterAll(() => test.drop());

function fileNamed(name: string): CsvFile {
  return {
    name,
    file: `/tmp/${name}`,
    contentHash: createHash("sha256").update(name).digest("hex"),
    kind: "people",
    exportedAt: "2026-11-01T00:00:00.000Z",
    ...{ encoding: "utf-8", delimiter: ",", header: true, start: { offset: 0, line: 0 } },
    ...{
      mapping: { email: ["email"] },
      dayOrder: "dmy",
      birthDayOrder: null,
      decimal: ".",
      amountPer: "row",
      defaultCurrency: "GBP",
    },
    ...{
      defaultCountry: null,
      defaultChannel: "unknown",
      timeZone: "UTC",
      export: null,
      allColumns: [],
      paymentsOfSales: false,
      serialDates: false,
      crosses: {},
      shortened: [],
    },
  };
}

describe("files connected at the same time", () => {
  it("are all kept, whether the connection was there or not", async () => {
    const connections = createConnectionStore(test.database);
    const { workspaceId } = await connections.createWorkspace({
      slug: `csv-${randomUUID().slice(0, 8)}`,
      ...{ name: "Larch & Loom", defaultCountry: "GB", currency: "GBP", timeZone: "UTC" },
    });
    const connect = (name: string) =>
      connectFiles(connections, workspaceId, { name: "till", files: [fileNamed(name)], actor: "test" });
    const names = (from: number) => Array.from({ length: 8 }, (_, at) => `till-${from + at}.csv`);
    await Promise.all(names(1).map(connect));
    expect((await connectedFiles(connections, workspaceId, "till")).map(({ name }) => name).toSorted()).toEqual(
      names(1).toSorted(),
    );
    await Promise.all(names(9).map(connect));
    expect(await connectedFiles(connections, workspaceId, "till")).toHaveLength(16);
    expect(await connections.listConnections(workspaceId)).toHaveLength(1);
  });
});

it("copies of files are counted where they are kept, and missed when they are gone", async () => {
  const connections = createConnectionStore(test.database);
  const { workspaceId } = await connections.createWorkspace({
    ...{ slug: "copies", name: "Copies", defaultCountry: "GB", currency: "GBP", timeZone: "UTC" },
  });
  const folder = mkdtempSync(join(tmpdir(), "tributary-copies-"));
  try {
    expect(await copiesOf(connections, workspaceId)).toEqual({ files: 0, bytes: 0, missing: 0 });
    const files = [];
    for (const name of ["one.csv", "two.csv"]) {
      writeFileSync(join(folder, name), name);
      files.push(await keepCopy(folder, { ...fileNamed(name), file: join(folder, name) }));
    }
    await connectFiles(connections, workspaceId, { name: "till", files, actor: "test" });
    expect(await copiesOf(connections, workspaceId)).toEqual({ files: 2, bytes: 14, missing: 0 });
    rmSync(files[0]?.file ?? "");
    expect(await copiesOf(connections, workspaceId)).toEqual({ files: 2, bytes: 7, missing: 1 });
    rmSync(join(folder, "imports"), { recursive: true });
    expect(await copiesOf(connections, workspaceId)).toBeNull();
    mkdirSync(join(folder, "imports"));
    expect(await copiesOf(connections, workspaceId)).toMatchObject({ missing: 2 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
