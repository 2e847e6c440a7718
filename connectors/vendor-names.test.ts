import { globSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { connectors } from "./registry.ts";

const root = fileURLToPath(new URL("../", import.meta.url));
/** Where a vendor may be named: its own folder, the two lists, the demo shop, and what measures and tests. */
const ALLOWED =
  /^connectors\/(?!core\/)[^/]+\/|^connectors\/(?:registry|twins)\.ts$|^stack\/demo-shop\/|^(?:tests|bench)\/|\.test\.ts$/;
const ELSEWHERE = /(^|\/)(?:node_modules|generated|\.[^/]+)\//;

it("is named nowhere outside its folder, so that another connector changes nothing else", () => {
  // A format is no vendor: `import FILE` is about CSV.
  const vendors = connectors.filter(({ baseUrl }) => baseUrl !== null);
  const names = new RegExp(vendors.flatMap(({ id, title }) => [id, title]).join("|"), "i");
  const files = globSync("**/*.{ts,mjs,js}", { cwd: root }).filter(
    (file) => !ELSEWHERE.test(file) && !ALLOWED.test(file),
  );
  expect(files.length).toBeGreaterThan(100);
  const naming = files.filter((file) => names.test(readFileSync(`${root}${file}`, "utf8")));
  expect(naming).toEqual([]);
});
