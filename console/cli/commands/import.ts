import { basename, resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { stat } from "node:fs/promises";
import { Option } from "commander";
import type { Command } from "commander";
import { ConnectorError } from "#connectors/core/errors.ts";
import { csvFileOf, guessFile } from "#connectors/csv/guess.ts";
import type { Guess } from "#connectors/csv/guess.ts";
import { describeGuess } from "#connectors/csv/describe.ts";
import { OverrideError, applyOverrides, missingFields, readAs } from "#connectors/csv/overrides.ts";
import { FILE_KINDS } from "#connectors/csv/settings.ts";
import type { CsvFile, FileKind } from "#connectors/csv/settings.ts";
import { connectionIdOf } from "#profile/ids.ts";
import { connectFiles, connectedFiles, isReadAlike, keepCopy, lastOfKind, wasReadToItsEnd } from "../../csv-files.ts";
import { actor } from "../actor.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { importFile, renderImport } from "../import-file.ts";
import { harmless, note, print } from "../output.ts";
import { answersToWithheld, keepSensitive } from "../sensitive-columns.ts";
import type { OutputOptions } from "../output.ts";

interface ImportOptions extends OutputOptions {
  kind?: FileKind;
  map: string[];
  name?: string;
  sharedIds?: boolean;
  reason?: string;
  rejects?: string;
  dryRun?: boolean;
  yes?: boolean;
  sync: boolean;
}

export function importCommand(program: Command): void {
  program
    .command("import")
    .argument("<file>", "a CSV file, also gzipped: people, orders or touchpoints")
    .description("guess what the columns mean, show the guess, ask, then run the file through the whole loop")
    .addOption(new Option("--kind <kind>", "what a row is, where the guess is wrong").choices(FILE_KINDS))
    .option(
      "--map <field=column>",
      'which column feeds a field, as in email="E-Mail 1"; empty for none; repeat for several',
      (value: string, earlier: string[]) => [...earlier, value],
      [],
    )
    .option("--name <name>", "the source it belongs to: newer exports of one source share a name (default: the file's)")
    .option("--shared-ids", "customer and loyalty ids mean the same person in every file of the business")
    .option("--reason <text>", "what a sensitive column is needed for; it is recorded with who imported it")
    .option("--rejects <file>", "where rows that were not understood go (default: <file>.rejects.csv)")
    .option("--dry-run", "only show what the columns would mean")
    .option("--yes", "do not ask; whatever is uncertain is refused, with the question that would have been asked")
    .option("--no-sync", "connect the file; the next refresh reads it")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Examples:
  tributary import customers.csv --dry-run
  tributary import till-2026-11.csv --name till --yes
  tributary import sales.csv --map order_id=Bon --map amount=Brutto --map dates=dmy --map currency=EUR`,
    )
    .action((file: string, options: ImportOptions) => withContext((context) => run(context, resolve(file), options)));
}

async function run(context: Context, path: string, options: ImportOptions): Promise<void> {
  const { stores, workspace, config } = context;
  if (!(await stat(path).catch(() => null))?.isFile()) throw new CommandFailure(`There is no file ${path}.`, 3);
  const name = options.name ?? basename(path).replace(/(\.csv|\.txt)?(\.gz)?$/i, "");
  const earlier = await connectedFiles(stores.connections, workspace.workspaceId, name);
  let guess = await guessed(path, context, { name, earlier }, options);
  // The answer on standard output is JSON or nothing: what is asked about goes to the person.
  if (options.json) note(describeGuess(guess));
  else process.stdout.write(`${harmless(describeGuess(guess))}\n\n`);
  const missing = missingFields(guess);
  if (missing.length > 0) throw new CommandFailure(`Nothing was imported. ${missing.join(" ")}`, 2);
  if (options.dryRun) return print(options, { dryRun: true, name, ...guess }, () => "Nothing was read: --dry-run.");

  const answers = await answersToWithheld(guess, options);
  const reason = options.reason ?? answers.reason;
  guess = overridden(guess, answers.overrides, reason);
  if (guess.questions.length > 0) guess = await withAnswers(guess, options);
  const file = await csvFileOf(path, guess);
  const known = earlier.find(({ contentHash }) => contentHash === file.contentHash);
  if (known !== undefined && isReadAlike(known, file) && (await wasRead(context, name, file))) {
    const answer = { name, alreadyImported: true };
    return print(options, answer, () => `Nothing to do: this very file was imported into "${name}" already.`);
  }
  if (!options.yes)
    await confirm(known === undefined ? "Import with these columns?" : "Read it again with these columns?");

  const kept = await keepCopy(config.dataDir, file);
  const { connectionId } = await connectFiles(stores.connections, workspace.workspaceId, {
    ...{ name, files: [kept], actor: actor() },
    ...(options.sharedIds === undefined ? {} : { sharedIds: options.sharedIds }),
  });
  const chosen = [...options.map, ...answers.overrides];
  const isUsed = await keepSensitive(context, { connectionId, file, chosen, reason });
  // Whoever read it in between left out what was not switched on yet.
  if (known !== undefined || isUsed) await stores.ingest.resetCursor(workspace.workspaceId, connectionId, file.kind);
  if (!options.sync)
    return print(options, { connectionId, name }, () => `Connected as "${name}"; the next refresh reads it.`);
  const rejectFile = resolve(options.rejects ?? `${path}.rejects.csv`);
  print(options, await importFile(context, { connectionId, name, file: kept, rejectFile }), renderImport);
}

async function guessed(
  path: string,
  { workspace, stores }: Context,
  { name, earlier }: { name: string; earlier: CsvFile[] },
  options: ImportOptions,
): Promise<Guess> {
  const inUse = await stores.sensitive.inUse(workspace.workspaceId);
  const connectionId = connectionIdOf(workspace.workspaceId, "csv", name);
  const sensitive = new Set([...inUse.everywhere, ...(inUse.of.get(connectionId) ?? [])]);
  const { currency, defaultCountry: country, timeZone } = workspace;
  try {
    const kind = options.kind === undefined ? {} : { kind: options.kind };
    const guess = await guessFile(path, { currency, country, timeZone, sensitive, ...kind });
    const last = lastOfKind(earlier, guess.kind);
    return overridden(last === undefined ? guess : readAs(guess, last), options.map, options.reason);
  } catch (error) {
    if (error instanceof ConnectorError) throw new CommandFailure(error.message);
    throw error;
  }
}

async function wasRead({ stores, workspace: { workspaceId } }: Context, name: string, file: CsvFile): Promise<boolean> {
  const all = await stores.connections.listConnections(workspaceId);
  const found = all.find((connection) => connection.connector === "csv" && connection.name === name);
  if (found === undefined) return false;
  const { cursor } = await stores.ingest.streamState(workspaceId, found.connectionId, file.kind);
  return wasReadToItsEnd(cursor, file);
}

/**
 * What only the person knows is asked one by one.
 *
 * @throws CommandFailure with the questions where nobody may be asked, or an answer settles nothing
 */
async function withAnswers(guess: Guess, options: ImportOptions): Promise<Guess> {
  const asked = guess.questions.map(({ text }) => text);
  if (options.yes || !process.stdin.isTTY) {
    const why = options.yes ? "--yes accepts only what is certain" : "there is no terminal to ask in";
    throw new CommandFailure(`Nothing was imported: ${why}. Answer with --map:\n${asked.join("\n")}`, 2);
  }
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    let settled = guess;
    for (const { about, text } of guess.questions) {
      const answer = (await prompt.question(`${harmless(text)}\nyes for the first, or ${about}=...: `)).trim();
      if (/^y(es)?$/i.test(answer)) continue;
      if (!answer.startsWith(`${about}=`)) throw new CommandFailure("Nothing was imported.");
      settled = overridden(settled, [answer], options.reason);
    }
    return settled;
  } finally {
    prompt.close();
  }
}

function overridden(guess: Guess, overrides: string[], reason?: string): Guess {
  try {
    return applyOverrides(guess, overrides, reason);
  } catch (error) {
    if (error instanceof OverrideError) throw new CommandFailure(error.message, 2);
    throw error;
  }
}

/** @throws CommandFailure when the answer is not yes */
async function confirm(question: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CommandFailure("Nothing was imported: there is no terminal to confirm in. Add --yes.", 2);
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await prompt.question(`${question} [y/N] `);
  prompt.close();
  if (!/^y(es)?$/i.test(answer.trim()))
    throw new CommandFailure("Nothing was imported. --map field=column corrects a column.");
}
