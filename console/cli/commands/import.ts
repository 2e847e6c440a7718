import { basename, extname, join, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { stat } from "node:fs/promises";
import type { Command } from "commander";
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import type { Guess } from "#connectors/csv/guess.ts";
import { describeGuess } from "#connectors/csv/describe.ts";
import { OverrideError, applyOverrides, missingFields } from "#connectors/csv/overrides.ts";
import { writeRejectFile } from "#connectors/csv/reject-file.ts";
import type { FileKind } from "#connectors/csv/settings.ts";
import type { Workspace } from "#profile/store/connections.ts";
import { connectFiles, keepCopy } from "../../csv-files.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";

interface ImportOptions extends OutputOptions {
  kind?: FileKind;
  map: string[];
  name?: string;
  dryRun?: boolean;
  yes?: boolean;
  sync: boolean;
}

export function importCommand(program: Command): void {
  program
    .command("import")
    .argument("<file>", "a CSV file, also gzipped: people, orders or touchpoints")
    .description("guess what the columns mean, show it, ask, then read the file through the whole loop")
    .option("--kind <kind>", "people, orders or touchpoints, where the guess is wrong")
    .option("--map <field=column...>", "say which column feeds a field; repeat or list several", [])
    .option(
      "--name <name>",
      "the source this file belongs to; files of one source share ids (default: the file's name)",
    )
    .option("--dry-run", "only show what the columns would mean")
    .option("--yes", "do not ask")
    .option("--no-sync", "connect the file; the next refresh reads it")
    .option("--json", "print JSON")
    .action((file: string, options: ImportOptions) => withContext((context) => run(context, resolve(file), options)));
}

async function run(context: Context, file: string, options: ImportOptions): Promise<void> {
  const { stores, workspace, config } = context;
  if (!(await stat(file).catch(() => null))?.isFile()) throw new CommandFailure(`There is no file ${file}.`, 3);
  const guess = await guessed(file, workspace, options);
  if (!options.json) process.stdout.write(`${describeGuess(guess)}\n`);
  const missing = missingFields(guess);
  if (missing.length > 0) throw new CommandFailure(missing.join("\n"), 2);
  if (options.dryRun) return print(options, guess, () => "Nothing was read: --dry-run.");
  if (!options.yes && !(await confirmed()))
    throw new CommandFailure("Nothing was imported. Add --map field=column to correct a column.");

  const name = options.name ?? basename(file).replace(/(\.csv|\.txt)?(\.gz)?$/i, "");
  const kept = await keepCopy(config.dataDir, await csvFileOf(file, guess));
  const { connectionId } = await connectFiles(stores.connections, workspace.workspaceId, {
    name,
    files: [kept],
    actor: "cli",
  });
  if (!options.sync)
    return print(options, { connectionId, name }, () => `Connected as "${name}"; the next refresh reads it.`);

  const engine = await context.engine();
  await engine.refresh(workspace.workspaceId);
  const state = await stores.ingest.streamState(workspace.workspaceId, connectionId, guess.kind);
  // A refresh that was under way when the file was connected did not see it.
  if (!state.complete) await engine.refresh(workspace.workspaceId);
  const after = await stores.ingest.streamState(workspace.workspaceId, connectionId, guess.kind);
  const rejectFile = join(resolve(file, ".."), `${basename(file, extname(file))}.rejects.csv`);
  const rejected = await writeRejectFile(
    rejectFile,
    stores.ingest.rejects(workspace.workspaceId, connectionId, guess.kind),
  );
  print(options, { connectionId, name, ...after, rejected, rejectFile: rejected > 0 ? rejectFile : null }, () =>
    [
      `Read ${after.recordsRead.toLocaleString("en")} rows of "${name}".`,
      rejected > 0
        ? `${rejected.toLocaleString("en")} rows were not understood; each with its line and reason: ${rejectFile}`
        : "Every row was understood.",
    ].join("\n"),
  );
}

async function guessed(file: string, workspace: Workspace, options: ImportOptions): Promise<Guess> {
  const { currency, defaultCountry: country, timeZone } = workspace;
  try {
    const guess = await guessFile(file, {
      currency,
      country,
      timeZone,
      ...(options.kind === undefined ? {} : { kind: options.kind }),
    });
    return applyOverrides(guess, options.map);
  } catch (error) {
    if (error instanceof OverrideError) throw new CommandFailure(error.message, 2);
    throw error;
  }
}

async function confirmed(): Promise<boolean> {
  if (!process.stdin.isTTY) throw new CommandFailure("Nobody is here to confirm: add --yes.", 2);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question("Import with these columns? [y/N] ");
  prompt.close();
  return /^y(es)?$/i.test(answer.trim());
}
