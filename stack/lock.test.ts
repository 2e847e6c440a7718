import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeLock } from "./lock.ts";
import { ownIdentity } from "./process-identity.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-lock-"));
  file = join(folder, "lock");
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("the lock", () => {
  it("is refused while its holder runs, and names the holder", () => {
    const first = takeLock(file);
    expect(first.held).toBe(true);
    expect(takeLock(file)).toEqual({ held: false, holder: ownIdentity() });
  });

  it("can be taken again after its release, and leaves no files", () => {
    const first = takeLock(file);
    if (first.held) first.release();
    expect(readdirSync(folder)).toEqual([]);
    expect(takeLock(file).held).toBe(true);
  });

  it("is free when the holder was killed and its id went to another process", () => {
    writeFileSync(file, JSON.stringify({ pid: process.pid, startedAt: "an earlier time" }));
    expect(takeLock(file).held).toBe(true);
    expect(readdirSync(folder)).toEqual(["lock"]);
  });

  it("is free when the file is damaged", () => {
    writeFileSync(file, "{");
    expect(takeLock(file).held).toBe(true);
  });

  it("is not given up by somebody who lost it", () => {
    const first = takeLock(file);
    rmSync(file);
    const second = takeLock(file);
    expect(second.held).toBe(true);
    if (first.held) first.release();
    expect(takeLock(file).held).toBe(false);
  });
});
