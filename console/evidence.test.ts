import { expect, it } from "vitest";
import { groupEvidence } from "./evidence.ts";

it("tells evidence by reason, the most frequent first, and loses no pair", () => {
  const evidence = [
    "stripe customers/c1 and hubspot contacts/1: joined by the same mobile phone number.",
    "stripe charges/a and stripe charges/b: joined by the same e-mail address.",
    "stripe charges/a and csv people/x: y: joined by the same e-mail address.",
  ];
  expect(groupEvidence(evidence)).toEqual([
    {
      reason: "joined by the same e-mail address",
      pairs: ["stripe charges/a and stripe charges/b", "stripe charges/a and csv people/x: y"],
    },
    { reason: "joined by the same mobile phone number", pairs: ["stripe customers/c1 and hubspot contacts/1"] },
  ]);
  expect(groupEvidence(["A person said so."])).toEqual([{ reason: "A person said so.", pairs: [] }]);
});
