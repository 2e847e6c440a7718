/** A row's statements about consent. Each column makes its own; none replaces another, the ledger weighs them. */
import type { ConsentRecord, PersonRecord } from "../../core/records.ts";
import { knownExport } from "../exports/index.ts";
import { keyOf } from "../person.ts";
import type { CsvFile } from "../settings.ts";
import { cleanCell, consentSource, foldWords } from "../words.ts";
import { isKnownCell, isListWord, isOptOutWord, readConsentCell, type CellMeaning } from "./cell.ts";
import { consentColumns, type ConsentColumns, type DateColumn, type StatementColumn } from "./columns.ts";
import { statementTime, type Said } from "./dates.ts";

export interface RowConsent {
  records: ConsentRecord[];
  /** What could not be read, in sentences. */
  notes: string[];
}

/** `undeliverable` is a no as far as sending goes: nothing may be sent there, whoever said yes to it. */
type Answer = "granted" | "denied" | "withdrawn" | "pending" | "unknown" | "undeliverable";

interface Statement {
  state: ConsentRecord["state"];
  channel: ConsentRecord["channel"];
  purpose: ConsentRecord["purpose"];
  effectiveAt: string | null;
  proof: string;
}

/** Reads rows of one file; columns and their meaning are decided once. */
export function consentReader(
  file: CsvFile,
  names: readonly string[],
): (cells: readonly string[], person: PersonRecord) => RowConsent {
  const { statements, dates, list } = consentColumns(file, names);
  const timeOf = remembering((text) => statementTime(text, file));
  const listed = listedIn(file, names, list);
  const sources = (file.mapping.consent_source ?? []).map((name) => names.indexOf(name));

  return (cells, person) => {
    const notes: string[] = [];
    const text = (at: number): string => cleanCell(cells[at] ?? "");
    const timeAt = (at: number): Said | null => timeOf(text(at));
    const source = sources.map((at) => consentSource(text(at))).find((found) => found !== null) ?? null;
    const said: Statement[] = [];
    for (const column of statements) {
      const cell = text(column.at);
      if (readConsentCell(cell) === "blank") continue;
      const own = isDated(column, cell) ? timeAt(column.at) : null;
      const dated = column.role === "undeliverable" ? "undeliverable" : "withdrawn";
      const answer = own === null ? answerOf(column, cell) : dated;
      if (answer === null) continue;
      if (own === null && isNoteworthy(column, cell)) notes.push(noteOf(column, cell, answer));
      const at = own?.to ?? dateOf(answer, column, dates, timeAt);
      const proof = proofOf(`Column "${column.name}"`, answer, source);
      for (const channel of channelsOf(column, answer, person, listed)) {
        said.push({
          state: answer === "undeliverable" ? "denied" : answer,
          channel,
          purpose: column.purpose,
          effectiveAt: at,
          proof,
        });
      }
    }
    const left = said.some(({ state }) => state === "denied" || state === "withdrawn");
    if (listed !== null && !(left && listed.answer !== "granted")) {
      said.push(listedAs(listed, listed.at.flatMap((at) => timeAt(at) ?? [])[0] ?? null));
    }
    const records = new Map<string, ConsentRecord>();
    for (const statement of said) {
      const record = recordOf(statement, person, source);
      if (record !== null && !records.has(record.id)) records.set(record.id, record);
    }
    return { records: [...records.values()], notes };
  };
}

const REMEMBERED = 5_000;

/** Days come again and again in a file. */
function remembering(read: (text: string) => Said | null): (text: string) => Said | null {
  const known = new Map<string, Said | null>();
  return (text) => {
    let found = known.get(text);
    if (found === undefined) {
      if (known.size >= REMEMBERED) known.clear();
      found = read(text);
      known.set(text, found);
    }
    return found;
  };
}

/** What being in the file says of everybody in it. */
interface Listed {
  answer: "granted" | "withdrawn" | "undeliverable";
  channel: "email" | "sms";
  origin: string;
  /** Positions of the columns that date it, best first. */
  at: number[];
}

function listedIn(file: CsvFile, names: readonly string[], list: ConsentColumns["list"]): Listed | null {
  const known = knownExport(file.export);
  if (known?.everyone !== undefined) {
    const { state, channel, at } = known.everyone;
    const positions = at.map((name) => names.findIndex((other) => foldWords(other) === foldWords(name)));
    const found = positions.filter((position) => position !== -1);
    return { answer: state, channel, origin: `The list of ${known.title}`, at: found };
  }
  if (list === null) return null;
  const answer = list === "unsubscribed" ? "withdrawn" : list;
  return { answer, channel: "email", origin: "The name", at: [] };
}

function listedAs({ answer, channel, origin }: Listed, time: Said | null): Statement {
  const effectiveAt = time === null ? null : answer === "granted" ? time.from : time.to;
  const state = answer === "undeliverable" ? "denied" : answer;
  return { state, channel, purpose: "marketing", effectiveAt, proof: proofOf(origin, answer, null) };
}

/** An opt-out column may hold the day it happened instead of a yes. */
function isDated(column: StatementColumn, cell: string): boolean {
  return column.polarity === "out" && column.role !== "words" && /\d/.test(cell) && !/^[01]$/.test(cell);
}

function answerOf(column: StatementColumn, cell: string): Answer | null {
  const meaning = readConsentCell(cell);
  if (column.role === "words") return wordAnswer(column, meaning, cell);
  if (column.role === "undeliverable") return saysNothing(meaning) ? null : "undeliverable";
  if (column.role === "date" || column.role === "reason") {
    return saysNothing(meaning) || meaning === "refused" ? null : "withdrawn";
  }
  if (column.polarity === "out") return outAnswer(column, meaning, cell);
  if (column.polarity === "unclear") return unclearAnswer(meaning);
  return column.role === "status" ? statusAnswer(meaning, cell) : inAnswer(column, meaning);
}

const saysNothing = (meaning: CellMeaning): boolean => meaning === "no" || meaning === "ballot" || meaning === "unset";

function inAnswer(column: StatementColumn, meaning: CellMeaning): Answer {
  switch (meaning) {
    case "yes":
    case "granted":
    case "active":
      return "granted";
    case "cross":
      return column.cross === null ? "unknown" : column.cross === "yes" ? "granted" : "denied";
    case "no":
    case "ballot":
    case "refused":
      return "denied";
    case "withdrawn":
    case "pending":
    case "undeliverable":
      return meaning;
    default:
      return "unknown";
  }
}

/** A wide name such as "status": only a list's own words are a yes. An active account is neither yes nor no. */
function statusAnswer(meaning: CellMeaning, cell: string): Answer | null {
  switch (meaning) {
    case "active":
      return null;
    case "granted":
      return isListWord(cell) ? "granted" : "unknown";
    case "no":
    case "ballot":
    case "refused":
      return "denied";
    case "withdrawn":
    case "pending":
    case "undeliverable":
      return meaning;
    default:
      return "unknown";
  }
}

/** Nobody has said yes by not having opted out. */
function outAnswer(column: StatementColumn, meaning: CellMeaning, cell: string): Answer | null {
  switch (meaning) {
    case "no":
    case "unset":
      return null;
    case "ballot":
      return column.cross === "yes" ? "withdrawn" : null;
    case "cross":
      return column.cross === "no" ? null : "withdrawn";
    case "granted":
      // "Do not allow e-mails: allow" is no opt-out; "opt-out: accepted" is one.
      return isListWord(cell) ? null : "withdrawn";
    case "yes":
    case "withdrawn":
    case "pending":
      return "withdrawn";
    case "undeliverable":
      return meaning;
    default:
      return "unknown";
  }
}

/** Whatever a double negation is answered with, it is not taken for a yes. */
function unclearAnswer(meaning: CellMeaning): Answer | null {
  if (meaning === "unset") return null;
  if (meaning === "undeliverable") return meaning;
  return meaning === "yes" || meaning === "cross" || meaning === "withdrawn" ? "withdrawn" : "unknown";
}

/** A column of any name: tags, groups, notes in a word. */
function wordAnswer(column: StatementColumn, meaning: CellMeaning, cell: string): Answer | null {
  const parts = cell.split(/[,;|]/).map((part) => part.replaceAll('"', "").trim());
  if (parts.some(isOptOutWord)) return "withdrawn";
  // The name asks for a yes, uncertainly to what: only a withdrawal in so many words counts.
  if (column.polarity === "in") return meaning === "withdrawn" ? "withdrawn" : null;
  return meaning === "yes" || meaning === "cross" || meaning === "withdrawn" ? "withdrawn" : null;
}

/**
 * The date that belongs to a statement. A no of an opt-out column is dated by opt-out columns alone: "consent date" beside
 * it is the day of the yes that it ended. A no counts as late, a yes as early as its dates allow.
 */
function dateOf(
  answer: Answer,
  column: StatementColumn,
  dates: readonly DateColumn[],
  timeAt: (at: number) => Said | null,
): string | null {
  if (answer === "unknown") return null;
  const isYes = answer === "granted" || answer === "pending";
  const fits = (date: DateColumn): boolean => {
    const meets =
      date.channels.length === 0 ||
      column.channels.length === 0 ||
      date.channels.some((channel) => column.channels.includes(channel));
    if (!meets) return false;
    if (isYes) return date.polarity !== "out";
    return date.polarity === "out" || (date.polarity === "either" && column.polarity === "in");
  };
  const found = dates.filter(fits).flatMap(({ at }) => timeAt(at) ?? []);
  const instants = found.map(({ from, to }) => (isYes ? from : to)).toSorted();
  return (isYes ? instants[0] : instants.at(-1)) ?? null;
}

/** A withdrawal that names no channel is one from all; other statements without a channel are about e-mail. */
function channelsOf(
  column: StatementColumn,
  answer: Answer,
  person: PersonRecord,
  listed: Listed | null,
): ConsentRecord["channel"][] {
  if (answer === "undeliverable") return ["email"];
  if (column.channels.length > 0) return column.channels;
  // A list of one channel speaks of it alone.
  if (listed !== null) return [listed.channel];
  if (answer !== "withdrawn") return ["email"];
  return person.emails.length > 0 && column.purpose === "marketing" ? ["email", "any"] : ["any"];
}

function recordOf(
  { state, channel, purpose, effectiveAt, proof }: Statement,
  person: PersonRecord,
  source: string | null,
): ConsentRecord | null {
  const addresses = channel === "email" ? person.emails : channel === "sms" || channel === "call" ? person.phones : [];
  const address = addresses[0] ?? null;
  const isYes = state === "granted" || state === "pending";
  // A yes to e-mail of somebody without an address would be a yes for any address they ever get.
  if (isYes && address === null && (channel === "email" || channel === "sms" || channel === "call")) return null;
  return {
    kind: "consent",
    id: `${person.id}/${channel}/${keyOf(purpose, state, effectiveAt ?? "", address ?? "", proof).slice(0, 16)}`,
    updatedAt: person.updatedAt,
    deleted: false,
    person: { stream: "people", id: person.id },
    address,
    channel,
    purpose,
    state,
    basis: isYes ? "opt_in" : "none",
    // Without its own date a statement may be older than a withdrawal elsewhere: it must not count as the last word.
    explicit: source !== null && effectiveAt !== null,
    effectiveAt,
    expiresAt: null,
    proof,
  };
}

function proofOf(origin: string, answer: Answer, source: string | null): string {
  const captured = source === null ? "how it was captured is not said" : `captured by ${source}`;
  const said = answer === "undeliverable" ? "that mail to the address came back" : answer;
  return `${origin} of an imported file says ${said}; ${captured}.`;
}

/** Words that had to be interpreted, or could not be. */
function isNoteworthy(column: StatementColumn, cell: string): boolean {
  if (column.role !== "statement" && column.role !== "status") return false;
  return !isKnownCell(cell) || (readConsentCell(cell) === "cross" && column.cross === null && column.polarity === "in");
}

const LONGEST_SHOWN = 40;

/** The word itself where it is one: a sentence, a number or an address may be personal. */
function noteOf(column: StatementColumn, cell: string, answer: Answer): string {
  const word = /^[\p{L}\p{M} '/-]+$/u.test(cell) && cell.length <= LONGEST_SHOWN ? `"${cell}"` : "something";
  if (answer === "unknown") {
    return `Kept without consent: Column "${column.name}" says ${word}, which is neither yes nor no; an earlier yes is suspended.`;
  }
  return `Kept: Column "${column.name}" says ${word}, which was read as ${answer}.`;
}
