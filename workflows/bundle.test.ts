import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, sep } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { z } from "zod";
import { bundleWorkflows } from "./bundle.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tributary-bundle-test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const keptBundle = z.object({ code: z.string(), sources: z.record(z.string(), z.string()) });

it("is made once, and anew when a file that went into it has changed, when it is damaged, or of other files", async () => {
  const file = join(folder, "workflows.json");
  writeFileSync(file, '{"code":');
  const { code } = await bundleWorkflows({ keptFile: file });
  expect(code).toContain("syncStream");
  const kept = keptBundle.parse(JSON.parse(readFileSync(file, "utf8")));
  const names = Object.keys(kept.sources).map((path) => path.split(sep).slice(-2).join("/"));
  for (const name of ["workflows/index.ts", "workflows/names.ts", "sync/workflow.ts", "refresh/workflow.ts"])
    expect(names).toContain(name);

  const answer = async (sources: Record<string, string>) => {
    writeFileSync(file, JSON.stringify({ code: "what was kept", sources }));
    return (await bundleWorkflows({ keptFile: file })).code;
  };
  expect(await answer(kept.sources)).toBe("what was kept");
  const changed = Object.keys(kept.sources).find((path) => path.endsWith(join("sync", "workflow.ts"))) ?? "";
  expect(await answer({ ...kept.sources, [changed]: "another hash" })).toBe(code);
  expect(await answer({})).toBe(code);
});
