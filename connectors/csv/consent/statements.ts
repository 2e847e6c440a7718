/** A row's statements about consent. Each column makes its own; none replaces another, the ledger weighs them. */
import type { ConsentRecord, PersonRecord } from "../../core/records.ts";
import { knownExport } from "../exports/index.ts";
import { keyOf } from "../person.ts";
import type { CsvFile } from "../settings.ts";
import { cleanCell, consentSource, foldWords } from "../words.ts";
import { answerOf, type Answer } from "./answers.ts";
import { isKnownCell, readConsentCell } from "./cell.ts";
import { consentColumns, type ConsentColumns, type DateColumn, type StatementColumn } from "./columns.ts";
import { wordsOf } from "./header.ts";
import { statementTime, type Said } from "./dates.ts";

export interface RowConsent {
  records: ConsentRecord[];
  /** What could not be read, in sentences. */
  notes: string[];
}

interface Statement {
  state: ConsentRecord["state"];
  channel: ConsentRecord["channel"];
  purpose: ConsentRecord["purpose"];
  effectiveAt: string | null;
  /** Of a yes that is known by its day: the day's end. */
  countsFrom?: string;
  cause?: "hard_bounce";
  proof: string;
}

/**
 * Reads rows of one file; columns and their meaning are decided once. In sales and events nobody says yes, and a complaint
 * or a cancellation is about the goods: there only the plainest opt-outs count.
 */
export function consentReader(
  file: CsvFile,
  names: readonly string[],
): (cells: readonly string[], person: PersonRecord) => RowConsent {
  const { list, dates, ...found } = consentColumns(file, names);
  const isList = file.kind === "people";
  const statements = isList ? found.statements : found.statements.filter(isPlainOptOut);
  if (!isList && statements.length === 0) return () => ({ records: [], notes: [] });
  const timeOf = remembering((text) => statementTime(text, file));
  const listed = isList ? listedIn(file, names, list) : null;
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
      if (answer === null || (!isList && answer !== "withdrawn")) continue;
      if (own === null && isNoteworthy(column, cell)) notes.push(noteOf(column, cell, answer));
      const at = own === null ? dateOf(answer, column, dates, timeAt) : { said: own.to };
      const proof = proofOf(`Column "${column.name}"`, answer, source);
      for (const channel of channelsOf(column, answer, person, listed)) {
        said.push({
          state: answer === "undeliverable" ? "denied" : answer,
          channel,
          purpose: column.purpose,
          effectiveAt: at?.said ?? null,
          ...(at?.from === undefined ? {} : { countsFrom: at.from }),
          proof,
        });
      }
      if (answer === "undeliverable" && !PASSING.test(foldWords(cell))) said.push(suppression(at?.said ?? null, proof));
    }
    const dead = listed?.answer === "undeliverable";
    const left = said.some(({ state }) => state === "denied" || state === "withdrawn");
    if (listed !== null && !(left && listed.answer !== "granted")) {
      const statement = listedAs(listed, listed.at.flatMap((at) => timeAt(at) ?? [])[0] ?? null);
      said.push(statement, ...(dead ? [suppression(statement.effectiveAt, statement.proof)] : []));
    }
    const records = new Map<string, ConsentRecord>();
    for (const statement of said) {
      const record = recordOf(statement, person, source, file.kind);
      if (record !== null && !records.has(record.id)) records.set(record.id, record);
    }
    return { records: [...records.values()], notes };
  };
}

/** Mail that may get through another day. */
const PASSING = /\b(soft|temp|temporary|held)\b/;

/** The address itself is dead: nothing goes there, whoever says yes to it. */
const suppression = (effectiveAt: string | null, proof: string): Statement => ({
  ...{ state: "denied", channel: "email", purpose: "any", cause: "hard_bounce", effectiveAt, proof },
});

/** Leaving a list as an event of its own, at the moment it happened. */
export function optOutEvent(person: PersonRecord, at: string, stream: CsvFile["kind"]): ConsentRecord[] {
  const proof = proofOf("An event", "withdrawn", null);
  const statement: Statement = { state: "withdrawn", channel: "email", purpose: "marketing", effectiveAt: at, proof };
  const record = recordOf(statement, person, null, stream);
  return record === null ? [] : [record];
}

function isPlainOptOut({ name, polarity, role }: StatementColumn): boolean {
  return polarity === "out" && (role === "statement" || role === "date") && PLAIN_OPT_OUT.test(wordsOf(name).join(" "));
}

const PLAIN_OPT_OUT =
  /\b(unsub\w*|opt(ed)? ?outs?|optouts?|optedout|do ?not ?(contact|email|mail|call|text)|black ?listed|block ?listed|dnc|abgemeldet|abbestellt|desabonnee?|desinscrite?|disiscritt[oa]|desuscrit[oa]|afgemeld|uitgeschreven|descadastrad[oa]|avregistrerad|frameldt|avmeldt)\b/;

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
  const countsFrom = answer === "granted" && time !== null && time.to !== time.from ? { countsFrom: time.to } : {};
  return { state, channel, purpose: "marketing", effectiveAt, ...countsFrom, proof: proofOf(origin, answer, null) };
}

/** An opt-out column may hold the day it happened instead of a yes. */
function isDated(column: StatementColumn, cell: string): boolean {
  return column.polarity === "out" && column.role !== "words" && /\d/.test(cell) && !/^[01]$/.test(cell);
}

/**
 * The date that belongs to a statement. A no of an opt-out column is dated by opt-out columns alone: "consent date" beside
 * it is the day of the yes that it ended. A no counts as late, a yes as early as its dates allow; `from`: a yes permits
 * something only once its day is over.
 */
function dateOf(
  answer: Answer,
  column: StatementColumn,
  dates: readonly DateColumn[],
  timeAt: (at: number) => Said | null,
): { said: string; from?: string } | null {
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
  if (!isYes) {
    const last = found
      .map(({ to }) => to)
      .toSorted()
      .at(-1);
    return last === undefined ? null : { said: last };
  }
  const [first] = found.toSorted((a, b) => (a.from < b.from ? -1 : 1));
  if (first === undefined) return null;
  return { said: first.from, ...(answer === "granted" && first.to !== first.from ? { from: first.to } : {}) };
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
  // A list of one channel speaks of it alone; a word in it may mean more.
  if (listed !== null && column.role !== "words") return [listed.channel];
  if (answer !== "withdrawn") return ["email"];
  return person.emails.length > 0 && column.purpose === "marketing" ? ["email", "any"] : ["any"];
}

function recordOf(
  { state, channel, purpose, effectiveAt, countsFrom, cause, proof }: Statement,
  person: PersonRecord,
  source: string | null,
  stream: CsvFile["kind"],
): ConsentRecord | null {
  const addresses = channel === "email" ? person.emails : channel === "sms" || channel === "call" ? person.phones : [];
  const address = addresses[0] ?? null;
  const isYes = state === "granted" || state === "pending";
  if (cause !== undefined && address === null) return null;
  // A yes to e-mail of somebody without an address would be a yes for any address they ever get.
  if (isYes && address === null && (channel === "email" || channel === "sms" || channel === "call")) return null;
  return {
    kind: "consent",
    id: `${person.id}/${channel}/${keyOf(purpose, state, effectiveAt ?? "", address ?? "", proof).slice(0, 16)}`,
    ...(countsFrom === undefined ? {} : { countsFrom }),
    ...(cause === undefined ? {} : { cause }),
    updatedAt: person.updatedAt,
    deleted: false,
    person: { stream, id: person.id },
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
