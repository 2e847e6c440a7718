/** Which columns of a list of people feed the consent fields. By their names; values can only speak against it. */
import type { Field } from "../settings.ts";
import type { Shape } from "../value-shapes.ts";
import { isListWord, isOptOutWord, readConsentCell } from "./cell.ts";
import { readConsentHeader, type ConsentHeader } from "./header.ts";

export interface ConsentGuess {
  at: number;
  field: Field;
  score: number;
  why: string;
}

export interface GuessedConsent {
  columns: ConsentGuess[];
  /** What a cross marks, by column, where the other values leave no doubt. */
  crosses: Record<string, "yes" | "no">;
  /** What the admin should look at, in sentences. */
  remarks: string[];
}

export function guessConsent(names: readonly string[], shapes: readonly Shape[]): GuessedConsent {
  const guessed: GuessedConsent = { columns: [], crosses: {}, remarks: [] };
  names.forEach((name, at) => {
    const shape = shapes[at];
    if (shape === undefined) return;
    const header = readConsentHeader(name);
    const found = fieldOf(header, shape);
    if (found !== null) {
      const taken = found.field === "consent_source" && guessed.columns.some(({ field }) => field === "consent_source");
      if (taken) return;
      guessed.columns.push({ at, ...found });
      const cross = crossOf(shape.words, header?.polarity === "out" || header?.polarity === "unclear");
      if (cross !== null) guessed.crosses[name] = cross;
    }
    const remark = remarkOn(name, header, found, shape);
    if (remark !== null) guessed.remarks.push(remark);
  });
  return guessed;
}

type Found = Omit<ConsentGuess, "at">;

function fieldOf(header: ConsentHeader | null, shape: Shape): Found | null {
  const optOuts: Found = { field: "opt_out", score: 0.7, why: "some of its values are opt-outs" };
  if (header === null) return shape.optOuts > 0 ? optOuts : null;
  const { role, polarity, certain } = header;
  if (role === "source") return { field: "consent_source", score: 0.9, why: "the name says consent_source" };
  if (polarity === "unclear") {
    return role === "date"
      ? null
      : { field: "opt_out", score: 0.6, why: "the name denies twice: nothing in it is a yes" };
  }
  if (polarity === "out") {
    return role === "date"
      ? { field: "opt_out_at", score: 0.95, why: "the name is the date of a no" }
      : { field: "opt_out", score: 0.95, why: role === "undeliverable" ? "mail came back" : "a yes in it is a no" };
  }
  if (role === "date") {
    return shape.filled > 0 && shape.date < 0.5
      ? null
      : { field: "consent_at", score: 0.9, why: "the name says consent_at" };
  }
  if (role === "status" ? !shape.words.some(isListStatus) : !certain) {
    if (shape.optOuts > 0) return optOuts;
    return isUnsure(header) && shape.words.some((word) => isRefusing(word, header))
      ? { field: "opt_out", score: 0.6, why: "the name does not say to what: a no in it counts, a yes does not" }
      : null;
  }
  // Values of another kind: the name means something else here.
  if (shape.filled > 0 && Math.max(shape.date, shape.email, shape.phone) > 0.5) return null;
  const channel = header.channels[0] ?? "email";
  const fields = {
    email: "consent_email",
    sms: "consent_sms",
    call: "consent_call",
    post: "consent_post",
    push: "consent_push",
  } as const;
  const field = channel in fields ? fields[channel as keyof typeof fields] : null; // only these are read from names
  return field === null
    ? null
    : {
        field,
        score: 0.95,
        why: role === "status" ? "its values are those of a mailing list" : `the name says ${field}`,
      };
}

const isUnsure = ({ role, polarity, certain }: ConsentHeader): boolean =>
  role === "statement" && polarity === "in" && !certain;

/** A no to something else is none to advertising, unless it says itself that it takes a yes back. */
function isRefusing(word: string, { foreign }: ConsentHeader): boolean {
  const meaning = readConsentCell(word);
  return meaning === "withdrawn" || (!foreign && (meaning === "no" || meaning === "refused" || meaning === "ballot"));
}

/** "Active" and "confirmed" may be an account's or an appointment's. */
function isListStatus(value: string): boolean {
  return isListWord(value) || isOptOutWord(value) || LIST_STATUS.test(value.trim());
}

const LIST_STATUS =
  /^(never[ _-]?subscribed|not subscribed|non-?subscribed|removed|cleaned|bounced|unconfirmed|complained|opted[ _-]?out|suppressed)$/i;

/**
 * A cross beside ticks or words of yes is a no, beside blanks alone the mark itself. Beside words of no it is a yes; beside
 * both, nobody can tell.
 */
function crossOf(words: readonly string[], isOptOut: boolean): "yes" | "no" | null {
  const meanings = new Set(words.map(readConsentCell));
  const ballots = meanings.has("ballot");
  if (!meanings.has("cross") && !ballots) return null;
  const yes = meanings.has("yes") || meanings.has("granted") || meanings.has("withdrawn");
  const no = meanings.has("no") || meanings.has("refused");
  if (ballots && !meanings.has("cross")) return yes || no || !isOptOut ? "no" : "yes";
  if (yes && no) return null;
  return yes ? "no" : "yes";
}

const SHOWN_WORDS = 5;

function remarkOn(name: string, header: ConsentHeader | null, found: Found | null, shape: Shape): string | null {
  if (header?.polarity === "unclear" && header.role === "statement") {
    return `Column "${name}" denies twice: a yes in it is taken for a no. Say opt_out= or consent_email=... to use other columns.`;
  }
  if (header !== null && isUnsure(header) && (found === null || found.field === "opt_out")) {
    const asks = shape.words.some((word) => ["yes", "granted", "cross"].includes(readConsentCell(word)));
    const used = found === null ? "it is not used" : "a no in it counts, a yes does not";
    return asks || found !== null
      ? `Column "${name}" may hold consent, but its name does not say to what: ${used}. Say consent_email=${name} if a yes in it allows e-mail marketing.`
      : null;
  }
  const answers =
    found !== null &&
    found.field.startsWith("consent_") &&
    found.field !== "consent_at" &&
    found.field !== "consent_source";
  if (!answers && !(found?.field === "opt_out" && header !== null)) return null;
  const unknown = shape.words
    .filter((word) => readConsentCell(word) === "unreadable" && !/\d/.test(word))
    .slice(0, SHOWN_WORDS);
  return unknown.length === 0
    ? null
    : `Column "${name}" holds words that are neither yes nor no (${unknown.map((word) => `"${word.slice(0, 40)}"`).join(", ")}): rows with them are kept, and an earlier yes is suspended.`;
}
