import { expect, it } from "vitest";
import { ConnectorError } from "./errors.ts";
import { nullWhen, refusedWith } from "./missing.ts";

const failing = (details: { status?: number; vendorCode?: string }) =>
  Promise.reject(new ConnectorError("invalid_record", "It is not there.", details));

it("is what the vendor says by its own code, and nothing else", async () => {
  const isMissing = refusedWith(404, "not_found");
  expect(await nullWhen(Promise.resolve(7), isMissing)).toBe(7);
  expect(await nullWhen(failing({ status: 404, vendorCode: "not_found" }), isMissing)).toBeNull();
  for (const details of [
    { status: 404 },
    { status: 400, vendorCode: "not_found" },
    { status: 404, vendorCode: "gone" },
  ])
    await expect(nullWhen(failing(details), isMissing)).rejects.toThrow("It is not there.");
  await expect(nullWhen(Promise.reject(new TypeError("a mistake")), isMissing)).rejects.toThrow("a mistake");
});
