/** Which property of a tool holds which field of ours: under our own name, unless somebody chose another. */
import type { FieldDefinition } from "#connectors/core/contract.ts";
import { FIELDS, OWN_NAMES, type Mapping, type PlannedField } from "./fields.ts";

export interface MappedField {
  /** The property's name in the tool. */
  field: string;
  /** The field of ours it shows, by our own name for it. */
  source: string;
}

/** A field that this version does not know is in no mapping, and so is never written. */
export const mappingOf = (fields: readonly MappedField[]): Mapping =>
  new Map(
    fields.flatMap(({ field, source }): [string, PlannedField][] => {
      const planned = OWN_NAMES.get(source);
      return planned === undefined ? [] : [[field, planned]];
    }),
  );

/** As the property is made in the tool, where it has to be. */
export function definitionOf({ field, source, label }: MappedField & { label: string | null }): FieldDefinition[] {
  const planned = OWN_NAMES.get(source);
  return planned === undefined
    ? []
    : [{ ...planned.definition, name: field, label: label ?? planned.definition.label }];
}

/** Short for people: `lifecycle_stage`. */
export const shortName = (source: string): string => source.replace(/^tributary_/, "");

/** By its short or its whole name. */
export const fieldNamed = (name: string): PlannedField | undefined =>
  FIELDS.find(({ definition }) => definition.name === name || shortName(definition.name) === name);
