/** How dates and amounts of a file are written; what is decided without proof is said in a remark. */
import type { Delimiter, Mapping, Reading } from "./settings.ts";
import { currencyIn, dayOrderOf, decimalOf } from "./value-shapes.ts";
import { cleanCell, cleanId, foldWords } from "./words.ts";

/** What holds where the file does not say: the workspace's own. */
interface Usual {
  currency: string;
  country: string | null;
}

export function decideDayOrder(dates: readonly string[], options: Usual, remarks: string[]): "dmy" | "mdy" {
  const { dmy, mdy, open } = dayOrderOf(dates);
  const usual = options.country === "US" ? "mdy" : "dmy";
  const say = (order: "dmy" | "mdy") => (order === "dmy" ? "day/month" : "month/day");
  if (dmy > 0 && mdy > 0) {
    const chosen = dmy === mdy ? usual : dmy > mdy ? "dmy" : "mdy";
    remarks.push(
      `Some dates are written day/month, some month/day; they are read ${say(chosen)}, the others rejected. Check the file.`,
    );
    return chosen;
  }
  if (dmy > 0) return "dmy";
  if (mdy > 0) return "mdy";
  if (open > 0) {
    const other = usual === "dmy" ? "mdy" : "dmy";
    remarks.push(
      `Dates like 03/04/2025 could be either way; they are read ${say(usual)}. Say dates=${other} to change it.`,
    );
  }
  return usual;
}

export function decideDecimal(amounts: readonly string[], delimiter: Delimiter, remarks: string[]): "." | "," {
  const decided = decimalOf(amounts);
  if (decided !== null) return decided;
  const usual = delimiter === ";" ? "," : ".";
  if (amounts.some((value) => /\d[.,]\d{3}$/.test(value))) {
    const other = usual === "," ? "." : ",";
    remarks.push(
      `Amounts like 1${other}234 could be read either way; "${usual}" is taken for the decimal sign. Say decimal=${other} to change it.`,
    );
  }
  return usual;
}

/** Do the rows of one order repeat its total, or share it? */
export function decideAmountPer(
  mapping: Mapping,
  column: (name: string) => string[],
  remarks: string[],
): "order" | "row" {
  const [idColumn] = mapping.order_id ?? [];
  const [amountColumn] = mapping.amount ?? [];
  if (idColumn === undefined || amountColumn === undefined) return "row";
  const amounts = column(amountColumn).map(cleanCell);
  const groups: string[][] = [];
  let last = "";
  for (const [index, cell] of column(idColumn).entries()) {
    const id = cleanId(cell);
    const amount = amounts[index] ?? "";
    if (id !== "" && id === last) groups.at(-1)?.push(amount);
    else groups.push([amount]);
    last = id;
  }
  const shared = groups.filter((group) => group.length > 1);
  if (shared.length === 0) return "row";
  const repeated = shared.every(([first, ...rest]) => rest.every((amount) => amount === first || amount === ""));
  const chosen = repeated && shared.length > 1 ? "order" : "row";
  remarks.push(
    chosen === "order"
      ? `Column "${amountColumn}" repeats the order's total on each of its rows: it is counted once. Say amount-per=row to add the rows up.`
      : `Orders fill several rows: column "${amountColumn}" is added up. Say amount-per=order if it is the order's total.`,
  );
  return chosen;
}

export function decideCurrency(
  mapping: Mapping,
  amounts: readonly string[],
  names: readonly string[],
  options: Usual,
  remarks: string[],
): string {
  if (mapping.amount === undefined && mapping.unit_price === undefined) return options.currency;
  const found = currencyIn(amounts) ?? currencyIn(names.filter((name) => (mapping.amount ?? []).includes(name)));
  if (found !== null) return found;
  if (mapping.currency === undefined) {
    remarks.push(
      `The file names no currency: amounts are taken for ${options.currency}. Say currency=EUR (or other) to change it.`,
    );
  }
  return options.currency;
}

const TILL_WORDS = /\b(till|pos|kasse\w*|bon\w*|receipt|scontrino|caisse|caja|cassa|filiale|beleg\w*)\b/;
const WEB_WORDS = /\b(web\w*|online\w*|shopify|woocommerce|magento|ecommerce)\b/;

export function guessChannel(names: readonly string[]): Reading["defaultChannel"] {
  const words = names.map(foldWords);
  if (words.some((name) => TILL_WORDS.test(name))) return "store";
  return words.some((name) => WEB_WORDS.test(name)) ? "online" : "unknown";
}
