import type { Command } from "commander";
import { dayAfter } from "#connectors/core/figures.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import { MOST_LINES } from "#profile/store/views/figures.ts";
import type { FigureLine, FigureQuery } from "#profile/store/views/figures.ts";
import { figureNotes, figureText } from "../../figure-words.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { note, print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";

interface FigureOptions extends OutputOptions {
  days: string;
  stream?: string;
  per?: string;
}

const USUAL_DAYS = 14;
const MOST_DAYS = 3_700;

type Reading = (stores: Context["stores"]) => (workspaceId: WorkspaceId, query: FigureQuery) => Promise<FigureLine[]>;

export function figuresCommands(program: Command): void {
  command(
    program,
    "metrics",
    "what tools counted by day: sessions, conversions, revenue",
    ({ figures }) => figures.metrics,
  );
  command(program, "spend", "what was spent on advertising by day", ({ figures }) => figures.spend);
}

function command(program: Command, name: string, description: string, reading: Reading): void {
  program
    .command(name)
    .description(description)
    .option("--days <number>", "so many days back", String(USUAL_DAYS))
    .option("--stream <name>", "of this stream only, as `tributary status` names it")
    .option("--per <dimension>", "told apart by it: channel, source, medium, campaign, landing_page, event")
    .option("--json", "print JSON")
    .action((options: FigureOptions) => {
      const days = daysOf(options.days);
      return withContext(async ({ stores, workspace: { workspaceId } }) => {
        // An account's own calendar may be a day ahead.
        const today = dayAfter(new Date(stores.now()).toISOString().slice(0, 10), 1);
        const { stream, per } = options;
        const lines = await reading(stores)(workspaceId, {
          from: dayAfter(today, -days),
          to: today,
          ...(stream === undefined ? {} : { stream }),
          ...(per === undefined ? {} : { by: per }),
        });
        print(options, lines, () => render(lines, per));
        if (lines.length === MOST_LINES)
          note(
            `These are the newest ${MOST_LINES.toLocaleString("en")} lines, and there may be more: ask for fewer --days or one --stream.`,
          );
      });
    });
}

function daysOf(text: string): number {
  const days = Number(text);
  if (Number.isInteger(days) && days > 0 && days <= MOST_DAYS) return days;
  throw new CommandFailure(`--days takes a whole number from 1 to ${MOST_DAYS}.`, 2);
}

function render(lines: FigureLine[], per: string | undefined): string {
  if (lines.length === 0)
    return "There is nothing in these days: `tributary status` shows which days were read, of which streams.";
  const rows = lines.map((line) => [
    line.day,
    `${line.connector}/${line.connectionName}`,
    line.stream,
    line.account,
    ...(per === undefined ? [] : [line.part ?? "-"]),
    line.name,
    figureText(line.value, line.unit, line.currency),
    figureNotes(line),
  ]);
  const head = [
    "day",
    "tool",
    "stream",
    "account",
    ...(per === undefined ? [] : [per]),
    "figure",
    "value",
    "to be known",
  ];
  return table(head, rows);
}
