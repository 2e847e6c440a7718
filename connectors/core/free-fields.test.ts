import { expect, it } from "vitest";
import { freeFields } from "./free-fields.ts";

it("are there by their name, and what cannot be written says why and what to do", async () => {
  const { ensureFields, describeField } = freeFields((name) => (name === "own" ? '"own" is the tool\'s.' : null));
  const field = { label: "", description: "", type: "text" as const };
  const reason = '"own" is the tool\'s. Choose another name.';
  expect(
    await ensureFields(null, [
      { ...field, name: "ours" },
      { ...field, name: "own" },
    ]),
  ).toEqual([
    { name: "ours", outcome: "exists" },
    { name: "own", outcome: "conflict", reason },
  ]);
  expect([await describeField(null, "ours"), await describeField(null, "own")]).toEqual([
    { state: "undefined" },
    { state: "refused", reason },
  ]);
});
