/** What a run did, for the person who started it. */
import { connectorOf } from "#connectors/registry.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Overview, Reader, StreamRow } from "#profile/store/views/read.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import type { Run, RunStep } from "#profile/store/runs.ts";
import type { Dependencies } from "#workflows/dependencies.ts";
import type { RunningStack } from "./running-stack.ts";

interface SummaryInput {
  dependencies: Dependencies;
  reader: Reader;
  workspaceId: WorkspaceId;
  run: Run;
  stack: RunningStack;
  /** What comes of comparing the fictitious shop with the truth kept aside, in lines; none for anybody else's. */
  graded: string[];
}

export async function summarise({
  dependencies,
  reader,
  workspaceId,
  run,
  stack,
  graded,
}: SummaryInput): Promise<string> {
  const [overview, streams, plans, connections] = await Promise.all([
    reader.overview(workspaceId),
    reader.streams(workspaceId),
    dependencies.plans.list(workspaceId, 50),
    dependencies.connections.listConnections(workspaceId),
  ]);
  const latest = new Map(plans.toReversed().map((plan) => [plan.connector, plan]));
  return [
    "Summary",
    ...section("Read", readLines(streams)),
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
    ...section("Written back", [
      ...[...latest.values()].map(describePlan),
      ...connections.flatMap(({ connector, status, statusReason }) =>
        status === "ready" && statusReason !== null ? [`${connector}: ${statusReason}`] : [],
      ),
    ]),
    ...(graded.length === 0 ? [] : section("Against the truth kept aside", graded)),
    ...section("Time", timeLines(run.steps)),
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

/** A line a tool; what is not as it should be stands for itself. */
function readLines(streams: readonly StreamRow[]): string[] {
  return [...Map.groupBy(streams, ({ connector }) => connector)].flatMap(([connector, all]) => {
    const isWell = ({ complete, errorMessage }: StreamRow) => complete && errorMessage === null;
    const well = all.filter(isWell).map(({ stream, recordsRead }) => `${stream} ${count(recordsRead)}`);
    const others = all.filter((stream) => !isWell(stream)).map(describeStream);
    return [...(well.length === 0 ? [] : [`${connector.padEnd(12)} ${well.join(", ")}: complete`]), ...others];
  });
}

function describeStream(stream: StreamRow): string {
  const state = stream.errorMessage ?? "incomplete";
  const agree =
    stream.vendorCount === null
      ? ""
      : `, ${count(stream.storedCount ?? 0)} here of ${count(stream.vendorCount)} at the vendor`;
  return `${stream.connector.padEnd(12)} ${stream.stream} ${count(stream.recordsRead)}: ${state}${agree}`;
}

function describePlan({ connector, changes, destinationRecords, status }: PlanSummary): string {
  const what =
    connectorOf(connector).writeBack === undefined
      ? `${count(changes)} people of the audience`
      : `${count(changes)} of ${count(destinationRecords)} records`;
  return `${connector}: ${what} (${status.replaceAll("_", " ")})`;
}

/** Streams of a tool are read side by side: a line for all of them, the other steps as they are. */
function timeLines(steps: readonly RunStep[]): string[] {
  const toolOf = ({ step }: RunStep) => /^sync (\S+) /.exec(step)?.[1] ?? null;
  const reading = Map.groupBy(
    steps.filter((step) => toolOf(step) !== null),
    toolOf,
  );
  const lines = [...reading].map(([tool, all]) => {
    const from = Math.min(...all.map(({ startedAt }) => startedAt.getTime()));
    const ends = all.flatMap(({ finishedAt }) => finishedAt?.getTime() ?? []);
    const counts: Record<string, number> = {};
    for (const step of all)
      for (const [name, value] of Object.entries(step.counts)) counts[name] = (counts[name] ?? 0) + value;
    return describeStep({
      ...{ step: `read ${tool ?? ""} (${all.length})`, counts, forecasts: {}, startedAt: new Date(from) },
      finishedAt: ends.length < all.length ? null : new Date(Math.max(...ends)),
    });
  });
  return [...lines, ...steps.filter((step) => toolOf(step) === null).map(describeStep)];
}

function spread(overview: Overview, trait: string): string[] {
  return overview.traits
    .filter(({ name }) => name === trait)
    .map(({ value, profiles }) => `${(value ?? "(no answer)").padEnd(24)} ${count(profiles)}`);
}

function addresses({ consoleUrl, twins, temporal }: RunningStack): string[] {
  const rows = [
    ["console", consoleUrl],
    ...Object.entries(twins?.tools ?? {}).map(([id, { page }]) => [`${connectorOf(id).title} twin`, page]),
    ...(temporal.uiUrl === null ? [] : [["Temporal", temporal.uiUrl]]),
  ];
  const width = Math.max(...rows.map(([name = ""]) => name.length));
  return rows.map(([name = "", address]) => `${name.padEnd(width)} ${address}`);
}

const count = (value: number): string => value.toLocaleString("en");
