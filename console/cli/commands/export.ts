import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { exportProfiles } from "#connectors/csv/export.ts";
import type { ExportRow } from "#connectors/csv/export.ts";
import type { ProfileRow, ViewedPerson } from "#profile/store/views/profile.ts";
import type { Use } from "#connectors/core/grant.ts";
import { allows, decide } from "#profile/consent/decide.ts";
import type { ConsentAnswer } from "#profile/consent/ledger.ts";
import { permittedTraits } from "#profile/plan/fields.ts";
import { TRAITS } from "#profile/traits.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { CommandFailure } from "../failure.ts";
import { plural, print } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { withProgress } from "../progress.ts";

const CONSENTS = ["email marketing", "sms marketing", "any personalisation"];
const PORTION = 1_000;

interface ExportOptions extends OutputOptions {
  bom?: boolean;
}

export function exportCommand(program: Command): void {
  program
    .command("export")
    .argument("[file]", "where to; standard output when left out")
    .description("all profiles with consent and traits as CSV")
    .option("--bom", "begin with a byte order mark, for Excel")
    .option("--json", "print what was done as JSON (needs a file)")
    .action((file: string | undefined, options: ExportOptions) => {
      if (file === undefined && options.json)
        throw new CommandFailure("--json says what was written into a file: name one.", 2);
      return withContext((context) => run(context, file === undefined ? null : resolve(file), options));
    });
}

async function run(context: Context, file: string | null, options: ExportOptions): Promise<void> {
  const out = file === null ? process.stdout : createWriteStream(file, { mode: 0o600 });
  let written = 0;
  const exporting = exportProfiles(
    rows(context, (more) => (written += more)),
    out,
    {
      consents: CONSENTS,
      traits: TRAITS.map(({ name }) => name),
      byteOrderMark: options.bom ?? false,
    },
  ).catch((error: unknown) => {
    throw file === null ? error : asFileFailure(error, file);
  });
  const profiles = await withProgress(exporting, async () => `${plural(written, "profile")} written`);
  if (file !== null) print(options, { file, profiles }, () => `${plural(profiles, "profile")} in ${file}`);
}

function asFileFailure(error: unknown, file: string): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === "ENOENT") return new CommandFailure(`${file} cannot be written: there is no such folder.`, 3);
  if (code === "EISDIR") return new CommandFailure(`${file} is a folder: name a file in it.`, 2);
  if (code === "EACCES" || code === "EROFS" || code === "EPERM")
    return new CommandFailure(`${file} cannot be written: you may not write there.`);
  if (code === "ENOSPC") return new CommandFailure(`${file} is incomplete: the disk is full.`);
  return error;
}

/** The ledger is asked for each page as it goes out, not what a refresh made of it. */
async function* rows({ stores, workspace }: Context, written: (rows: number) => void): AsyncGenerator<ExportRow> {
  for (let after: string | null = null; ;) {
    const page = await stores.views.page(workspace.workspaceId, { after, limit: PORTION });
    const at = new Date(stores.now()).toISOString();
    const ids = page.map(({ profileId }) => profileId);
    const answers = await stores.consent.answersOf(workspace.workspaceId, ids, at);
    yield* page.map((row) => rowOf({ ...row, consents: answers.get(row.profileId) ?? [] }, at));
    written(page.length);
    const last = page.at(-1);
    if (last === undefined || page.length < PORTION) return;
    after = last.profileId;
  }
}

const WITHHELD = ["Not exported: this person's permission does not cover it."];

/** What contact data leave for: to be used where the business uses its own fields. */
const EXPORTED: Use = { purpose: "personalisation", channel: "any" };

/**
 * Names come from the most recently changed record that has them; every address is listed. Traits are exported as they would be
 * written into a tool that holds the first address.
 */
export function rowOf(
  { profileId, people, consents, traits }: Omit<ProfileRow, "consents"> & { consents: readonly ConsentAnswer[] },
  at: string,
): ExportRow {
  const newestFirst = (people ?? []).toSorted((a, b) => (b.updatedAt ?? "").localeCompare(a.updatedAt ?? ""));
  const named =
    newestFirst.find(({ firstName, lastName }) => firstName !== null && lastName !== null) ?? newestFirst[0];
  const first = <Value>(pick: (person: ViewedPerson) => Value | null): Value | null =>
    newestFirst.map(pick).find((value) => value !== null) ?? null;
  const emails = [...new Set(newestFirst.flatMap((person) => person.emails))];
  const phones = [...new Set(newestFirst.flatMap((person) => person.phones))];
  const recipient = { email: emails[0] ?? null, phone: phones[0] ?? null };
  const grant = decide({ profileId, answers: consents, recipient }, [EXPORTED], at);
  const usable = permittedTraits(traits ?? {}, (uses) => allows(consents, uses, recipient));
  return {
    profileId,
    contact:
      "refused" in grant
        ? null
        : {
            grant,
            firstName: named?.firstName ?? null,
            lastName: named?.lastName ?? null,
            company: first(({ company }) => company),
            country: first(({ country }) => country),
            emails,
            phones,
          },
    consents: Object.fromEntries(consents.map(({ channel, purpose, state }) => [`${channel} ${purpose}`, state])),
    traits: Object.fromEntries(
      Object.keys(traits ?? {}).map((name) => {
        const trait = usable[name];
        return [
          name,
          trait === undefined ? { value: null, reasons: WITHHELD } : { ...trait, value: cellOf(trait.value) },
        ];
      }),
    ),
  };
}

function cellOf(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : JSON.stringify(value);
}
