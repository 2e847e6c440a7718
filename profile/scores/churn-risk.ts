/**
 * Churn risk, first version: how overdue somebody is, measured by their own and the shop's rhythm.
 *
 * The number is an index from 10 (not yet due) to 100 (churned by the shop's measure) in steps of 5, NOT a probability:
 * 50 means "as overdue as people at risk", not "one in two leaves". Its bands meet the lifecycle stages: medium begins
 * where at risk begins, high where lapsed begins.
 */
import { type Calendar, showDay } from "./calendar.ts";
import { endDay, FIXED_LIMITS_NOTE, type Lifecycle, rhythmSentence } from "./lifecycle.ts";
import type { Rhythm } from "./rhythm.ts";
import type { Answer, Scoring } from "./types.ts";

/** The bands as a marketer reads them. */
export const RISK_BAND_WORDS = { low: "Low", medium: "Medium", high: "High" } as const;
export type RiskBand = keyof typeof RISK_BAND_WORDS;

const STEP = 5;
const NOT_DUE = 10;
const MEDIUM_FROM = 50;
const HIGH_FROM = 80;
const MAX = 100;
const CANCELLED = 95;
const UNPAID = 60;

const METHOD = "overdue index from 10 to 100 (not a probability)";
const VERSION = "overdue-1";

export const bandOf = (index: number): RiskBand =>
  index >= HIGH_FROM ? "high" : index >= MEDIUM_FROM ? "medium" : "low";

/** How far behind somebody is. */
export interface Overdue {
  index: number;
  reasons: string[];
  status: "ok" | "low_confidence";
  method: string;
  /** Days on which index and band change next; null: never. */
  nextStep: number | null;
  nextBand: number | null;
}

/** Refused for people who never bought: silence is no risk where nothing began. */
export function churnRisk({ overdue, calendar }: Scoring): Answer<number> {
  if (overdue === null) return refusal();
  return { ...common(overdue), value: overdue.index, validUntil: from(overdue.nextStep, calendar) };
}

export function churnBand({ overdue, calendar }: Scoring): Answer<RiskBand> {
  if (overdue === null) return refusal();
  return { ...common(overdue), value: bandOf(overdue.index), validUntil: from(overdue.nextBand, calendar) };
}

const common = ({ status, reasons, method }: Overdue) => ({ status, reasons, method, modelVersion: VERSION });

const from = (day: number | null, calendar: Calendar) => (day === null ? null : calendar.startOf(day));

const refusal = (): Answer<never> => ({
  status: "refused",
  value: null,
  reasons: ["No purchase yet that was paid and kept, and no subscription, so there is no rhythm to fall behind."],
  method: METHOD,
  modelVersion: VERSION,
  validUntil: null,
});

export function overdueOf(lifecycle: Lifecycle, calendar: Calendar, today: number): Overdue | null {
  const { subscription, rhythm } = lifecycle;
  if (subscription !== null) return contractAnswer(lifecycle.stage, calendar, subscription);
  if (rhythm === null) return null;
  const elapsed = today - rhythm.lastDay;
  const steps = stepsOf(rhythm);
  let index = NOT_DUE;
  let nextStep: number | null = null;
  let nextBand: number | null = null;
  for (const step of steps) {
    if (step.from <= elapsed) {
      index = step.index;
      continue;
    }
    nextStep ??= rhythm.lastDay + step.from;
    if (bandOf(step.index) !== bandOf(index)) nextBand ??= rhythm.lastDay + step.from;
  }
  const due = `Due by ${showDay(rhythm.lastDay + rhythm.gapDays)}.`;
  const reasons = [rhythmSentence(rhythm), ...(rhythm.basis === "fixed" ? [FIXED_LIMITS_NOTE] : [due])];
  const status = rhythm.basis === "own" ? "ok" : "low_confidence";
  return { index, reasons, status, method: METHOD, nextStep, nextBand };
}

function contractAnswer(
  stage: Lifecycle["stage"],
  calendar: Calendar,
  subscription: NonNullable<Lifecycle["subscription"]>,
): Overdue {
  const common = { status: "ok", method: "state of the subscription (index, not a probability)" } as const;
  const never = { nextStep: null, nextBand: null };
  const started = showDay(calendar.dayOf(subscription.startedAt));
  if (stage === "subscriber_active") {
    return { index: NOT_DUE, reasons: [`Has a running subscription since ${started}.`], ...common, ...never };
  }
  if (stage === "subscriber_grace") {
    return { index: UNPAID, reasons: [`The subscription of ${started} is unpaid or paused.`], ...common, ...never };
  }
  const ended = `The subscription ended on ${showDay(endDay(subscription, calendar))} and nothing was bought and kept since.`;
  return { index: CANCELLED, reasons: [ended], ...common, ...never };
}

/** Worked out once per rhythm: there are as many as there are gaps, and every customer has one of them. */
const stepsOfRhythm = new Map<string, Step[]>();

function stepsOf(rhythm: Rhythm): Step[] {
  const { gapDays, atRiskFrom, lapsedFrom, churnedFrom } = rhythm;
  const key = [gapDays, atRiskFrom, lapsedFrom, churnedFrom].join();
  const known = stepsOfRhythm.get(key);
  if (known !== undefined) return known;
  const steps = makeSteps(rhythm);
  stepsOfRhythm.set(key, steps);
  return steps;
}

interface Step {
  index: number;
  /** Days after the last purchase. */
  from: number;
}

/**
 * The index after so many days of silence: 10 until the expected gap has passed, then rising evenly to 50 at the
 * at-risk limit, to 80 at lapsed, to 100 at churned. Each step begins on a whole day, so the next one is known exactly.
 */
function makeSteps(rhythm: Rhythm): Step[] {
  const anchors = [
    { index: NOT_DUE, from: rhythm.gapDays },
    { index: MEDIUM_FROM, from: rhythm.atRiskFrom },
    { index: HIGH_FROM, from: rhythm.lapsedFrom },
    { index: MAX, from: rhythm.churnedFrom },
  ];
  const steps: Step[] = [];
  for (const [position, upper] of anchors.entries()) {
    const lower = anchors[position - 1];
    if (lower === undefined) continue;
    for (let index = lower.index + STEP; index <= upper.index; index += STEP) {
      const share = (index - lower.index) / (upper.index - lower.index);
      // 9 decimals: a day reached exactly must not be missed by a rounding error.
      const days = Number((share * (upper.from - lower.from)).toFixed(9));
      steps.push({ index, from: lower.from + Math.ceil(days) });
    }
  }
  return steps;
}
