/** Grades what Tributary made of the demo shop against the truth that was kept aside. */
import { connectorOf } from "#connectors/registry.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { clusterMetrics, type ClusterMetrics } from "#profile/identity/metrics.ts";
import { desiredValues, LAST_COMPUTED, usesOf } from "#profile/plan/fields.ts";
import type { FieldValues } from "#profile/plan/types.ts";
import { sameField } from "#profile/plan/values.ts";
import { marketingPermission, objectsToProfiling } from "#profile/scores/permission.ts";
import type { Database } from "#profile/store/database.ts";
import { rankingOf, type Ranking } from "./ranking.ts";
import { readStored, type Stored } from "./stored.ts";
import { FIELD_NAMES, readHubspot, readStripe } from "./tools.ts";
import { readTruth, recordKey, type Truth } from "./truth.ts";

export interface IdentityGrade extends ClusterMetrics {
  f1: number;
  bCubedF1: number;
  /** Live records of the truth that have no profile. */
  missing: number;
}

export interface ConsentGrade {
  /** Profiles whose next best action is a message, and those of them where somebody in the profile does not permit it. */
  messages: number;
  violations: number;
  /** The same, in the tools: by the person whose contact or customer shows the action. */
  messagesWritten: number;
  violationsWritten: number;
  /** Of the violations, those of a person whose records lie in several profiles: the refusal was on another piece. */
  ofPeopleInPieces: number;
  /** Somebody who objected to profiling has a field of ours set in a tool. */
  profilingViolations: number;
}

export interface FieldsGrade {
  /** Live HubSpot contacts of real people. */
  contacts: number;
  /** All fields as the traits and the permissions say. */
  right: number;
  /** Of the right ones, those with at least one value. */
  filled: number;
  /** Wrong values by field. */
  wrong: Record<string, number>;
}

export interface Grade {
  /** Over records with an address, number or loyalty card of their own. */
  identity: IdentityGrade;
  /** Over all records of people, also those by card alone. */
  identityAll: IdentityGrade;
  consent: ConsentGrade;
  fields: FieldsGrade;
  /** Churn risk of true leavers against people who stayed. */
  churn: Ranking;
  /** People whose number of orders and spend are exactly right. */
  purchases: { people: number; exact: number };
}

export interface GradeInput {
  database: Database;
  workspaceId: WorkspaceId;
  truthFolder: string;
  /** Null: not read, everything about the tools counts as nothing. */
  twins: { hubspot: string | null; stripe: string | null };
}

export async function grade({ database, workspaceId, truthFolder, twins }: GradeInput): Promise<Grade> {
  const truth = await readTruth(truthFolder);
  const stored = await readStored(database, workspaceId);
  const hubspot = twins.hubspot === null ? new Map<string, FieldValues>() : await readHubspot(twins.hubspot);
  const stripe = twins.stripe === null ? new Map<string, FieldValues>() : await readStripe(twins.stripe);
  const people = peopleOf(truth, stored);
  return {
    identity: identityGrade(truth, stored, (record) => record.traceable),
    identityAll: identityGrade(truth, stored, () => true),
    consent: consentGrade(truth, stored, people, { hubspot, stripe }),
    fields: fieldsGrade(truth, stored, hubspot),
    churn: rankingOf(churnRisks(truth, stored, people)),
    purchases: purchaseGrade(truth, stored, people),
  };
}

interface People {
  /** Person -> profiles, the one with most of their records first. */
  profilesOf: Map<string, string[]>;
  /** Profile -> persons with a live record in it. */
  personsOf: Map<string, Set<string>>;
}

function peopleOf(truth: Truth, stored: Stored): People {
  const counts = new Map<string, Map<string, number>>();
  const personsOf = new Map<string, Set<string>>();
  for (const [key, { person, state }] of truth.records) {
    const profile = stored.profileOf.get(key);
    if (person === null || profile === undefined) continue;
    const held = counts.get(person) ?? new Map<string, number>();
    counts.set(person, held.set(profile, (held.get(profile) ?? 0) + 1));
    if (state === "live") personsOf.set(profile, (personsOf.get(profile) ?? new Set()).add(person));
  }
  const profilesOf = new Map<string, string[]>();
  for (const [person, held] of counts) {
    profilesOf.set(
      person,
      [...held].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([profile]) => profile),
    );
  }
  return { profilesOf, personsOf };
}

function identityGrade(
  truth: Truth,
  stored: Stored,
  counts: (record: { traceable: boolean }) => boolean,
): IdentityGrade {
  const people = new Map<string, string>();
  const predicted = new Map<string, string>();
  let missing = 0;
  for (const [key, record] of truth.records) {
    if (record.person === null || !counts(record)) continue;
    const profile = stored.profileOf.get(key);
    // What a tool no longer lists need not be there; where it is, it counts.
    if (profile === undefined && record.state !== "live") continue;
    if (profile === undefined) missing++;
    people.set(key, record.person);
    predicted.set(key, profile ?? `alone ${key}`);
  }
  const metrics = clusterMetrics(predicted, people);
  return {
    ...metrics,
    f1: harmonic(metrics.pairPrecision, metrics.pairRecall),
    bCubedF1: harmonic(metrics.bCubedPrecision, metrics.bCubedRecall),
    missing,
  };
}

const harmonic = (a: number, b: number) => (a + b === 0 ? 0 : (2 * a * b) / (a + b));

/** The channel a next best action sends over, as the plan sees it; null: it sends nothing. */
function channelOf(action: unknown): "email" | "sms" | null {
  if (typeof action !== "string") return null;
  const use = usesOf({ tributary_next_best_action: action }).find(({ purpose }) => purpose === "marketing");
  return use?.channel === "email" || use?.channel === "sms" ? use.channel : null;
}

function consentGrade(
  truth: Truth,
  stored: Stored,
  { profilesOf, personsOf }: People,
  tools: Record<"hubspot" | "stripe", Map<string, FieldValues>>,
): ConsentGrade {
  const result: ConsentGrade = {
    ...{ messages: 0, violations: 0, messagesWritten: 0, violationsWritten: 0 },
    ...{ ofPeopleInPieces: 0, profilingViolations: 0 },
  };
  for (const [profile, persons] of personsOf) {
    const channel = channelOf(stored.traitsOf.get(profile)?.["next_best_action"]?.value);
    if (channel === null) continue;
    result.messages++;
    const against = [...persons].filter((person) => !truth.maySend(person, channel));
    if (against.length === 0) continue;
    result.violations++;
    if (against.some((person) => (profilesOf.get(person)?.length ?? 0) > 1)) result.ofPeopleInPieces++;
  }
  for (const [source, stream] of [
    ["hubspot", "contacts"],
    ["stripe", "customers"],
  ] as const) {
    for (const [id, values] of tools[source]) {
      const person = truth.records.get(recordKey(source, stream, id))?.person ?? null;
      if (person === null) continue;
      if (!truth.mayProfile(person) && FIELD_NAMES.some((name) => values[name] !== null)) result.profilingViolations++;
      const channel = channelOf(values["tributary_next_best_action"]);
      if (channel === null) continue;
      result.messagesWritten++;
      if (!truth.maySend(person, channel)) result.violationsWritten++;
    }
  }
  return result;
}

function fieldsGrade(truth: Truth, stored: Stored, hubspot: Map<string, FieldValues>): FieldsGrade {
  const result: FieldsGrade = { contacts: 0, right: 0, filled: 0, wrong: {} };
  const maxValueLength = connectorOf("hubspot").writeBack?.maxValueLength ?? Infinity;
  for (const [key, record] of truth.records) {
    if (record.source !== "hubspot" || record.state !== "live" || record.person === null) continue;
    result.contacts++;
    const profile = stored.profileOf.get(key) ?? "";
    const shown = hubspot.get(record.id) ?? {};
    const consents = stored.consentsOf.get(profile) ?? [];
    const permission = {
      profiling: !objectsToProfiling(consents),
      marketing: (["email", "sms"] as const).filter((channel) => marketingPermission(consents, channel) === "granted"),
    };
    const wanted = desiredValues(stored.traitsOf.get(profile) ?? {}, permission, {
      fields: FIELD_NAMES,
      maxValueLength,
    });
    const wrong = FIELD_NAMES.filter((name) => {
      // The time of computing alone is no reason to write: that it is there is enough.
      if (name === LAST_COMPUTED) return (wanted[name] ?? null) !== null && (shown[name] ?? null) === null;
      return !sameField(name, wanted[name], shown[name]);
    });
    for (const name of wrong) result.wrong[name] = (result.wrong[name] ?? 0) + 1;
    if (wrong.length > 0) continue;
    result.right++;
    if (FIELD_NAMES.some((name) => (shown[name] ?? null) !== null)) result.filled++;
  }
  return result;
}

function* churnRisks(truth: Truth, stored: Stored, { profilesOf }: People) {
  for (const person of truth.purchases.keys()) {
    const [profile] = profilesOf.get(person) ?? [];
    if (profile === undefined) continue;
    const risk = stored.traitsOf.get(profile)?.["churn_risk"];
    const value = risk?.status === "refused" ? null : Number(risk?.value ?? Number.NaN);
    yield { value: value === null || Number.isNaN(value) ? null : value, left: truth.leavers.has(person) };
  }
}

function purchaseGrade(truth: Truth, stored: Stored, { profilesOf }: People): Grade["purchases"] {
  let exact = 0;
  for (const [person, bought] of truth.purchases) {
    const [profile] = profilesOf.get(person) ?? [];
    const found = stored.ordersOf.get(profile ?? "");
    if (found?.count === bought.count && found.spendMinor === bought.spendMinor) exact++;
  }
  return { people: truth.purchases.size, exact };
}
