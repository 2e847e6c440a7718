/** What a list knows of a person beyond names, addresses and numbers. */
import { countryCodeOf } from "../core/countries.ts";
import { isPlaceholderId } from "../core/placeholders.ts";
import { type FurtherFacts, furtherFacts, type NationalId } from "../core/records.ts";
import type { Columns } from "./columns.ts";
import { dayOf } from "./dates.ts";
import { idOf } from "./identifiers.ts";
import { nationalIdKindOf } from "./person-words.ts";
import type { CsvFile, Field } from "./settings.ts";

/** @param notes filled with what could not be read, in sentences */
export function furtherOf(
  cells: readonly string[],
  columns: Columns,
  file: CsvFile,
  notes: string[] = [],
): FurtherFacts {
  const text = (field: Field) => columns.text(cells, field);
  return furtherFacts({
    middleName: text("middle_name"),
    previousNames: columns.texts(cells, "previous_name"),
    street: streetOf(text("street"), text("house_number"), text("country") || (file.defaultCountry ?? "")),
    addressLine2: text("address_line_2"),
    region: text("region"),
    occupation: text("occupation"),
    birthDate: birthDateOf(text("birth_date"), columns, file, notes),
    birthPlace: text("birth_place"),
    gender: text("gender"),
    nationalIds: nationalIdsOf(cells, columns, file, notes),
  });
}

/** Where the number stands behind the street. */
const NUMBER_BEHIND = new Set(
  "AT BE BG CH CZ DE DK EE ES FI GR HR HU IS IT LT LV NL NO PL PT RO RS SE SI SK TR UA".split(" "),
);

function streetOf(street: string, number: string, country: string): string {
  const parts = NUMBER_BEHIND.has(countryCodeOf(country) ?? "") ? [street, number] : [number, street];
  return parts.filter((part) => part !== "").join(" ");
}

function birthDateOf(text: string, columns: Columns, file: CsvFile, notes: string[]): string | null {
  if (text === "" || isPlaceholderId(text)) return null;
  const day = dayOf(text, file.birthDayOrder ?? file.dayOrder, file.exportedAt);
  if (day === null) notes.push(`Kept without birth_date: ${columns.label("birth_date")} is not a day.`);
  return day;
}

function nationalIdsOf(cells: readonly string[], columns: Columns, file: CsvFile, notes: string[]): NationalId[] {
  return (file.mapping.national_id ?? []).flatMap((column) => {
    const { value, refused } = idOf(cells[columns.names.indexOf(column)] ?? "", file.shortened.includes(column));
    for (const reason of refused) notes.push(`Kept without national_id: Column "${column}" holds ${reason}.`);
    return value === "" ? [] : [{ kind: nationalIdKindOf(column), value }];
  });
}
