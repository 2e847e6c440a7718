/** A guess in words and a table, for the admin to agree with or override. */
import { SENSITIVE_FACTS } from "../core/sensitive.ts";
import type { Guess, Withheld } from "./guess.ts";
import { missingFields } from "./overrides.ts";

const DELIMITER_NAMES = { ",": "comma", ";": "semicolon", "\t": "tab", "|": "bar" } as const;
const WIDEST = 32;

/** Readable as it is in a terminal of 100 columns. Shows values of the file: personal data, for the screen only. */
export function describeGuess(guess: Guess): string {
  const isWithheld = (name: string) => guess.withheld.some(({ columns }) => columns.includes(name));
  const table = [
    ["COLUMN", "FIELD", "SURE", "WHY", "VALUES"],
    ...guess.columns.map(({ column, field, confidence, why, samples }) => [
      column,
      field ?? (isWithheld(column) ? "(left out)" : "(not used)"),
      field === null ? "" : `${Math.round(confidence * 100)} %`,
      field === null && !isWithheld(column) ? "" : why,
      samples.slice(0, 2).join(" | "),
    ]),
  ].map((row) => row.map(fit));
  const widths = (table[0] ?? []).map((_, at) => Math.max(...table.map((row) => (row[at] ?? "").length)));
  const lines = table.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const missing = missingFields(guess);
  return [
    `${guess.kind}: ${guess.encoding}, ${DELIMITER_NAMES[guess.delimiter]} between cells, ${guess.header ? "with" : "without"} a header`,
    `dates ${guess.dayOrder === "dmy" ? "day/month/year" : "month/day/year"} where not ISO, local times in ${guess.timeZone}` +
      (guess.kind === "orders"
        ? `; decimal sign "${guess.decimal}"; ${guess.defaultCurrency} unless a row says otherwise; channel ${guess.defaultChannel}`
        : ""),
    "",
    ...lines,
    ...(guess.withheld.length === 0 ? [] : ["", ...guess.withheld.map((held) => `- ${withheldText(held)}`)]),
    ...(guess.remarks.length === 0 ? [] : ["", ...guess.remarks.map((remark) => `- ${remark}`)]),
    ...(guess.questions.length === 0 ? [] : ["", ...guess.questions.map(({ text }) => `? ${text}`)]),
    ...(missing.length === 0 ? [] : ["", ...missing.map((line) => `! ${line}`)]),
  ].join("\n");
}

/** What is left out, and what would keep it. */
export function withheldText({ field, columns }: Withheld): string {
  const names = columns.map((name) => `"${name}"`).join(", ");
  return `Column ${names} (${SENSITIVE_FACTS[field].words}) is left out: such facts are kept only where they are needed. --map ${field}=${columns.join(",")} keeps it, best with --reason.`;
}

function fit(text: string): string {
  const flat = text.replace(/\s+/g, " ");
  return flat.length > WIDEST ? `${flat.slice(0, WIDEST - 1)}…` : flat;
}
