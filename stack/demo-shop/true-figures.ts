/** What the figures of a day are, for grading: a few sums that everything stored must come to. */
import type { Hits } from "#connectors/ga4/twin/account.ts";
import type { FigureSeed } from "#connectors/google-ads/twin/seed.ts";

/** One line of `truth/figures.jsonl`. */
export interface TrueFigure {
  source: "ga4" | "google-ads";
  stream: string;
  day: string;
  /** `cost` is spend; others are names of figures. */
  name: string;
  value: number;
}

const MICROS = 1_000_000;

export function figuresTruth({
  hits,
  figures,
}: {
  hits: readonly Hits[];
  figures: readonly FigureSeed[];
}): TrueFigure[] {
  const sums = new Map<string, TrueFigure>();
  const add = (figure: TrueFigure) => {
    const key = [figure.source, figure.stream, figure.day, figure.name].join(" ");
    const before = sums.get(key)?.value ?? 0;
    sums.set(key, { ...figure, value: before + figure.value });
  };
  for (const { day, sessions, revenue, event, events } of hits) {
    for (const stream of ["channels", "sources", "campaigns", "landing_pages"]) {
      add({ source: "ga4", stream, day, name: "sessions", value: sessions });
      add({ source: "ga4", stream, day, name: "revenue", value: Math.round(revenue * MICROS) });
    }
    if (event === "purchase") add({ source: "ga4", stream: "funnel", day, name: "purchase", value: events });
  }
  for (const { day, costMicros, clicks } of figures) {
    add({ source: "google-ads", stream: "spend", day, name: "cost", value: costMicros });
    add({ source: "google-ads", stream: "spend", day, name: "clicks", value: clicks });
  }
  return [...sums.values()];
}
