/**
 * The traits: what is worked out about a customer, what it is called, how it is written into tools, what a use of it needs. The
 * one table that scoring, planning, export, the command line, the console and the documents ask; a new trait is one entry
 * here and the function it names.
 */
import type { FieldDefinition } from "#connectors/core/contract.ts";
import type { Use } from "#connectors/core/grant.ts";
import { churnBand, churnRisk, RISK_BAND_WORDS } from "./scores/churn-risk.ts";
import { lifecycleStage, STAGE_WORDS } from "./scores/lifecycle.ts";
import { nextBestAction } from "./scores/next-best-action.ts";
import { ACTION_WORDS, messageChannelOf } from "./scores/playbook.ts";
import type { Answer, Scoring } from "./scores/types.ts";

export interface Trait {
  name: string;
  /** For people. */
  title: string;
  /** Its values and what people read for them; null: it is a number or text that reads as it is. */
  values: Readonly<Record<string, string>> | null;
  /** A marketer picks customers by its values. */
  filterable: boolean;
  compute(scoring: Scoring): Answer<unknown>;
  /** Uses beyond personalisation that writing this value is. */
  uses(value: unknown): Use[];
  /** The fields it is written into: its value, and its reasons where they have a field of their own. */
  fields: { value: FieldDefinition; reason?: FieldDefinition };
}

const COMPUTED = "Computed by Tributary from orders, activity and consent.";

const choice = (name: string, label: string, description: string, words: Readonly<Record<string, string>>) =>
  ({
    name,
    label: `${label} (Tributary)`,
    description: `${description} ${COMPUTED}`,
    type: "enumeration",
    options: Object.entries(words).map(([value, text]) => ({ value, label: text })),
  }) satisfies FieldDefinition;

const reason = (name: string, label: string) =>
  ({
    name,
    label: `${label}: why (Tributary)`,
    description: `Why, in plain words. ${COMPUTED}`,
    type: "text",
  }) satisfies FieldDefinition;

const none = (): Use[] => [];

export const TRAITS = [
  {
    name: "lifecycle_stage",
    title: "Lifecycle stage",
    values: STAGE_WORDS,
    filterable: true,
    compute: lifecycleStage,
    uses: none,
    fields: {
      value: choice(
        "tributary_lifecycle_stage",
        "Lifecycle stage",
        "Where this person stands: lead, new, active, loyal, at risk, lapsed, churned or subscriber.",
        STAGE_WORDS,
      ),
      reason: reason("tributary_lifecycle_reason", "Lifecycle stage"),
    },
  },
  {
    name: "churn_risk",
    title: "Churn risk, 10 to 100",
    values: null,
    filterable: false,
    compute: churnRisk,
    uses: none,
    fields: {
      value: {
        name: "tributary_churn_risk",
        label: "Churn risk, 10 to 100 (Tributary)",
        description: `How overdue this person is by their own rhythm and the shop's: 10 is not yet due, 50 at risk, 80 lapsed. An index, not a probability. ${COMPUTED}`,
        type: "number",
      },
      reason: reason("tributary_churn_risk_reason", "Churn risk"),
    },
  },
  {
    name: "churn_risk_band",
    title: "Churn risk",
    values: RISK_BAND_WORDS,
    filterable: true,
    compute: churnBand,
    uses: none,
    fields: {
      value: choice(
        "tributary_churn_risk_band",
        "Churn risk band",
        "Low, medium (from the day somebody counts as at risk) or high (as lapsed).",
        RISK_BAND_WORDS,
      ),
    },
  },
  {
    name: "next_best_action",
    title: "Next best action",
    values: ACTION_WORDS,
    filterable: true,
    compute: nextBestAction,
    uses: (value) => {
      const channel = messageChannelOf(value);
      return channel === undefined ? [] : [{ purpose: "marketing", channel }];
    },
    fields: {
      value: choice(
        "tributary_next_best_action",
        "Next best action",
        "What to do next for this person; messages only where consent is on record.",
        ACTION_WORDS,
      ),
      reason: reason("tributary_next_best_action_reason", "Next best action"),
    },
  },
] as const satisfies readonly Trait[];

export type TraitName = (typeof TRAITS)[number]["name"];

const byName = new Map<string, Trait>(TRAITS.map((trait) => [trait.name, trait]));

/** Undefined: stored by a version that knows more traits, or fewer. */
export const traitNamed = (name: string): Trait | undefined => byName.get(name);
