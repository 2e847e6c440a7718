/** How dates and amounts of a file are written; what is decided without proof is said in a remark. */
import { zoneInName } from "./date-words.ts";
import { currencyOf, isCurrencyMark } from "./currency-marks.ts";
import type { ColumnGuess } from "./guess-mapping.ts";
import type { Delimiter, Field, Mapping, Reading } from "./settings.ts";
import { currenciesIn, currencyInName, dayOrderOf, decimalOf } from "./value-shapes.ts";
import { foldWords } from "./words.ts";

/** What nobody can know but the person who imports; `about` is the override (or field) that answers it. */
export interface Question {
  about: string;
  text: string;
}

/** What is decided without proof is said: as a remark where it is what such files mean, as a question where it is not. */
export interface Said {
  remarks: string[];
  questions: Question[];
}

/** What holds where the file does not say: the workspace's own. */
interface Usual {
  currency: string;
  country: string | null;
}

export function decideDayOrder(dates: readonly string[], options: Usual, said: Said): "dmy" | "mdy" {
  const { dmy, mdy, open } = dayOrderOf(dates);
  const usual = options.country === "US" ? "mdy" : "dmy";
  const say = (order: "dmy" | "mdy") => (order === "dmy" ? "day/month" : "month/day");
  if (dmy > 0 && mdy > 0) {
    const chosen = dmy === mdy ? usual : dmy > mdy ? "dmy" : "mdy";
    const text = `Some dates are written day/month, some month/day: are they ${say(chosen)} (dates=${chosen}), the others to be refused?`;
    said.questions.push({ about: "dates", text });
    return chosen;
  }
  if (dmy > 0) return "dmy";
  if (mdy > 0) return "mdy";
  if (open > 0) {
    const other = usual === "dmy" ? "mdy" : "dmy";
    const text = `Dates like 03/04/2025 could be either way: are they ${say(usual)} (dates=${usual}) or ${say(other)} (dates=${other})?`;
    said.questions.push({ about: "dates", text });
  }
  return usual;
}

/**
 * Whether day or month comes first in dates of birth: their own column decides; where it leaves it open, the other dates of
 * the file; and where these do, it is asked. Null: as the other dates.
 */
export function decideBirthOrder(
  { mapping, columns, dayOrder }: { mapping: Mapping; columns: readonly ColumnGuess[]; dayOrder: "dmy" | "mdy" },
  said: Pick<Said, "questions">,
): "dmy" | "mdy" | null {
  const births = columns.find(({ column }) => column === mapping.birth_date?.[0])?.days;
  if (births === undefined) return null;
  const { dmy, mdy, open } = births;
  if (dmy > 0 && mdy === 0) return "dmy";
  if (mdy > 0 && dmy === 0) return "mdy";
  const told = columns.some(({ field, days }) => field !== null && DATED.has(field) && days.dmy + days.mdy > 0);
  const asked = said.questions.some(({ about }) => about === "dates");
  if ((open > 0 && !told && !asked) || dmy > 0) {
    const order = dayOrder === "dmy" ? "day/month" : "month/day";
    const other = dayOrder === "dmy" ? "mdy" : "dmy";
    const text = `Dates of birth like 03/04/1985 could be either way: are they ${order} (dates=${dayOrder}) or not (dates=${other})?`;
    said.questions.push({ about: "dates", text });
  }
  return null;
}

const DATED: ReadonlySet<Field> = new Set<Field>(["created_at", "updated_at", "consent_at", "opt_out_at"]);

export function decideDecimal(amounts: readonly string[], delimiter: Delimiter, said: Said): "." | "," {
  const decided = decimalOf(amounts);
  if (decided !== null) return decided;
  const usual = delimiter === ";" ? "," : ".";
  if (amounts.some((value) => /\d[.,]\d{3}$/.test(value))) {
    const other = usual === "," ? "." : ",";
    const text = `Amounts like 1${other}234 could be read either way: is the decimal sign "${usual}" (decimal=${usual}) or "${other}" (decimal=${other})?`;
    said.questions.push({ about: "decimal", text });
  }
  return usual;
}

export function decideCurrency(mapping: Mapping, amounts: readonly string[], options: Usual, said: Said): string {
  const money = [...(mapping.amount ?? []), ...(mapping.unit_price ?? [])];
  if (money.length === 0) return options.currency;
  const marked = currenciesIn(amounts, options.currency);
  const [only] = marked;
  // A row of units below the header names the currency alone.
  const alone = amounts.map((value) => value.replace(/^\((.*)\)$/, "$1").trim()).filter(isCurrencyMark);
  const named =
    money.map(currencyInName).find((currency) => currency !== null) ??
    alone.map((mark) => currencyOf(mark, options.currency)).find((currency) => currency !== null) ??
    null;
  if (marked.size > 1) {
    said.remarks.push(`Amounts are in ${[...marked].toSorted().join(", ")}: each row has its own currency.`);
    return named ?? options.currency;
  }
  if (only !== undefined) return only;
  if (named !== null) return named;
  if (mapping.currency === undefined) {
    said.remarks.push(
      `The file names no currency: amounts are taken for ${options.currency}. Say currency=EUR (or other) to change it.`,
    );
  }
  return options.currency;
}

/** The zone a date column's own name gives, for what is shown; each column is read in its own. */
export function zoneRemark(mapping: Mapping, said: Said): void {
  const column = [...(mapping.placed_at ?? []), ...(mapping.at ?? [])].find((name) => zoneInName(name) !== null);
  if (column !== undefined)
    said.remarks.push(`Times in column "${column}" are read in ${zoneInName(column)}, as it says.`);
}

const TILL_WORDS = /\b(till|pos|kasse\w*|bon\w*|receipt|scontrino|caisse|caja|cassa|filiale|beleg\w*)\b/;
const WEB_WORDS = /\b(web\w*|online\w*|shopify|woocommerce|magento|ecommerce)\b/;

export function guessChannel(names: readonly string[]): Reading["defaultChannel"] {
  const words = names.map(foldWords);
  if (words.some((name) => TILL_WORDS.test(name))) return "store";
  return words.some((name) => WEB_WORDS.test(name)) ? "online" : "unknown";
}
