/** Traits as people read them: the same words that the tools show. */
import { FIELDS } from "#profile/plan/fields.ts";

const TITLES: Record<string, string> = {
  lifecycle_stage: "Lifecycle stage",
  churn_risk: "Churn risk, 10 to 100",
  churn_risk_band: "Churn risk",
  next_best_action: "Next best action",
};

/** Value labels by trait, as our fields' options name them in the tools. */
const LABELS = new Map(
  FIELDS.filter(({ part }) => part === "value").map(({ trait, definition }) => [
    trait as string,
    new Map(definition.options?.map(({ value, label }) => [value, label])),
  ]),
);

/** A name not in the table is newer than it: shown as it is. */
export const traitTitle = (name: string): string => TITLES[name] ?? name.replaceAll("_", " ");

/** @returns null where the score abstained */
export function valueWords(name: string, value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value !== "string") return typeof value === "number" ? String(value) : JSON.stringify(value);
  return LABELS.get(name)?.get(value) ?? value;
}

const PLACES = new Map(FIELDS.map(({ definition }, place) => [definition.name, place]));

/** What is written per field, in the order in which the fields are defined; others last. */
export function fieldEntries<Value>(values: Readonly<Record<string, Value>>): [field: string, value: Value][] {
  const placeOf = (field: string) => PLACES.get(field) ?? PLACES.size;
  return Object.entries(values).toSorted(([a], [b]) => placeOf(a) - placeOf(b));
}
