/** Signs of sales in a file that was about to be read as a list of people: dates and money that no field takes. */
import { guessMapping } from "./guess-mapping.ts";
import type { Mapping } from "./settings.ts";
import type { Shape } from "./value-shapes.ts";
import { foldWords } from "./words.ts";

/** Sums and days that a list of people keeps of each of them. */
const OF_A_PERSON =
  /\b(?:last|first|next|latest|since|until|birth\w*|bday|dob|anniversary|expir\w*|renew\w*|valid\w*|lifetime|ltv|clv|average|avg|aov|total sp\w*|spent|spend|balance|credit\w*|points|annual|yearly|revenue|turnover|budget|salary|income|score|letzte\w*|erste\w*|geburt\w*|gueltig|guthaben|umsatz|jahresumsatz|saldo|dernier\w*|premier\w*|naissance|ultim\w*|prim[ao]|nascita|nacimiento|nascimento|fatturato|laatste|eerste|geboorte\w*|sidste|seneste|fodsel\w*|fodelse\w*|senast\w*|ostatni\w*|urodz\w*|dogum|posledni|narozeni)\b/;
/** Fewer say nothing: half of a list's columns hold dates or numbers of some kind. */
const MOSTLY = 0.8;

export interface SignsOfSales {
  money: string;
  /** The column that dates or numbers a sale. */
  beside: string;
}

/** @param people what the file's columns would feed in a list of people */
export function signsOfSales(people: Mapping, names: readonly string[], shapes: readonly Shape[]): SignsOfSales | null {
  const isConsent = Object.keys(people).some((field) => field.startsWith("consent_"));
  const taken = new Set(Object.values(people).flat());
  const sales = guessMapping("orders", names, shapes);
  const isFree = (name: string): boolean => !taken.has(name) && !OF_A_PERSON.test(foldWords(name));
  const named = (field: "amount" | "unit_price" | "placed_at"): string | undefined =>
    [
      ...(sales.mapping[field] ?? []),
      ...sales.misfits.flatMap((one) => (one.field === field ? [one.column] : [])),
    ].find(isFree);
  const valued = (fits: (shape: Shape) => boolean): string | undefined =>
    names.find((name, at) => {
      const shape = shapes[at];
      return shape !== undefined && shape.filled > 0 && isFree(name) && fits(shape);
    });
  const number = (sales.mapping.order_id ?? []).find(isFree);
  const money = named("amount") ?? named("unit_price") ?? valued((shape) => shape.money >= MOSTLY);
  if (money === undefined) return null;
  if (number !== undefined) return { money, beside: number };
  const date = named("placed_at") ?? valued((shape) => shape.date >= MOSTLY && shape.number < MOSTLY);
  // Somebody's fee and the day they joined, beside what they agreed to.
  return date === undefined || isConsent ? null : { money, beside: date };
}
