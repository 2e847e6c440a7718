/** Forecasts in words, and beside them what it really took. */
import type { Range } from "#connectors/core/costs.ts";
import type { Foretold } from "#connectors/core/forecast.ts";
import { callsIn } from "#profile/store/runs.ts";
import type { RunStep } from "#profile/store/runs.ts";

const number = (value: number): string => value.toLocaleString("en");

/** As "2,140 calls, about 3 min 20 s, 18 % of a day's quota"; where it cannot be known, why. */
export function forecastWords(foretold: Foretold): string {
  if ("unknown" in foretold) return `Not known: ${foretold.unknown}`;
  const { calls, seconds, ofDay, ofSmallestDay, today } = foretold;
  return [
    callWords(calls),
    seconds === null ? "how long is not known" : durationWords(seconds),
    ...(ofDay === null ? [] : [`${ofSmallestDay ? "at most " : ""}${shareWords(ofDay)} of a day's quota`]),
    // A run of before has kept its forecasts without.
    ...(today === null || today === undefined
      ? []
      : [`${number(today.left)} of ${number(today.calls)} calls are left today`]),
  ].join(", ");
}

export function callWords({ least, most }: Range): string {
  if (least !== most) return `${number(least)} to ${number(most)} calls`;
  return most === 1 ? "1 call" : `${number(most)} calls`;
}

/** Where both ends look alike there is one. */
function durationWords({ least, most }: Range): string {
  const [from, to] = [duration(least), duration(most)];
  if (most <= 1) return "about a second";
  return most <= 1.2 * least || from === to ? `about ${duration((least + most) / 2)}` : `${from} to ${to}`;
}

/** As exactly as a forecast is worth. */
function duration(seconds: number): string {
  if (seconds < 1) return "1 s";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const tens = Math.round(seconds / 10) * 10;
  const minutes = Math.round(seconds / 60);
  if (seconds < 600) return tens % 60 === 0 ? `${tens / 60} min` : `${Math.floor(tens / 60)} min ${tens % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function shareWords({ least, most }: Range): string {
  const percent = (share: number) => (share < 0.01 ? 1 : Math.round(100 * share));
  if (most < 0.01) return "1 %";
  return percent(least) === percent(most) ? `${percent(most)} %` : `${percent(least)} to ${percent(most)} %`;
}

export interface Reality {
  step: string;
  forecast: string;
  /** What it took; null: it is under way. */
  took: string | null;
}

/** Steps of which something was foretold. Of two connections of one tool the step is the sum. */
export function besideReality(steps: readonly RunStep[]): Reality[] {
  return steps.flatMap(({ step, startedAt, finishedAt, counts, forecasts }) => {
    const told = Object.values(forecasts);
    if (told.length === 0) return [];
    const seconds = finishedAt === null ? null : (finishedAt.getTime() - startedAt.getTime()) / 1_000;
    const calls = callsIn(counts);
    return [
      {
        step,
        forecast: told.map(forecastWords).join("; "),
        took: seconds === null ? null : `${callWords({ least: calls, most: calls })}, ${duration(seconds)}`,
      },
    ];
  });
}
