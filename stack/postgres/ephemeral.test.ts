import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { ownIdentity } from "../process-identity.ts";
import { makeEphemeralFolder } from "./ephemeral.ts";

const made: string[] = [];
afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** As another run leaves it. */
function folderWith(note: string): string {
  const folder = mkdtempSync(join(tmpdir(), "tributary-postgres-"));
  made.push(folder);
  writeFileSync(join(folder, "owner.json"), note);
  return folder;
}

it("what a run that was killed left behind is removed; one that runs or is just beginning is left alone", () => {
  const killed = folderWith(JSON.stringify({ ...ownIdentity(), startedAt: "another start" }));
  const running = folderWith(JSON.stringify(ownIdentity()));
  const beginning = folderWith('{"pid":');
  made.push(makeEphemeralFolder({ inMemory: false }));
  expect([killed, running, beginning].map((folder) => existsSync(folder))).toEqual([false, true, true]);
});
