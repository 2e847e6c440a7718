import type { Command } from "commander";
import { findConnection } from "../../connections.ts";
import { forecastWords } from "../../forecast-words.ts";
import { forecastsOf } from "../../forecasts.ts";
import type { AheadOfTool } from "../../forecasts.ts";
import { withContext } from "../context.ts";
import { count, plural, print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function forecastCommand(program: Command): void {
  program
    .command("forecast")
    .argument("[connector]", "which tool (default: all)")
    .description(
      "how many calls the next sync and the plans that wait will take, how long, and how much of a day's quota",
    )
    .option("--name <name>", "which connection, where the tool has several")
    .option("--json", "print JSON")
    .action((tool: string | undefined, options: OutputOptions & { name?: string }) =>
      withContext(async ({ stores, workspace: { workspaceId } }) => {
        const chosen = tool === undefined ? null : await findConnection(stores, workspaceId, tool, options.name);
        const ahead = await forecastsOf(
          stores,
          workspaceId,
          ({ connectionId }) => chosen === null || connectionId === chosen.connectionId,
        );
        print(options, ahead, render);
      }),
    );
}

function render(ahead: AheadOfTool[]): string {
  if (ahead.length === 0)
    return "No connected tool would be called: files are read without, and paused or disconnected ones are left out.";
  const rows = ahead.flatMap(({ connector, name, reads, together, writes }) => [
    ...reads.map(({ stream, isFirst, foretold }) => [
      ...[connector, name, isFirst ? `read all ${stream}` : `read what changed in ${stream}`],
      forecastWords(foretold),
    ]),
    ...(reads.length > 1 && together !== null
      ? [[connector, name, "those that are known, side by side", forecastWords(together)]]
      : []),
    ...writes.map(({ planId, changes, foretold }) => [
      ...[connector, name, `write plan ${planId.slice(0, 8)}: ${plural(changes, "record")}`],
      forecastWords(foretold),
    ]),
  ]);
  const limits = ahead.flatMap(({ connector, name, together }) =>
    (together?.buckets ?? []).map(({ bucket, least, most }) => [
      ...[connector, name, bucket],
      least === most ? count(most) : `${count(least)} to ${count(most)}`,
    ]),
  );
  return [
    table(["tool", "name", "what", "forecast"], rows),
    ...(limits.length === 0 ? [] : ["", table(["tool", "name", "limit", "calls for reading"], limits)]),
  ].join("\n");
}
