import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { filesNaming } from "./naming.ts";
import { connectors } from "./registry.ts";

it("is named nowhere outside its folder, so that another connector changes nothing else", () => {
  // A format is no vendor: `import FILE` is about CSV.
  const vendors = connectors.filter(({ baseUrl }) => baseUrl !== null);
  const { naming, looked } = filesNaming(fileURLToPath(new URL("../", import.meta.url)), vendors);
  expect(looked).toBeGreaterThan(100);
  expect(naming).toEqual([]);
});
