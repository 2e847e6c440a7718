import { describe, expect, it } from "vitest";
import type { FieldDefinition, FieldFacts } from "#connectors/core/contract.ts";
import { misfit, nameObstacle } from "./fit.ts";

type Present = Extract<FieldFacts, { state: "present" }>;
const field = (type: FieldDefinition["type"], ...options: string[]): FieldDefinition => ({
  ...{ name: "stage", label: "Stage", description: "", type },
  options: options.map((value) => ({ value, label: value })),
});
const facts = (type: Present["type"], more: Partial<Present> = {}): Present => ({
  ...{ state: "present", name: "stage", label: "Stage", typeName: `their ${type}`, type, options: [], ours: false },
  ...more,
});

describe("whether a property can hold a field", () => {
  it.each([
    ["text", ["text"]],
    ["number", ["text", "number"]],
    ["enumeration", ["text", "enumeration"]],
    ["datetime", ["text", "datetime"]],
  ] as const)("a %s fits into %j and nothing else", (type, fitting) => {
    const types = ["text", "number", "enumeration", "datetime", "other"] as const;
    expect(types.filter((each) => misfit(field(type), facts(each)) === null)).toEqual(fitting);
  });

  it("a choice needs all of its values among the options, and those that are missing are named", () => {
    const choice = field("enumeration", "low", "high");
    expect(misfit(choice, facts("enumeration", { options: ["low", "high", "more"] }))).toBeNull();
    expect(misfit(choice, facts("enumeration", { options: ["low"] }))).toContain("no option for high");
  });

  it("what the tool forbids is said in its words, with what to do", () => {
    const reason = misfit(field("text"), facts("text", { obstacle: "is read-only in Acme" }));
    expect(reason).toBe(
      '"stage" (Stage) is read-only in Acme. Choose another property, or have one made under a new name.',
    );
  });

  it("a name or a label that speaks of consent is refused, another is not", () => {
    const consenting = [
      "email_opt_in",
      "Opted out",
      "newsletter-subscription",
      "GDPR",
      "acceptsMarketing",
      "do_not_call",
    ];
    expect(consenting.filter((name) => nameObstacle(name) === null)).toEqual([]);
    expect(["options", "stage", "adopted", "lifecycle"].filter((name) => nameObstacle(name) !== null)).toEqual([]);
    expect(misfit(field("text"), facts("text", { label: "Consent to news" }))).toContain("carries consent");
  });
});
