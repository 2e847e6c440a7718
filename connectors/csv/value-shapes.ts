/** What the values of a column look like, so that a column's name is believed only when its values agree. */
import { parseAmount, parseMoney } from "./amounts.ts";
import { countryCodeOf } from "../core/countries.ts";
import { isCurrency } from "../core/currency.ts";
import { currencyOf, isCurrencyMark } from "./currency-marks.ts";
import { zoneNamed } from "./date-words.ts";
import { dayOf, parseInstant } from "./dates.ts";
import { emailsOf, isPhone } from "./identifiers.ts";
import { roleOf } from "./order-words.ts";
import { isDestroyedNumber, isPlaceholderEmail, isPlaceholderId, isRoundedNumber } from "../core/placeholders.ts";
import { isFlagWord } from "./order-flags.ts";
import { isOptOutWord, readConsentCell } from "./consent/cell.ts";
import { cleanCell } from "./words.ts";

/** Shares between 0 and 1 of the values that are not blank. */
export interface Shape {
  rows: number;
  /** Values that are not blank. */
  filled: number;
  /** Share of rows that have a value. */
  coverage: number;
  /** Distinct values by values. */
  distinct: number;
  email: number;
  phone: number;
  /** Written with a leading +: a phone number without being told. */
  phoneSure: number;
  /** Written as only postcodes are: letters and digits as in Britain, Canada or the Netherlands. */
  postcodeSure: number;
  date: number;
  /** Days of any century, as dates of birth are. */
  day: number;
  /** Days as spreadsheets count them: what a date becomes when its format is lost. */
  serial: number;
  number: number;
  /** Written as sums are: with a currency, or to the hundredth. */
  money: number;
  /** Kinds of rows: sale, refund; and whether any of them is not a sale. */
  role: number;
  anyOtherRole: boolean;
  zone: number;
  country: number;
  currency: number;
  yesNo: number;
  /** 1, 2, 3 and so on: rows, counted. */
  isCounted: boolean;
  /** Answers to whether an order was cancelled, paid, refunded. */
  flag: number;
  /** Letters and no digits, as names are. */
  wordy: number;
  /** Of what stands for anybody, those that are no such words. */
  idLike: number;
  /** Dates without a time, times without a date. */
  dayOnly: number;
  timeOnly: number;
  /** Of the numbers too long for a spreadsheet, those that lost their end to zeros. */
  rounded: number;
  /** Long enough, or mixed enough, to be the number of a card. */
  numbered: number;
  /** Opt-outs in so many words, alone or among tags. */
  optOuts: number;
  /** The first different values. Personal data: to be shown, not logged. */
  words: readonly string[];
}

const WORDS_KEPT = 60;

const PHONE = /^\+?[\d\s()./-]{6,20}$/;

const POSTCODE = /^(?:[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}|[a-z]\d[a-z] ?\d[a-z]\d|[1-9]\d{3} ?[a-z]{2})$/i;

export function shapeOf(values: readonly string[]): Shape {
  const filled = values.map(cleanCell).filter((value) => value !== "");
  const share = (fits: (value: string) => boolean): number =>
    filled.length === 0 ? 0 : filled.filter(fits).length / filled.length;
  // What names nobody, or was destroyed, does not speak against the column.
  const telling = filled.filter(
    (value) => !isPlaceholderId(value) && !isDestroyedNumber(value) && !isPlaceholderEmail(value),
  );
  const named = (fits: (value: string) => boolean): number =>
    telling.length === 0 ? share(() => true) / 2 : telling.filter(fits).length / telling.length;
  const digits = (value: string): number => value.replace(/\D/g, "").length;
  return {
    rows: values.length,
    filled: filled.length,
    coverage: values.length === 0 ? 0 : filled.length / values.length,
    distinct: filled.length === 0 ? 0 : new Set(filled).size / filled.length,
    email: named((value) => emailsOf([value]).value.length > 0),
    phone: named(isPhone),
    phoneSure: share((value) => value.startsWith("+") && PHONE.test(value) && digits(value) >= 8),
    postcodeSure: share((value) => POSTCODE.test(value)),
    date: share(isDateLike),
    day: share((value) => (["dmy", "mdy"] as const).some((order) => dayOf(value, order) !== null)),
    number: share((value) => parseAmount(value, ".") !== null || parseAmount(value, ",") !== null),
    money: share(isMoneyLike),
    country: share((value) => countryCodeOf(value) !== null),
    serial: share((value) => /^\d{5}(?:\.\d+)?$/.test(value) && Number(value) >= 30_000 && Number(value) < 60_000),
    role: share((value) => roleOf(value, null) !== null),
    anyOtherRole: filled.some((value) => !["sale", null].includes(roleOf(value, null))),
    zone: share((value) => zoneNamed(value) !== null),
    currency: share(isCurrencyMark),
    yesNo: share((value) => readConsentCell(value) !== "unreadable"),
    isCounted: filled.length > 0 && filled.every((value, at) => value === String(at + 1)),
    flag: share(isFlagWord),
    wordy: share(isWord),
    idLike: telling.length === 0 ? 1 : named((value) => !isWord(value)),
    dayOnly: share((value) => !/\d:\d|^\d{10,}$|\dT\d/.test(value) && isDateLike(value)),
    timeOnly: share((value) => /^\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp][Mm])?$/.test(value)),
    rounded: roundedOf(filled),
    numbered: share((value) => /\d/.test(value) && (digits(value) >= 5 || /^\p{L}+[\s-]?\d{2}/u.test(value))),
    optOuts: share(
      (value) => value.length <= 200 && value.split(/[,;|]/).some((part) => isOptOutWord(part.replaceAll('"', ""))),
    ),
    words: [...new Set(filled)].slice(0, WORDS_KEPT),
  };
}

/** One long number may end in zeros; where nearly all of a column do, something cut them. */
function roundedOf(filled: readonly string[]): number {
  const long = filled.filter((value) => /^\d{16,30}$/.test(value));
  return long.length < 2 ? 0 : long.filter(isRoundedNumber).length / long.length;
}

const isWord = (value: string): boolean => /\p{L}/u.test(value) && !/\d/.test(value);

function isMoneyLike(value: string): boolean {
  const money = parseMoney(value, ".") ?? parseMoney(value, ",");
  return money !== null && (money.mark !== "" || /\d[.,]\d{2}(?:\)|-)?$/.test(value)) && !isDateLike(value);
}

/** A bare number may be an epoch, but only its column's name can say so. */
function isDateLike(value: string): boolean {
  return (["dmy", "mdy"] as const).some((dayOrder) => parseInstant(value, { dayOrder, timeZone: "UTC" }) !== null);
}

/** Which decimal sign the values can only be read with; null where they leave it open. */
export function decimalOf(values: readonly string[]): "." | "," | null {
  let point = 0;
  let comma = 0;
  for (const value of values.map(cleanCell)) {
    if (!/\d[.,]\d/.test(value)) continue;
    const readsPoint = parseAmount(value, ".") !== null;
    const readsComma = parseAmount(value, ",") !== null;
    if (readsPoint && !readsComma) point++;
    if (readsComma && !readsPoint) comma++;
  }
  if (point === comma) return null;
  return point > comma ? "." : ",";
}

export interface DayOrderEvidence {
  dmy: number;
  mdy: number;
  /** Dates that read both ways. */
  open: number;
}

/** Which of day and month comes first, from the dates that can only be read one way. */
export function dayOrderOf(values: readonly string[]): DayOrderEvidence {
  const evidence: DayOrderEvidence = { dmy: 0, mdy: 0, open: 0 };
  for (const value of values.map(cleanCell)) {
    const match = /^(\d{1,2})([./-])(\d{1,2})\2\d{2,4}/.exec(value);
    if (match === null) continue;
    const [first, second] = [Number(match[1]), Number(match[3])];
    if (first > 12 && second <= 12) evidence.dmy++;
    else if (second > 12 && first <= 12) evidence.mdy++;
    else if (match[2] !== ".") evidence.open++;
  }
  return evidence;
}

/** The currencies whose signs or codes stand in the amounts. */
export function currenciesIn(values: readonly string[], usual: string): Set<string> {
  const found = new Set<string>();
  for (const value of values.map(cleanCell)) {
    const mark = parseMoney(value, ".")?.mark ?? parseMoney(value, ",")?.mark ?? "";
    const currency = mark === "" ? null : currencyOf(mark, usual);
    if (currency !== null) found.add(currency);
  }
  return found;
}

/** `Total (USD)`, `Amount EUR`, `Betrag in €`. */
export function currencyInName(name: string): string | null {
  const sign = /\p{Sc}/u.exec(name)?.[0];
  if (sign !== undefined && sign !== "$") return currencyOf(sign, null);
  const code = /\(([A-Z]{3})\)|\b([A-Z]{3})$/
    .exec(name.trim())
    ?.slice(1)
    .find((found) => found !== undefined);
  return code !== undefined && code !== name.trim() && isCurrency(code) ? code : null;
}
