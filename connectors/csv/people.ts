/** A list of people: one person per row, and what the row says about consent. */
import type { CanonicalRecord } from "../core/records.ts";
import { stripNul, type Assembler, type Columns, type Unit } from "./columns.ts";
import { consentReader } from "./consent/statements.ts";
import { instantReader } from "./dates.ts";
import { personOfRow } from "./person.ts";
import type { Row } from "./rows.ts";
import type { CsvFile, Field } from "./settings.ts";

const NOBODY = "The row has no id, e-mail, phone, loyalty id or name.";
const NO_REAL_ONE =
  "The row names nobody: what stands for an id, e-mail, phone, loyalty id or name is a placeholder or cannot be read.";

export function assemblePeople(file: CsvFile, columns: Columns, sharedIds: boolean): Assembler {
  const instant = instantReader(file);
  const consents = consentReader(file, columns.names);
  let unit: Unit = { rows: 0, collapsed: 0, records: [], rejects: [] };

  /** Null where blank; a date that cannot be read is noted and left out: the person is worth more than the date. */
  function dateOf(row: Row, field: Field, notes: string[]): string | null {
    const text = columns.text(row.cells, field);
    if (text === "") return null;
    const found = instant(text);
    if (found === null) notes.push(`Kept without ${field}: ${columns.label(field)} is not a date.`);
    return found;
  }

  function recordsOf(row: Row): { records: CanonicalRecord[]; notes: string[] } {
    const notes: string[] = stripNul(row) ? ["Kept after removing NUL characters."] : [];
    const times = { createdAt: dateOf(row, "created_at", notes), updatedAt: dateOf(row, "updated_at", notes) };
    const person = personOfRow(row.cells, columns, file, { idField: "id", sharedIds, times, notes });
    if (person === null)
      return { records: [], notes: [notes.some((note) => note.includes(" holds ")) ? NO_REAL_ONE : NOBODY] };
    const consent = consents(row.cells, person.record);
    notes.push(...consent.notes);
    const records: CanonicalRecord[] = [person.record, ...consent.records];
    return { records, notes };
  }

  return {
    begins: () => true,
    get openRejects() {
      return unit.rejects.length;
    },
    add(row) {
      if (row.fault !== null) {
        unit.rejects.push(columns.reject(row, row.fault));
        return;
      }
      const { records, notes } = recordsOf(row);
      if (records.length > 0) unit.rows++;
      unit.records.push(...records);
      if (notes.length > 0) unit.rejects.push(columns.reject(row, [...new Set(notes)].join(" ")));
    },
    close() {
      const closed = unit;
      unit = { rows: 0, collapsed: 0, records: [], rejects: [] };
      return closed;
    },
  };
}
