/** Which columns of a file say something about consent, and what each means. */
import type { ConsentChannel, ConsentPurpose } from "../../core/records.ts";
import type { CsvFile, Field } from "../settings.ts";
import { readConsentHeader, wordsOf, type ConsentHeader } from "./header.ts";

/** The fields a column of answers can feed, by the channel they are about. */
export const CONSENT_CHANNELS = {
  consent_email: "email",
  consent_sms: "sms",
  consent_call: "call",
  consent_post: "post",
  consent_push: "push",
} as const satisfies Partial<Record<Field, ConsentChannel>>;

export interface StatementColumn {
  /** Position in the row. */
  at: number;
  name: string;
  role: "statement" | "status" | "date" | "reason" | "undeliverable" | "words";
  polarity: "in" | "out" | "unclear";
  /** Empty: the name says none. */
  channels: ConsentChannel[];
  purpose: ConsentPurpose;
  /** What a cross in it marks, where the file's other values leave no doubt. */
  cross: "yes" | "no" | null;
  /** Of words under a name that asks for a yes: whether a bare no among them counts, not only what takes a yes back. */
  bareNo: boolean;
}

export interface DateColumn {
  at: number;
  polarity: "in" | "out" | "either";
  channels: ConsentChannel[];
}

export interface ConsentColumns {
  statements: StatementColumn[];
  dates: DateColumn[];
  /** What the whole file is a list of, by its name. */
  list: "unsubscribed" | "undeliverable" | null;
}

type ReadFile = Pick<CsvFile, "name" | "mapping" | "crosses">;

/**
 * The mapped columns, and every other one whose name is an opt-out: a no is used whether anybody mapped it or not. The
 * name decides what a yes in a column means, also where the admin chose the column.
 */
export function consentColumns(file: ReadFile, names: readonly string[]): ConsentColumns {
  const statements: StatementColumn[] = [];
  const dates: DateColumn[] = [];
  const used = new Set(Object.values(file.mapping).flat());
  names.forEach((name, at) => {
    const field = fieldOf(file, name);
    const header = readConsentHeader(name);
    const cross = file.crosses[name] ?? null;
    if (field === null && used.has(name)) return;
    const date = dateOf(header, field, at);
    if (date !== null) dates.push(date);
    const statement = statementOf(header, field);
    if (statement !== null) statements.push({ at, name, cross, bareNo: header?.foreign === false, ...statement });
  });
  const namesEmail = statements.some(({ channels }) => channels.includes("email"));
  for (const statement of statements) {
    if (readConsentHeader(statement.name)?.mail !== true || statement.channels.length > 0) continue;
    statement.channels = namesEmail ? ["post"] : ["email", "post"];
  }
  // A column that answers for each row knows better than the file's name; one with a word here and there does not.
  const answered = statements.some(({ role }) => role === "statement" || role === "status");
  if (answered) for (const statement of statements) statement.bareNo = false;
  return { statements, dates, list: answered ? null : listOf(file.name, names) };
}

type ConsentField = keyof typeof CONSENT_CHANNELS | "opt_out" | "opt_out_at" | "consent_at";

const CONSENT_FIELDS = [
  ...(Object.keys(CONSENT_CHANNELS) as (keyof typeof CONSENT_CHANNELS)[]),
  "opt_out",
  "opt_out_at",
  "consent_at",
] as const;

function fieldOf(file: ReadFile, name: string): ConsentField | null {
  return CONSENT_FIELDS.find((field) => file.mapping[field]?.includes(name) === true) ?? null;
}

function dateOf(header: ConsentHeader | null, field: ConsentField | null, at: number): DateColumn | null {
  const out = header?.polarity === "out" || header?.polarity === "unclear" || field === "opt_out_at";
  if (field !== "consent_at" && field !== "opt_out_at" && !(header?.role === "date" && out)) return null;
  const polarity = out ? "out" : header?.polarity === "in" ? "in" : "either";
  return { at, polarity, channels: header?.channels ?? [] };
}

function statementOf(
  header: ConsentHeader | null,
  field: ConsentField | null,
): Omit<StatementColumn, "at" | "name" | "cross" | "bareNo"> | null {
  const negative = header !== null && (header.polarity === "out" || header.polarity === "unclear");
  const base = { channels: header?.channels ?? [], purpose: header?.purpose ?? "marketing" };
  if (negative) {
    // A date that a double negation names may be the date of a yes: it is no statement.
    if (header.role === "date" && header.polarity === "unclear") return null;
    const role = header.role === "source" ? "statement" : header.role;
    return { ...base, role, polarity: header.polarity === "unclear" ? "unclear" : "out" };
  }
  if (field === null || field === "consent_at") return null;
  if (field === "opt_out_at") return { ...base, role: "date", polarity: "out" };
  if (field === "opt_out") return { ...base, role: "words", polarity: header?.polarity === "in" ? "in" : "out" };
  const channel = CONSENT_CHANNELS[field];
  const channels = [...new Set([...base.channels, channel])];
  const purpose = "marketing";
  // "Accepts marketing" stands for e-mail, and says no to it alone too.
  return { role: header?.role === "status" ? "status" : "statement", polarity: "in", channels, purpose };
}

/** An export of those who left names itself so; a cleaned-up list does too, so that one needs its source's columns. */
function listOf(fileName: string, names: readonly string[]): ConsentColumns["list"] {
  const stem = fileName.replace(/(\.(csv|tsv|txt|gz))+$/i, "");
  const header = readConsentHeader(stem);
  const words = wordsOf(stem);
  const both = words.some((word) =>
    /^(subscribed|subscribers|active|all|with|without|minus|except|excluding|excl|ohne|sans|sin|senza|zonder|sem)$/.test(
      word,
    ),
  );
  if (!both && header?.polarity === "out" && (header.role === "statement" || header.role === "date")) {
    // Only words that are a no of their own: "no_marketing_q3" may be anything.
    if (LEFT.test(words.join(" "))) return "unsubscribed";
  }
  const cleaned = words.some((word) => /^(cleaned|bounced|bounces)$/.test(word));
  return cleaned && names.some((name) => /^(LEID|EUID|CLEAN_TIME)$/i.test(name)) ? "undeliverable" : null;
}

const LEFT =
  /\b(unsub\w*|opt(ed)? ?outs?|optouts?|suppress\w*|black ?list\w*|block ?list\w*|do not (contact|email|mail|call|text)|dnc|abgemeldet\w*|abmeldungen|werbesperre|widerspr\w*|widerruf\w*|desabonn\w*|desinscri\w*|disiscri\w*|desuscri\w*|bajas?|afgemeld\w*|uitgeschreven|descadastr\w*|avregistrerade?|avanmalda?|avmeldte?|frameldte?|afmeldte?|robinson\w*)\b/;
