import { createWriteStream } from "node:fs";
import { resolve } from "node:path";
import type { Command } from "commander";
import { exportProfiles } from "#connectors/csv/export.ts";
import type { ExportRow } from "#connectors/csv/export.ts";
import type { ProfileRow } from "#profile/store/profile-view.ts";
import type { TraitName } from "#profile/scores/types.ts";
import type { PersonRecord } from "#connectors/core/records.ts";
import { withContext } from "../context.ts";
import type { Context } from "../context.ts";
import { print } from "../output.ts";
import type { OutputOptions } from "../output.ts";

const TRAITS: TraitName[] = ["lifecycle_stage", "churn_risk", "churn_risk_band", "next_best_action"];
const CONSENTS = ["email marketing", "sms marketing", "any personalisation"];
const PORTION = 1_000;

export function exportCommand(program: Command): void {
  program
    .command("export")
    .argument("[file]", "where to; standard output when left out")
    .description("all profiles with consent and traits as CSV")
    .option("--bom", "begin with a byte order mark, for Excel")
    .option("--json", "print what was done as JSON")
    .action((file: string | undefined, options: OutputOptions & { bom?: boolean }) =>
      withContext(async (context) => {
        const out = file === undefined ? process.stdout : createWriteStream(resolve(file), { mode: 0o600 });
        const profiles = await exportProfiles(rows(context), out, {
          consents: CONSENTS,
          traits: TRAITS,
          byteOrderMark: options.bom ?? false,
        });
        if (file === undefined) return;
        print(
          options,
          { file: resolve(file), profiles },
          () => `${profiles.toLocaleString("en")} profiles in ${resolve(file)}`,
        );
      }),
    );
}

async function* rows({ stores, workspace }: Context): AsyncGenerator<ExportRow> {
  for (let after: string | null = null; ;) {
    const page = await stores.views.page(workspace.workspaceId, { after, limit: PORTION });
    yield* page.map(rowOf);
    const last = page.at(-1);
    if (last === undefined || page.length < PORTION) return;
    after = last.profileId;
  }
}

/** Names come from the most recently changed record that has them; every address is listed. */
function rowOf({ profileId, people, consents, traits }: ProfileRow): ExportRow {
  const newestFirst = (people ?? []).toSorted((a, b) => (b.updatedAt ?? "").localeCompare(a.updatedAt ?? ""));
  const named =
    newestFirst.find(({ firstName, lastName }) => firstName !== null && lastName !== null) ?? newestFirst[0];
  const first = <Value>(pick: (person: PersonRecord) => Value | null): Value | null =>
    newestFirst.map(pick).find((value) => value !== null) ?? null;
  return {
    profileId,
    firstName: named?.firstName ?? null,
    lastName: named?.lastName ?? null,
    company: first(({ company }) => company),
    country: first(({ country }) => country),
    emails: [...new Set(newestFirst.flatMap(({ emails }) => emails))],
    phones: [...new Set(newestFirst.flatMap(({ phones }) => phones))],
    consents: consents ?? {},
    traits: Object.fromEntries(
      Object.entries(traits ?? {}).map(([name, { value, reasons }]) => [name, { value: cellOf(value), reasons }]),
    ),
  };
}

function cellOf(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null;
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : JSON.stringify(value);
}
