/** Bad manners of five kinds, one at each tool, against a full loop; all of them one by one: `bench/manners.ts`. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { TOOL_NAMES, type ToolName } from "#stack/demo-shop/tools.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { mannersOf } from "./manners.ts";
import { turnOver, undisturbed, type Installation, type Subject, type Undisturbed } from "./shop.ts";

/** Far from any midnight, which would end another day of figures between two loops. */
const NOON = Date.parse("2026-11-22T12:00:00Z");
const facts = { seed: 11, customers: 40, now: NOON };

/** A reply that is lost, a batch that leaves some out, a write that is done and called failed, a pause, a place forgotten. */
const HANDFUL: Record<ToolName, string> = {
  hubspot: "dropReply",
  klaviyo: "partial207",
  stripe: "failAfterWriteNext",
  ga4: "throttle",
  "google-ads": "forgetPages",
};

const subjectOf = (tool: ToolName): Subject => {
  const found = mannersOf(tool).find(([name]) => name === HANDFUL[tool]);
  if (found === undefined) throw new Error(`The twin of ${tool} has no ${HANDFUL[tool]}.`);
  return { tool, manner: found[1] };
};

describe("tools of bad manners", () => {
  const folder = mkdtempSync(join(tmpdir(), "manners-"));
  let loop: TestLoop;
  let installation: Installation;
  let calm: Undisturbed;

  beforeAll(async () => {
    loop = await startTestLoop();
    loop.advance(NOON - Date.now());
    installation = { deps: loop.deps, engine: loop.engine, database: loop.test.database, folder };
    calm = await undisturbed(installation, facts);
  });
  afterAll(async () => {
    await calm.close();
    await loop.stop();
    rmSync(folder, { recursive: true });
  });

  it("leave people, consents, orders, figures, traits and what every tool shows as they are without", async () => {
    const { differences, healedBy } = await turnOver(installation, facts, TOOL_NAMES.map(subjectOf), calm);
    expect(differences).toEqual([]);
    // They got over it by themselves.
    expect(healedBy).toBe("nothing");
  });

  it("had something to leave alone: every kind of row is there", () => {
    const empty = Object.entries(calm.state).filter(([, rows]) => rows.length === 0);
    // Nothing was set aside, and so small a shop has no audience.
    expect(empty.map(([kind]) => kind)).toEqual(["set aside", "people in the audience"]);
  });
});
