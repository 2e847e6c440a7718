/** A list of events: one touchpoint per row, and the person it names. */
import { stripNul, type Assembler, type Columns, type Unit } from "./columns.ts";
import { isOptOutEvent } from "./consent/cell.ts";
import { statementTime } from "./consent/dates.ts";
import { consentReader, optOutEvent } from "./consent/statements.ts";
import { instantReader } from "./dates.ts";
import { keyOf, personOfRow, safeId } from "./person.ts";
import type { Row } from "./rows.ts";
import type { CsvFile } from "./settings.ts";
import { cleanId, eventType } from "./words.ts";

const NO_TIMES = { createdAt: null, updatedAt: null };

export function assembleTouchpoints(file: CsvFile, columns: Columns, sharedIds: boolean): Assembler {
  const instant = instantReader(file);
  const optOuts = consentReader(file, columns.names);
  let unit: Unit = { rows: 0, collapsed: 0, records: [], rejects: [] };

  /** Adds the row's records; returns why it cannot. */
  function take(row: Row): string | null {
    if (row.fault !== null) return row.fault;
    stripNul(row);
    const at = instant(columns.joined(row.cells, "at"));
    if (at === null) return `${columns.label("at")} is blank or not a date.`;
    const type = eventType(columns.text(row.cells, "type"));
    if (type === null) return `${columns.label("type")} does not say what happened.`;
    const person = personOfRow(row.cells, columns, file, { idField: "customer_id", sharedIds, times: NO_TIMES });
    const channel = columns.text(row.cells, "channel");
    const campaign = columns.text(row.cells, "campaign");
    const given = cleanId(columns.text(row.cells, "id"));
    // Without an id the same words are the same event, so that reading a file twice counts nothing twice.
    const id = given === "" ? `row-${keyOf(person?.id ?? "", at, type, channel, campaign)}` : safeId(given);
    if (person !== null) {
      unit.records.push(person.record, ...optOuts(row.cells, person.record).records);
      const left = isOptOutEvent(columns.text(row.cells, "type"));
      // Of a day, the end of it.
      const latest = statementTime(columns.joined(row.cells, "at"), file)?.to ?? at;
      if (left) unit.records.push(...optOutEvent(person.record, latest > at ? latest : at, "touchpoints"));
    }
    unit.records.push({
      kind: "touchpoint",
      id,
      updatedAt: null,
      deleted: false,
      person: person === null ? null : { stream: "touchpoints", id: person.id },
      type,
      at,
      channel: channel === "" ? null : channel,
      campaign: campaign === "" ? null : campaign,
      amountMinor: null,
      currency: null,
    });
    unit.rows++;
    return null;
  }

  return {
    begins: () => true,
    get openRejects() {
      return unit.rejects.length;
    },
    add(row) {
      const reason = take(row);
      if (reason !== null) unit.rejects.push(columns.reject(row, reason));
    },
    close() {
      const closed = unit;
      unit = { rows: 0, collapsed: 0, records: [], rejects: [] };
      return closed;
    },
  };
}
