/** A list of people: one person per row, and what the row says about consent. */
import type { CanonicalRecord, ConsentRecord } from "../core/records.ts";
import { stripNul, type Assembler, type Columns, type Unit } from "./columns.ts";
import { instantReader } from "./dates.ts";
import { personOfRow } from "./person.ts";
import type { Row } from "./rows.ts";
import type { CsvFile, Field } from "./settings.ts";
import { consentSource, consentWord } from "./words.ts";

const CONSENTS = [
  { field: "consent_email", channel: "email" },
  { field: "consent_sms", channel: "sms" },
] as const;

export function assemblePeople(file: CsvFile, columns: Columns, sharedIds: boolean): Assembler {
  const instant = instantReader(file);
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
    const person = personOfRow(row.cells, columns, file, { idField: "id", sharedIds, times });
    if (person === null) return { records: [], notes: ["The row has no id, e-mail, phone, loyalty id or name."] };
    const records: CanonicalRecord[] = [person.record];
    for (const { field, channel } of CONSENTS) {
      const text = columns.text(row.cells, field);
      if (text === "") continue;
      const state = consentWord(text);
      if (state === null) {
        notes.push(`Kept without consent: ${columns.label(field)} holds a word that is neither yes nor no.`);
        continue;
      }
      const addresses = channel === "email" ? person.record.emails : person.record.phones;
      const saidAt = dateOf(row, "consent_at", notes);
      const source = consentSource(columns.text(row.cells, "consent_source"));
      records.push({
        kind: "consent",
        id: `${person.id}/${channel}`,
        updatedAt: times.updatedAt,
        deleted: false,
        person: { stream: "people", id: person.id },
        address: addresses[0] ?? null,
        channel,
        purpose: "marketing",
        state,
        basis: state === "granted" || state === "pending" ? "opt_in" : "none",
        // Without its own date a statement may be older than a withdrawal elsewhere: it must not count as the last word.
        explicit: source !== null && saidAt !== null,
        effectiveAt: saidAt ?? times.updatedAt ?? times.createdAt ?? file.exportedAt,
        expiresAt: null,
        proof: proofOf(columns.label(field), state, source),
      });
    }
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

function proofOf(label: string, state: ConsentRecord["state"], source: string | null): string {
  const captured = source === null ? "how it was captured is not said" : `captured by ${source}`;
  return `${label} of an imported file says ${state}; ${captured}.`;
}
