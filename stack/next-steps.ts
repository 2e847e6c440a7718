/** What a person does when everything runs and nothing is connected. */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import { connectors } from "#connectors/registry.ts";

export function nextSteps(dataDir: string, workspaces: readonly { slug: string }[]): string {
  const usual = join(fileURLToPath(new URL("..", import.meta.url)), ".tributary");
  const where = dataDir === usual ? "" : ` --data-dir ${/^[\w./-]+$/.test(dataDir) ? dataDir : `'${dataDir}'`}`;
  const tools = connectors.filter(({ auth }) => auth.kind !== "none").map(({ id }) => id);
  const create =
    workspaces.length === 0
      ? [`  npx tributary${where} workspace create main --country GB --currency GBP --time-zone Europe/London`]
      : [];
  return [
    "Nothing is connected yet. In a second terminal, with your own country, currency and time zone:",
    ...create,
    `  npx tributary${where} connect <tool>      (${tools.join(", ")}; --help says what each needs)`,
    `  npx tributary${where} sync`,
    "docs/first-real-account.md goes through it line by line; `npm start -- --demo` starts the fictitious shop.",
  ].join("\n");
}
