/** The fields we write into other tools, and what a profile's traits put into them. */
import type { FieldDefinition } from "#connectors/core/contract.ts";
import type { Use } from "#connectors/core/grant.ts";
import { type Trait, traitNamed, TRAITS } from "#profile/traits.ts";
import type { FieldValues } from "./types.ts";

/** Changes with every computation; alone it is never a reason to write. */
export const LAST_COMPUTED = "tributary_last_computed";

export interface PlannedField {
  definition: FieldDefinition;
  /** The trait it shows. Null: none, the time. */
  trait: Trait | null;
  part: "value" | "reason";
}

export const FIELDS: readonly PlannedField[] = [
  ...TRAITS.flatMap((trait: Trait): PlannedField[] => [
    { definition: trait.fields.value, trait, part: "value" },
    ...(trait.fields.reason === undefined
      ? []
      : [{ definition: trait.fields.reason, trait, part: "reason" } satisfies PlannedField]),
  ]),
  {
    definition: {
      name: LAST_COMPUTED,
      label: "Last computed (Tributary)",
      description: "When the newest of these values was computed.",
      type: "datetime",
    },
    trait: null,
    part: "value",
  },
];

/** What each property of a tool shows, by the property's name. */
export type Mapping = ReadonlyMap<string, PlannedField>;

/** Every field under the name we give it. */
export const OWN_NAMES: Mapping = new Map(FIELDS.map((field) => [field.definition.name, field]));

export const fieldType = (name: string, mapping: Mapping): FieldDefinition["type"] =>
  mapping.get(name)?.definition.type ?? "text";

/** It shows when the values were computed. */
export const isTime = (name: string, mapping: Mapping): boolean => mapping.get(name)?.trait === null;

export interface PlannableTrait {
  status: "ok" | "low_confidence" | "refused";
  value: unknown;
  reasons: string[];
  /** ISO 8601 */
  computedAt: string;
}

export type PlannableTraits = Partial<Record<string, PlannableTrait>>;

/** Whether all of the uses are allowed for the person, at the record that is meant. */
export type Permission = (uses: readonly Use[]) => boolean;

/** Being in an audience is a value like any other, under the audience's name: what the vendor was told of the person. */
export const isAudience = (name: string): boolean => name.startsWith("tributary_audience_");
const ADVERTISING: Use = { purpose: "ad_audience", channel: "ads" };

const PROFILING: Use = { purpose: "personalisation", channel: "any" };

/** The traits that may be used: none where no profile may be kept, none that needs a permission that is not there. */
export function permittedTraits<Value extends { value: unknown }>(
  traits: Partial<Record<string, Value>>,
  permitted: Permission,
): Partial<Record<string, Value>> {
  if (!permitted([PROFILING])) return {};
  return Object.fromEntries(
    Object.entries(traits).filter(
      ([name, trait]) => trait !== undefined && permitted(traitNamed(name)?.uses(trait.value) ?? []),
    ),
  );
}

export interface WrittenFields {
  /** The properties to fill. */
  fields: readonly string[];
  /** Those that are ours no more and are to be emptied. */
  cleared?: readonly string[];
  mapping?: Mapping;
  maxValueLength: number;
}

/**
 * What the fields should hold. A refused trait, or one that may not be used, gives null: the field is cleared, not
 * filled with a default.
 */
export function desiredValues(traits: PlannableTraits, permitted: Permission, limits: WrittenFields): FieldValues {
  const usable = permittedTraits(traits, permitted);
  // A refusal is an answer too, but no value: nothing that would be dated.
  const answered = Object.values(usable).filter((trait) => trait !== undefined && trait.status !== "refused");
  const computed = answered.flatMap((trait) => trait?.computedAt ?? []);
  const newest = computed.toSorted().at(-1) ?? null;
  const values: FieldValues = {};
  for (const [name, { trait, part }] of limits.mapping ?? OWN_NAMES) {
    if (limits.cleared?.includes(name) === true) values[name] = null;
    if (!limits.fields.includes(name)) continue;
    values[name] = trait === null ? newest : shown(usable[trait.name], part, limits.maxValueLength);
  }
  return values;
}

function shown(trait: PlannableTrait | undefined, part: PlannedField["part"], maxLength: number): string | null {
  if (trait === undefined || trait.status === "refused" || trait.value === null) return null;
  if (part === "reason") return shortened(trait.reasons.join(" "), maxLength);
  return typeof trait.value === "string" ? trait.value : JSON.stringify(trait.value);
}

/** Cuts at a word, with an ellipsis, to what the vendor stores. */
function shortened(value: string, maxLength: number): string {
  if (value.length <= maxLength) return value;
  const cut = value.slice(0, maxLength - 1);
  const space = cut.lastIndexOf(" ");
  return `${space > maxLength / 2 ? cut.slice(0, space) : cut}…`;
}

/**
 * The permissions a write of these values rests on, to be asked of the ledger when sending; clearing needs none.
 *
 * @param whole all values the record will then hold, as far as known: a reason alone does not say what it is the reason for
 */
export function usesOf(values: FieldValues, whole: FieldValues = values, mapping: Mapping = OWN_NAMES): Use[] {
  const filled = Object.entries(values).flatMap(([name, value]) => (value === null ? [] : name));
  if (filled.length === 0) return [];
  const traits = new Set(filled.flatMap((name) => mapping.get(name)?.trait ?? []));
  return [
    PROFILING,
    ...[...traits].flatMap((trait) => trait.uses(valueOf(trait, whole, mapping) ?? null)),
    ...(filled.some(isAudience) ? [ADVERTISING] : []),
  ];
}

/** Of a trait, wherever it is written. Undefined: it is not among these values. */
function valueOf(trait: Trait, values: FieldValues, mapping: Mapping): string | null | undefined {
  const name = Object.keys(values).find((each) => {
    const field = mapping.get(each);
    return field?.trait === trait && field.part === "value";
  });
  return name === undefined ? undefined : values[name];
}

/**
 * The permissions that putting values back rests on. Where a reason comes back and its value was never changed, that value is
 * still the one the change was planned with.
 */
export function usesRestored(values: FieldValues, planned: readonly Use[], mapping: Mapping = OWN_NAMES): Use[] {
  const own = usesOf(values, values, mapping);
  const unexplained = Object.entries(values).some(([name, value]) => {
    const trait = mapping.get(name)?.trait;
    return value !== null && trait && valueOf(trait, values, mapping) === undefined;
  });
  return unexplained ? [...own, ...planned.filter((use) => use.purpose !== PROFILING.purpose)] : own;
}

/** What is left to ask when part of a planned change is written: fields may be left out, or hold the right value already. */
export const usesLeft = (values: FieldValues, planned: readonly Use[]): readonly Use[] =>
  Object.values(values).every((value) => value === null) ? [] : planned;
