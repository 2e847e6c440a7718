import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { emptyDataDir, ensureMasterKey, openDataDir } from "./data-dir.ts";

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "tributary-data-dir-"))));
afterEach(() => rmSync(folder, { recursive: true }));

const state = {
  pid: 1,
  databaseUrl: "postgresql://a:b@127.0.0.1/c",
  ownerUrl: "postgresql://a:b@127.0.0.1/c",
  temporal: { address: "127.0.0.1:2", uiUrl: null, variables: {} },
  consoleUrl: "http://127.0.0.1:3",
  twins: {},
  twinsControl: null,
};

describe("the data directory", () => {
  it("refuses a second start and says which process has it", () => {
    openDataDir({ TRIBUTARY_DATA_DIR: folder });
    expect(() => openDataDir({ TRIBUTARY_DATA_DIR: folder })).toThrow(`process ${process.pid}`);
  });

  it("says in a sentence that it cannot be created or written", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => openDataDir({ TRIBUTARY_DATA_DIR: join(folder, "file", "below") })).toThrow("cannot be created");
    // A folder that even root cannot write.
    if (process.platform !== "linux") return;
    expect(() => openDataDir({ TRIBUTARY_DATA_DIR: "/proc" })).toThrow(
      /^The data directory \/proc cannot be written \(.*\): choose another with --data-dir/,
    );
  });

  it("lets only its owner read addresses and key", () => {
    const dataDir = openDataDir({ TRIBUTARY_DATA_DIR: folder });
    dataDir.writeState(state);
    ensureMasterKey(folder);
    for (const name of ["stack.json", "master-key"]) expect(statSync(join(folder, name)).mode & 0o077).toBe(0);
    expect(Buffer.from(readFileSync(join(folder, "master-key"), "utf8"), "base64")).toHaveLength(32);
  });

  it("keeps the key it has", () => {
    ensureMasterKey(folder);
    const first = readFileSync(join(folder, "master-key"), "utf8");
    ensureMasterKey(folder);
    expect(readFileSync(join(folder, "master-key"), "utf8")).toBe(first);
  });

  it("forgets what a killed start said about its addresses", () => {
    writeFileSync(join(folder, "stack.json"), JSON.stringify(state));
    openDataDir({ TRIBUTARY_DATA_DIR: folder });
    expect(existsSync(join(folder, "stack.json"))).toBe(false);
  });

  it("removes on --fresh only what starts made, and no folder that a strange note points to", () => {
    const stranger = mkdtempSync(join(tmpdir(), "tributary-stranger-"));
    writeFileSync(join(folder, "postgres-location"), stranger);
    writeFileSync(join(folder, "notes.txt"), "mine");
    ensureMasterKey(folder);
    emptyDataDir(folder);
    expect(existsSync(stranger)).toBe(true);
    expect(existsSync(join(folder, "notes.txt"))).toBe(true);
    expect(existsSync(join(folder, "master-key"))).toBe(false);
    rmSync(stranger, { recursive: true });
  });
});
