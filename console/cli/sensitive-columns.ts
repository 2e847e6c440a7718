/** Columns of an imported file that hold what is kept only with a reason: asked about, and switched on with it. */
import { createInterface } from "node:readline/promises";
import { isSensitiveName, sensitiveCategoryOf } from "#connectors/core/sensitive.ts";
import { withheldText } from "#connectors/csv/describe.ts";
import type { Guess } from "#connectors/csv/guess.ts";
import { ALL_FIELDS } from "#connectors/csv/settings.ts";
import type { CsvFile, Field } from "#connectors/csv/settings.ts";
import type { ConnectionId } from "#profile/ids.ts";
import { actor } from "./actor.ts";
import type { Context } from "./context.ts";
import { harmless } from "./output.ts";

/** Facts that are left out unless somebody says, here and now, that they are needed; where nobody may be asked they stay out. */
export async function answersToWithheld(
  { withheld }: Guess,
  options: { yes?: boolean; json?: boolean; reason?: string },
): Promise<{ overrides: string[]; reason: string | undefined }> {
  const overrides: string[] = [];
  let reason: string | undefined;
  if (withheld.length === 0 || options.yes || options.json || !process.stdin.isTTY) return { overrides, reason };
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    for (const held of withheld) {
      const answer = await prompt.question(`${harmless(withheldText(held))}\nKeep it? [y/N] `);
      if (/^y(es)?$/i.test(answer.trim())) overrides.push(`${held.field}=${held.columns.join(",")}`);
    }
    if (overrides.length > 0 && options.reason === undefined)
      reason = (await prompt.question("What is it needed for? (recorded) ")).trim() || undefined;
    return { overrides, reason };
  } finally {
    prompt.close();
  }
}

/**
 * Switches on, for this source, what was chosen of sensitive facts, and records why.
 *
 * @param input.chosen overrides that a person gave
 * @returns whether a fact was chosen
 */
export async function keepSensitive(
  { stores, workspace: { workspaceId } }: Context,
  input: { connectionId: ConnectionId; file: CsvFile; chosen: readonly string[]; reason: string | undefined },
): Promise<boolean> {
  const { connectionId, file } = input;
  const reason = input.reason ?? `chosen when "${file.name}" was imported`;
  const mapped = input.chosen.map((override) => override.slice(0, override.indexOf("=")).trim()).filter(isField);
  const names = mapped.filter(isSensitiveName).filter((name) => file.mapping[name] !== undefined);
  if (names.length > 0) await stores.sensitive.use(workspaceId, { names, connectionId, actor: actor(), reason });
  const columns = [...new Set(mapped)].flatMap((field) =>
    (file.mapping[field] ?? []).flatMap((column) => {
      const category = sensitiveCategoryOf(column);
      return category === null ? [] : [{ column, category, field }];
    }),
  );
  if (columns.length > 0)
    await stores.sensitive.noteColumns(workspaceId, { columns, connectionId, actor: actor(), reason });
  return names.length > 0;
}

const isField = (text: string): text is Field => (ALL_FIELDS as readonly string[]).includes(text);
