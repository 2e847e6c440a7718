/** What a run did, for the person who started it. */
import { connectorOf } from "#connectors/registry.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Overview, Reader, StreamRow } from "#profile/store/views/read.ts";
import type { Run, RunStep } from "#profile/store/runs.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import type { RunningStack } from "./running-stack.ts";

interface SummaryInput {
  dependencies: Dependencies;
  reader: Reader;
  workspaceId: WorkspaceId;
  run: Run;
  stack: RunningStack;
}

export async function summarise({ dependencies, reader, workspaceId, run, stack }: SummaryInput): Promise<string> {
  const [overview, streams, plans] = await Promise.all([
    reader.overview(workspaceId),
    reader.streams(workspaceId),
    dependencies.plans.list(workspaceId, 50),
  ]);
  const latest = new Map(plans.toReversed().map((plan) => [plan.connector, plan]));
  return [
    "Summary",
    ...section("Read", streams.map(describeStream)),
    ...section("Customers", [
      `${count(overview.profiles)} profiles from ${count(overview.profiles + overview.duplicates)} records; ${count(overview.duplicates)} duplicates resolved; ${count(overview.orders)} orders`,
      overview.openRejects === 0
        ? "every row was understood"
        : `${count(overview.openRejects)} rows could not be taken and are kept with their reason: tributary status`,
    ]),
    ...section(
      "Consent",
      overview.consents.map((row) => `${row.purpose} by ${row.channel}: ${row.state} ${count(row.profiles)}`),
    ),
    ...section("Lifecycle stage", spread(overview, "lifecycle_stage")),
    ...section("Churn risk", spread(overview, "churn_risk_band")),
    ...section("Next best action", spread(overview, "next_best_action")),
    ...section(
      "Written back",
      [...latest.values()].map(
        (plan) =>
          `${plan.connector}: ${count(plan.changes)} of ${count(plan.destinationRecords)} records (${plan.status.replaceAll("_", " ")})`,
      ),
    ),
    ...section("Time", run.steps.map(describeStep)),
    ...section("Look", addresses(stack)),
  ].join("\n");
}

function section(title: string, lines: string[]): string[] {
  return ["", `  ${title}`, ...(lines.length === 0 ? ["nothing"] : lines).map((line) => `    ${line}`)];
}

/** One step in a line: what it did, how fast. */
export function describeStep({ step, startedAt, finishedAt, counts }: RunStep): string {
  const seconds = finishedAt === null ? null : (finishedAt.getTime() - startedAt.getTime()) / 1_000;
  const done = Object.entries(counts)
    .filter(([name, value]) => value !== 0 && !name.startsWith("calls.") && name !== "records")
    .map(([name, value]) => `${name} ${count(value)}`);
  const calls = Object.entries(counts).reduce(
    (sum, [name, value]) => (name.startsWith("calls.") ? sum + value : sum),
    0,
  );
  const main =
    counts["read"] ?? counts["touched"] ?? counts["profiles"] ?? counts["compared"] ?? counts["applied"] ?? 0;
  const rate = seconds !== null && seconds > 0.1 && main > 0 ? `, ${count(Math.round(main / seconds))}/s` : "";
  return `${step.padEnd(26)} ${done.join(", ") || "nothing to do"}${calls > 0 ? `, vendor calls ${count(calls)}` : ""}${
    seconds === null ? " ..." : ` (${seconds.toFixed(1)} s${rate})`
  }`;
}

function describeStream(stream: StreamRow): string {
  const name = `${stream.connector} ${stream.stream}`.padEnd(26);
  const agree =
    stream.vendorCount === null
      ? ""
      : `, ${count(stream.storedCount ?? 0)} here of ${count(stream.vendorCount)} at the vendor`;
  const state = stream.errorMessage ?? (stream.complete ? "complete" : "incomplete");
  return `${name} ${count(stream.recordsRead)} rows, ${state}${agree}`;
}

function spread(overview: Overview, trait: string): string[] {
  return overview.traits
    .filter(({ name }) => name === trait)
    .map(({ value, profiles }) => `${(value ?? "(no answer)").padEnd(24)} ${count(profiles)}`);
}

function addresses({ consoleUrl, twins, temporal }: RunningStack): string[] {
  return [
    `console             ${consoleUrl}`,
    ...Object.entries(twins?.tools ?? {}).map(
      ([id, { page }]) => `${`${connectorOf(id).title} twin`.padEnd(19)} ${page}`,
    ),
    ...(temporal.uiUrl === null ? [] : [`Temporal            ${temporal.uiUrl}`]),
  ];
}

const count = (value: number): string => value.toLocaleString("en");
