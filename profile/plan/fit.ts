/** Whether a property that a tool already has can hold a field of ours, by the tool's own definition of it. */
import { saysConsent } from "#connectors/core/consent-fields.ts";
import type { FieldDefinition, FieldFacts } from "#connectors/core/contract.ts";

const HOLDS: Readonly<Record<FieldDefinition["type"], readonly (FieldDefinition["type"] | "other")[]>> = {
  text: ["text"],
  number: ["number", "text"],
  enumeration: ["enumeration", "text"],
  datetime: ["datetime", "text"],
};

const WORDS: Readonly<Record<FieldDefinition["type"], string>> = {
  text: "a text",
  number: "a number",
  enumeration: "a choice",
  datetime: "a date with time",
};

/** Why nothing may be written under this name, whatever the tool holds there; null: nothing against it. */
export const nameObstacle = (property: string): string | null =>
  saysConsent(property)
    ? `"${property}" reads like a property that carries consent or a subscription, and those are never written. Choose another property.`
    : null;

/** @returns what is in the way and what to do; null: it fits */
export function misfit(field: FieldDefinition, facts: Extract<FieldFacts, { state: "present" }>): string | null {
  const { name, label, typeName, obstacle } = facts;
  const called = `"${name}" (${label})`;
  if (obstacle !== undefined)
    return `${called} ${obstacle}. Choose another property, or have one made under a new name.`;
  const consent = nameObstacle(name) ?? nameObstacle(label);
  if (consent !== null) return consent;
  if (!HOLDS[field.type].includes(facts.type))
    return `${called} is of type ${typeName} and cannot hold ${WORDS[field.type]}. Choose a property of type ${HOLDS[field.type].join(" or ")}, or have one made under a new name.`;
  if (field.type !== "enumeration" || facts.type !== "enumeration") return null;
  const missing = (field.options ?? []).map(({ value }) => value).filter((value) => !facts.options.includes(value));
  if (missing.length === 0) return null;
  return `${called} has no option for ${missing.join(", ")}. Add these to it in the tool as internal values, choose a text property, or have one made under a new name.`;
}
