import type { Command } from "commander";
import { SENSITIVE_NAMES } from "#connectors/core/sensitive.ts";
import type { Workspace } from "#profile/store/connections.ts";
import { RETENTION_KINDS } from "#profile/retention.ts";
import { keptWords, KEEPS, usualWords } from "../../retention-words.ts";
import type { RetentionWords } from "../../retention-words.ts";
import { everyWords } from "../../rhythm-words.ts";
import { type SensitiveWords, sensitiveWord } from "../../sensitive-words.ts";
import { createWorkspace, setWorkspace, weekStartName } from "../../workspaces.ts";
import type { KeptWorkspace, WorkspaceWords } from "../../workspaces.ts";
import { actor } from "../actor.ts";
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
        const all: KeptWorkspace[] = [];
        for (const { workspaceId } of await stores.connections.listWorkspaces()) {
          const known = await stores.connections.getWorkspace(workspaceId);
          if (known !== null) all.push(await withSettings(stores, known));
        }
        print(options, all, (rows) =>
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
        const kept = await withSettings(context.stores, made);
        print({ json: json ?? false }, kept, () => `${renderAll([kept])}\n\nNext: tributary connect <connector>`);
      }),
    );

  keeping(words(workspace.command("set").argument("<short-name>", "which one")))
    .description("change its settings; they apply to whatever is read from now on")
    .action((slug: string, { json, ...given }: WorkspaceWords & RetentionWords & SensitiveWords & OutputOptions) =>
      withStores(async (context) => {
        const after = await setWorkspace(context.stores, slug, given, actor());
        if (given.refresh !== undefined) await scheduleRefreshes(context);
        print({ json: json ?? false }, after, () => renderAll([after]));
      }),
    );
}

async function withSettings(stores: StoresContext["stores"], workspace: Workspace): Promise<KeptWorkspace> {
  const { workspaceId } = workspace;
  const rhythm = await stores.rhythm.read(workspaceId);
  const { everywhere: sensitive } = await stores.sensitive.inUse(workspaceId);
  return { ...workspace, keeps: await stores.retention.kept(workspaceId), rhythm, sensitive };
}

const words = (command: Command): Command =>
  command
    .option("--name <name>", "the name of the business (default: the short name)")
    .option("--country <code>", "how national telephone numbers are read: ISO 3166, as in GB")
    .option("--currency <code>", "amounts without a currency: ISO 4217, as in GBP")
    .option("--time-zone <name>", "where a day begins: an IANA name, as in Europe/London")
    .option("--week-start <day>", "the first day of the week, as in monday (default: monday)")
    .option(
      "--refresh <time>",
      "how often to refresh it, as in 30m or 2h, or auto: less often when nothing is new (default: auto)",
    )
    .option("--json", "print JSON");

function keeping(command: Command): Command {
  for (const kind of RETENTION_KINDS)
    command.option(
      `--keep-${kind} <days>`,
      `how long to keep ${KEEPS[kind]}: days, as in 90d, or forever (default: ${usualWords(kind)})`,
    );
  const facts = SENSITIVE_NAMES.map(sensitiveWord).join(", ");
  return command
    .option("--use <facts>", `keep these facts of persons, of every tool that knows them: ${facts}`)
    .option("--stop-using <facts>", "keep them no longer, and take them out of all that is stored")
    .option("--reason <text>", "why; it is recorded with who said so");
}

function renderAll(rows: KeptWorkspace[]): string {
  return table(
    [
      ...["workspace", "name", "country", "currency", "time zone", "week starts on", "refreshed"],
      ...RETENTION_KINDS.map((kind) => `${kind} are kept`),
      "sensitive facts",
    ],
    rows.map((row) => [
      row.slug,
      row.name,
      row.defaultCountry,
      row.currency,
      row.timeZone,
      weekStartName(row.weekStart),
      `${everyWords(row.rhythm.refreshMinutes)}${row.rhythm.fixed ? "" : " (auto)"}`,
      ...RETENTION_KINDS.map((kind) => keptWords(row.keeps[kind])),
      row.sensitive.length === 0 ? "none" : row.sensitive.map(sensitiveWord).join(", "),
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
