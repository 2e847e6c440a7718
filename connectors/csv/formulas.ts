/** Cells that a spreadsheet would run. */

/** The wide signs are formulas in spreadsheets set to Japanese or Chinese. */
const FORMULA = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r]/;

/**
 * A text as a spreadsheet shows it instead of running it: with a leading apostrophe where it looks like a formula (so does a
 * phone number with its +). Reading such a file here takes the apostrophe off again.
 */
export function neutralised(text: string): string {
  return FORMULA.test(text) ? `'${text}` : text;
}
