/** Figures by day as a person reads them: amounts, counts, and what is to be known of them. */
import { minorDigits } from "#connectors/core/currency.ts";
import { figureFlag } from "#connectors/core/records.ts";
import type { FigureFlag, MetricRecord } from "#connectors/core/records.ts";
import type { FigureDays } from "#profile/store/views/figures.ts";

const FLAGS: Record<FigureFlag, string> = {
  thresholded: "rows of few people are withheld",
  sampled: "estimated from a part of the data",
  other: 'rows beyond the tool\'s limit are in "(other)"',
  truncated: "rows beyond the tool's limit are left out",
  restricted: "some figures are hidden from the account that reads",
  withheld: "the tool gave none and named a reason",
};

const FIGURE_FLAGS = figureFlag.options;

const MICROS = 1_000_000;

/** Null: it cannot be summed. */
export function figureText(value: number | null, unit: MetricRecord["unit"], currency: string | null): string {
  if (value === null) return "no sum: a ratio";
  const number = (digits: number) => value.toLocaleString("en", { maximumFractionDigits: digits });
  switch (unit) {
    case "count":
      return number(2);
    case "people":
      return `at most ${number(0)}`;
    case "ratio":
      return number(4);
    case "seconds":
      return `${number(1)} s`;
    case "micros":
      return currency === null
        ? `${number(0)} millionths`
        : new Intl.NumberFormat("en-GB", {
            style: "currency",
            currency,
            minimumFractionDigits: minorDigits(currency),
            maximumFractionDigits: minorDigits(currency),
          }).format(value / MICROS);
  }
}

/** Empty: nothing is to be known. */
export function figureNotes(of: { flags: FigureFlag[]; whole: boolean; settled: boolean }): string {
  return [
    ...of.flags.map((flag) => FLAGS[flag]),
    ...(of.whole ? [] : ["rows are missing that could not be understood"]),
    ...(of.settled ? [] : ["may still change"]),
  ].join("; ");
}

/** The same of many days. */
export function dayNotes({ missing, partial, unsettled, flagged, corrected }: FigureDays): string {
  const days = (count: number, words: string) =>
    count === 0 ? [] : [`${count} ${count === 1 ? "day" : "days"} ${words}`];
  return [
    ...days(missing, "between these not read"),
    ...days(partial, "with rows that could not be understood"),
    ...FIGURE_FLAGS.flatMap((flag) => days(flagged[flag], flag === "sampled" ? FLAGS[flag] : `where ${FLAGS[flag]}`)),
    ...days(unsettled, "may still change"),
    ...days(corrected, "corrected by the tool"),
  ].join("; ");
}
