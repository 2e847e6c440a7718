import type { Command } from "commander";
import type { Overview, StreamRow } from "#profile/store/read.ts";
import { withContext } from "../context.ts";
import { heading, print, table, when } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function statusCommand(program: Command): void {
  program
    .command("status")
    .description("what is connected, how complete and fresh each stream is, what came of it")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withContext(async ({ workspace, stores }) => {
        const { workspaceId } = workspace;
        const [overview, streams, [run], plans] = await Promise.all([
          stores.reader.overview(workspaceId),
          stores.reader.streams(workspaceId),
          stores.runs.lastRuns(workspaceId, 1),
          stores.reader.plans(workspaceId, 20),
        ]);
        const waiting = plans.filter((plan) => plan.status === "waiting");
        print(options, { workspace: workspace.slug, overview, streams, lastRun: run ?? null, waiting }, () =>
          [
            `${workspace.name} (${workspace.slug}), last run ${when(run?.startedAt ?? null)}${outcomeOf(run)}`,
            heading("Streams"),
            streams.length === 0 ? "Nothing has been read yet: `tributary sync`." : streamTable(streams),
            heading("Customers"),
            numbers(overview),
            heading("Traits"),
            overview.traits.length === 0 ? "Nothing is scored yet." : traits(overview),
            heading("Waiting for you"),
            waiting.length === 0
              ? "Nothing."
              : waiting
                  .map(
                    (plan) =>
                      `Plan ${plan.planId}: ${plan.changes.toLocaleString("en")} changes in ${plan.connector}. tributary plan show ${plan.planId}`,
                  )
                  .join("\n"),
          ].join("\n"),
        );
      }),
    );
}

function outcomeOf(run: { outcome: string | null; message: string | null } | undefined): string {
  if (run === undefined) return "";
  if (run.outcome === null) return ", still running";
  return run.outcome === "ok" ? ", all went well" : `, ${run.message ?? "failed"}`;
}

function streamTable(streams: StreamRow[]): string {
  return table(
    ["tool", "name", "stream", "state", "rows read", "at the vendor", "here", "up to date"],
    streams.map((stream) => [
      stream.connector,
      stream.connectionName,
      stream.stream,
      stateOf(stream),
      stream.recordsRead,
      stream.vendorCount,
      stream.storedCount,
      when(stream.lastSuccessAt),
    ]),
  );
}

/** Complete, or said so. */
function stateOf(stream: StreamRow): string {
  if (stream.errorMessage !== null) return `${stream.errorKind ?? "failed"}: ${stream.errorMessage}`;
  if (!stream.complete) return "being read";
  const { vendorCount, storedCount } = stream;
  if (vendorCount === null || storedCount === null) return "complete";
  const missing = vendorCount - storedCount;
  if (missing === 0) return "complete, counts agree";
  return missing > 0 ? `${missing} missing` : `${-missing} more than at the vendor`;
}

function numbers(overview: Overview): string {
  return [
    `${overview.profiles.toLocaleString("en")} customers from ${overview.personRecords.toLocaleString("en")} records (${overview.duplicates.toLocaleString("en")} duplicates resolved), ${overview.orders.toLocaleString("en")} orders`,
    overview.openRejects > 0
      ? `${overview.openRejects.toLocaleString("en")} rows were not understood and are kept`
      : "every row was understood",
    ...overview.consents.map(
      ({ purpose, channel, state, profiles }) =>
        `consent ${purpose} by ${channel}: ${state} ${profiles.toLocaleString("en")}`,
    ),
  ].join("\n");
}

function traits(overview: Overview): string {
  return table(
    ["trait", "value", "customers"],
    overview.traits.map(({ name, value, profiles }) => [name, value ?? "(no answer)", profiles]),
  );
}
