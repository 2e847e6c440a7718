import type { Command } from "commander";
import type { Workspace } from "#profile/store/connections.ts";
import { createWorkspace, setWorkspace, weekStartName } from "../../workspaces.ts";
import type { WorkspaceWords } from "../../workspaces.ts";
import { withStores } from "../context.ts";
import type { StoresContext } from "../context.ts";
import { note, print, table } from "../output.ts";
import type { OutputOptions } from "../output.ts";
import { makeUpSchedules, openEngine } from "../engine.ts";

export function workspaceCommand(program: Command): void {
  const workspace = program.command("workspace").description("the businesses kept here, each separate from the others");

  workspace
    .command("list", { isDefault: true })
    .description("list them all")
    .option("--json", "print JSON")
    .action((options: OutputOptions) =>
      withStores(async ({ stores }) => {
        const all = await Promise.all(
          (await stores.connections.listWorkspaces()).map(({ workspaceId }) =>
            stores.connections.getWorkspace(workspaceId),
          ),
        );
        print(
          options,
          all.filter((known) => known !== null),
          (rows) =>
            rows.length === 0 ? "There is no workspace yet: `tributary workspace create --help`." : renderAll(rows),
        );
      }),
    );

  words(workspace.command("create").argument("<short-name>", "the name that commands use, as in main"))
    .description("create one; --country, --currency and --time-zone are required")
    .action((slug: string, { json, ...given }: WorkspaceWords & OutputOptions) =>
      withStores(async (context) => {
        const made = await createWorkspace(context.stores.connections, slug, given);
        await scheduleRefreshes(context);
        print({ json: json ?? false }, made, () => `${renderAll([made])}\n\nNext: tributary connect <connector>`);
      }),
    );

  words(workspace.command("set").argument("<short-name>", "which one"))
    .description("change its settings; they apply to whatever is read from now on")
    .action((slug: string, { json, ...given }: WorkspaceWords & OutputOptions) =>
      withStores(async ({ stores }) => {
        const after = await setWorkspace(stores.connections, slug, given);
        print({ json: json ?? false }, after, () => renderAll([after]));
      }),
    );
}

const words = (command: Command): Command =>
  command
    .option("--name <name>", "the name of the business (default: the short name)")
    .option("--country <code>", "how national telephone numbers are read: ISO 3166, as in GB")
    .option("--currency <code>", "amounts without a currency: ISO 4217, as in GBP")
    .option("--time-zone <name>", "where a day begins: an IANA name, as in Europe/London")
    .option("--week-start <day>", "the first day of the week, as in monday (default: monday)")
    .option("--json", "print JSON");

function renderAll(rows: Workspace[]): string {
  return table(
    ["workspace", "name", "country", "currency", "time zone", "week starts on"],
    rows.map((row) => [
      row.slug,
      row.name,
      row.defaultCountry,
      row.currency,
      row.timeZone,
      weekStartName(row.weekStart),
    ]),
  );
}

/** Nothing depends on it: what is not done now is noted in the database. */
const PATIENCE_MS = 3_000;

/** Every workspace is refreshed on schedule; without the engine a worker takes care of it within a minute. */
async function scheduleRefreshes({ config, stores }: StoresContext): Promise<void> {
  try {
    const { installationId } = await stores.installation.get();
    const engine = await openEngine(config.temporal, config.masterKeys, installationId, PATIENCE_MS);
    try {
      await makeUpSchedules(engine.client, stores);
    } finally {
      await engine.close();
    }
  } catch {
    note("Temporal does not answer: a worker schedules the refreshes as soon as it reaches it.");
  }
}
