/** The fields we write into other tools, and what a profile's traits put into them. */
import type { FieldDefinition } from "#connectors/core/contract.ts";
import type { Use } from "#connectors/core/grant.ts";
import { RISK_BANDS } from "#profile/scores/churn-risk.ts";
import { STAGES } from "#profile/scores/lifecycle-machine.ts";
import { STAGE_WORDS } from "#profile/scores/lifecycle.ts";
import { type Action, ACTION_WORDS, ACTIONS, MESSAGE_CHANNEL } from "#profile/scores/playbook.ts";
import type { TraitName } from "#profile/scores/types.ts";
import type { FieldValues } from "./types.ts";

/** Changes with every computation; alone it is never a reason to write. */
export const LAST_COMPUTED = "tributary_last_computed";

export interface PlannedField {
  definition: FieldDefinition;
  /** The trait it shows. */
  trait: TraitName | "computed_at";
  part: "value" | "reason";
}

const COMPUTED = "Computed by Tributary from orders, activity and consent.";

const text = (name: string, label: string, trait: TraitName): PlannedField => ({
  definition: { name, label, description: `Why, in plain words. ${COMPUTED}`, type: "text" },
  trait,
  part: "reason",
});

const choice = (
  name: string,
  label: string,
  description: string,
  trait: TraitName,
  options: { value: string; label: string }[],
): PlannedField => ({
  definition: { name, label, description: `${description} ${COMPUTED}`, type: "enumeration", options },
  trait,
  part: "value",
});

const BAND_WORDS = { low: "Low", medium: "Medium", high: "High" };

export const FIELDS: readonly PlannedField[] = [
  choice(
    "tributary_lifecycle_stage",
    "Lifecycle stage (Tributary)",
    "Where this person stands: lead, new, active, loyal, at risk, lapsed, churned or subscriber.",
    "lifecycle_stage",
    STAGES.map((value) => ({ value, label: STAGE_WORDS[value] })),
  ),
  text("tributary_lifecycle_reason", "Lifecycle stage: why (Tributary)", "lifecycle_stage"),
  {
    definition: {
      name: "tributary_churn_risk",
      label: "Churn risk, 10 to 100 (Tributary)",
      description: `How overdue this person is by their own rhythm and the shop's: 10 is not yet due, 50 at risk, 80 lapsed. An index, not a probability. ${COMPUTED}`,
      type: "number",
    },
    trait: "churn_risk",
    part: "value",
  },
  choice(
    "tributary_churn_risk_band",
    "Churn risk band (Tributary)",
    "Low, medium (from the day somebody counts as at risk) or high (as lapsed).",
    "churn_risk_band",
    RISK_BANDS.map((value) => ({ value, label: BAND_WORDS[value] })),
  ),
  text("tributary_churn_risk_reason", "Churn risk: why (Tributary)", "churn_risk"),
  choice(
    "tributary_next_best_action",
    "Next best action (Tributary)",
    "What to do next for this person; messages only where consent is on record.",
    "next_best_action",
    ACTIONS.map((value) => ({ value, label: ACTION_WORDS[value] })),
  ),
  text("tributary_next_best_action_reason", "Next best action: why (Tributary)", "next_best_action"),
  {
    definition: {
      name: LAST_COMPUTED,
      label: "Last computed (Tributary)",
      description: "When the newest of these values was computed.",
      type: "datetime",
    },
    trait: "computed_at",
    part: "value",
  },
];

const byName = new Map(FIELDS.map((field) => [field.definition.name, field]));

/** Definitions of the named fields, in our order; names that are not ours are left out. */
export function definitionsOf(names: readonly string[]): FieldDefinition[] {
  return FIELDS.map(({ definition }) => definition).filter(({ name }) => names.includes(name));
}

export function fieldType(name: string): FieldDefinition["type"] {
  return byName.get(name)?.definition.type ?? "text";
}

export interface PlannableTrait {
  status: "ok" | "low_confidence" | "refused";
  value: unknown;
  reasons: string[];
  /** ISO 8601 */
  computedAt: string;
}

export type PlannableTraits = Partial<Record<string, PlannableTrait>>;

/** What the consent ledger allows for this person now. Unknown is for the caller to have turned into a yes or no. */
export interface WritePermission {
  /** Profile values may be kept in the tool at all; otherwise every field is cleared. */
  profiling: boolean;
  /** Channels for which marketing is permitted. An action that sends over another one is not written. */
  marketing: readonly ("email" | "sms")[];
}

/**
 * What the fields should hold. A refused trait, or one that may not be used, gives null: the field is cleared, not
 * filled with a default.
 */
export function desiredValues(
  traits: PlannableTraits,
  permission: WritePermission,
  limits: { fields: readonly string[]; maxValueLength: number },
): FieldValues {
  const usable = permission.profiling ? permitted(traits, permission) : {};
  // A refusal is an answer too, but no value: nothing that would be dated.
  const answered = Object.values(usable).filter((trait) => trait !== undefined && trait.status !== "refused");
  const computed = answered.flatMap((trait) => trait?.computedAt ?? []);
  const newest = computed.toSorted().at(-1) ?? null;
  const values: FieldValues = {};
  for (const { definition, trait, part } of FIELDS) {
    if (!limits.fields.includes(definition.name)) continue;
    if (trait === "computed_at") values[definition.name] = newest;
    else values[definition.name] = shown(usable[trait], part, limits.maxValueLength);
  }
  return values;
}

function permitted(traits: PlannableTraits, permission: WritePermission): PlannableTraits {
  const action = traits["next_best_action"];
  const channel = messageChannel(action?.value);
  if (channel === undefined || permission.marketing.includes(channel)) return traits;
  const { next_best_action: _withheld, ...rest } = traits;
  return rest;
}

function shown(trait: PlannableTrait | undefined, part: PlannedField["part"], maxLength: number): string | null {
  if (trait === undefined || trait.status === "refused" || trait.value === null) return null;
  if (part === "reason") return shortened(trait.reasons.join(" "), maxLength);
  return typeof trait.value === "string" ? trait.value : JSON.stringify(trait.value);
}

/** Cuts at a word, with an ellipsis, to what the vendor stores. */
function shortened(value: string, maxLength: number): string {
  if (value.length <= maxLength) return value;
  const cut = value.slice(0, maxLength - 1);
  const space = cut.lastIndexOf(" ");
  return `${space > maxLength / 2 ? cut.slice(0, space) : cut}…`;
}

const isAction = (value: unknown): value is Action => ACTIONS.some((action) => action === value);
const messageChannel = (value: unknown) => (isAction(value) ? MESSAGE_CHANNEL[value] : undefined);

/** The permissions a write of these values rests on; clearing needs none. To be asked of the ledger when sending. */
export function usesOf(values: FieldValues): Use[] {
  const uses: Use[] = [];
  if (Object.values(values).some((value) => value !== null)) uses.push({ purpose: "personalisation", channel: "any" });
  const channel = messageChannel(values["tributary_next_best_action"]);
  if (channel !== undefined) uses.push({ purpose: "marketing", channel });
  return uses;
}
