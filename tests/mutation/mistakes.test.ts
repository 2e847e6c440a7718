import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { knownMistakes } from "./mistakes.ts";

const ROOT = join(import.meta.dirname, "../..");

describe("the mistakes that the contract suite must notice", () => {
  it("are 39 or more, and each fits its source in one place", async () => {
    const known = await knownMistakes();
    expect(known.length).toBeGreaterThanOrEqual(39);
    expect(known.filter(({ vendor }) => vendor === "consent").length).toBeGreaterThanOrEqual(50);
    const places = known.flatMap(({ what, vendor, folder, file, edits }) => {
      const source = readFileSync(join(ROOT, folder, file), "utf8");
      return edits.map(([find]) => [`${vendor}: ${what}`, source.split(find).length - 1]);
    });
    expect(places.filter(([, count]) => count !== 1)).toEqual([]);
  });

  it("are noticed: one of them, in a copy of the project (all of them: npm run test:mutation)", async () => {
    const script = join(import.meta.dirname, "run.ts");
    const { stdout } = await promisify(execFile)(process.execPath, [script, "--only", "hubspot: phones are dropped"]);
    expect(stdout).toContain("1 of 1 mistakes caught");
  });
});
