/** Grades what Tributary made of the demo shop against the truth that was kept aside. */
import { connectorOf } from "#connectors/registry.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { clusterMetrics, type ClusterMetrics } from "#profile/identity/metrics.ts";
import { consentGrade, type ConsentGrade } from "./consent.ts";
import { peopleOf, type People } from "./people.ts";
import { desiredValues, LAST_COMPUTED } from "#profile/plan/fields.ts";
import { sameField } from "#profile/plan/values.ts";
import { allows } from "#profile/consent/decide.ts";
import type { Database } from "#profile/store/database.ts";
import { rankingOf, type Ranking } from "./ranking.ts";
import { readStored, type Stored } from "./stored.ts";
import { activityGrade, type ActivityGrade } from "./activity.ts";
import { FIELD_NAMES, readTools, WRITTEN_TOOLS, type ShownFields, type WrittenTool } from "./tools.ts";
import { readTruth, type Truth } from "./truth.ts";

export interface IdentityGrade extends ClusterMetrics {
  f1: number;
  bCubedF1: number;
  /** Live records of the truth that have no profile. */
  missing: number;
}

export interface FieldsGrade {
  /** Live records of real people in the tool. */
  records: number;
  /** All fields as the traits and the permissions say. */
  right: number;
  /** Of the right ones, those with at least one value. */
  filled: number;
  /** Wrong values by field. */
  wrong: Record<string, number>;
}

export interface Grade extends ActivityGrade {
  /** Over records with an address, number or loyalty card of their own. */
  identity: IdentityGrade;
  /** Over all records of people, also those by card alone. */
  identityAll: IdentityGrade;
  consent: ConsentGrade;
  /** By tool; those that the shop has. */
  fields: Partial<Record<WrittenTool, FieldsGrade>>;
  /** Churn risk of true leavers against people who stayed. */
  churn: Ranking;
  /** People whose number of orders and spend are exactly right. */
  purchases: { people: number; exact: number };
}

export interface GradeInput {
  database: Database;
  workspaceId: WorkspaceId;
  truthFolder: string;
  /** Base URLs by connector; of a tool that is not among them nothing is graded. */
  twins: Readonly<Record<string, string>>;
  /** Who is in the advertising audience, as the tool was told of them. */
  audience: readonly string[];
}

export async function grade({ database, workspaceId, truthFolder, twins, audience }: GradeInput): Promise<Grade> {
  const truth = await readTruth(truthFolder, (source) => source === "csv" || source in twins);
  const stored = await readStored(database, workspaceId);
  const tools = await readTools(twins);
  const people = peopleOf(truth, stored);
  const isOurs = (tool: string): tool is WrittenTool => tool in WRITTEN_TOOLS;
  return {
    identity: identityGrade(truth, stored, (record) => record.traceable),
    identityAll: identityGrade(truth, stored, () => true),
    consent: consentGrade(truth, stored, people, { tools, audience }),
    fields: Object.fromEntries(
      Object.keys(twins)
        .filter(isOurs)
        .map((tool) => [tool, fieldsGrade(truth, stored, tools, tool)]),
    ),
    churn: rankingOf(churnRisks(truth, stored, people)),
    purchases: purchaseGrade(truth, stored, people),
    ...activityGrade(truth, stored),
  };
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

function fieldsGrade(truth: Truth, stored: Stored, tools: ShownFields, tool: WrittenTool): FieldsGrade {
  const result: FieldsGrade = { records: 0, right: 0, filled: 0, wrong: {} };
  const maxValueLength = connectorOf(tool).writeBack?.maxValueLength ?? Infinity;
  const { stream } = WRITTEN_TOOLS[tool];
  for (const [key, record] of truth.records) {
    if (record.source !== tool || record.stream !== stream || record.state !== "live" || record.person === null)
      continue;
    result.records++;
    const profile = stored.profileOf.get(key) ?? "";
    const shown = tools[tool].get(record.id) ?? {};
    const consents = stored.consentsOf.get(profile) ?? [];
    const recipient = stored.addressesOf.get(key) ?? { email: null, phone: null };
    const wanted = desiredValues(stored.traitsOf.get(profile) ?? {}, (uses) => allows(consents, uses, recipient), {
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
