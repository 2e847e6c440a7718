/** The program: its options, its commands, and how their failures are reported. */
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { z } from "zod";
import { ConfigError } from "#config.ts";
import { secretPatternsOf } from "#connectors/core/auth.ts";
import { connectors } from "#connectors/registry.ts";
import { Refusal } from "../refusal.ts";
import { alertsCommand } from "./commands/alerts.ts";
import { codecServerCommand } from "./commands/codec-server.ts";
import { connectCommand } from "./commands/connect.ts";
import { connectionStateCommands } from "./commands/connection-state.ts";
import { connectionsCommand } from "./commands/connections.ts";
import { consentCommand } from "./commands/consent.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { fieldsCommand } from "./commands/fields.ts";
import { figuresCommands } from "./commands/figures.ts";
import { identityCommands } from "./commands/identity.ts";
import { importCommand } from "./commands/import.ts";
import { forecastCommand } from "./commands/forecast.ts";
import { keysCommand } from "./commands/keys.ts";
import { planCommand } from "./commands/plan.ts";
import { profileCommand } from "./commands/profile.ts";
import { pruneCommand } from "./commands/prune.ts";
import { setAsideCommand } from "./commands/set-aside.ts";
import { statusCommand } from "./commands/status.ts";
import { syncCommand } from "./commands/sync.ts";
import { webhooksCommand } from "./commands/webhooks.ts";
import { workspaceCommand } from "./commands/workspace.ts";
import { globals } from "./context.ts";
import { CommandFailure } from "./failure.ts";
import { note } from "./output.ts";
import { refusalOf } from "./workflow-failure.ts";

const { version } = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")));

const secrets = secretPatternsOf(connectors);
const program = new Command("tributary")
  .description("One deduplicated, consented profile per customer, scored and written back into the tools you use.")
  .option("--workspace <name>", "which business, where there are several: its short name")
  .option(
    "--data-dir <folder>",
    "the data directory of `npm start` (default: TRIBUTARY_DATA_DIR, or .tributary in the project)",
  )
  .option("--by <name>", "who is acting, for the audit log (default: your user name)")
  .option("--verbose", "log what happens to standard error")
  .version(version)
  .hook("preAction", (command) => {
    const { workspace, dataDir, by, verbose } = command.opts<{
      workspace?: string;
      dataDir?: string;
      by?: string;
      verbose?: boolean;
    }>();
    globals.verbose = verbose ?? false;
    if (by !== undefined) globals.by = by;
    if (dataDir !== undefined) globals.dataDir = dataDir;
    if (workspace !== undefined) globals.workspace = workspace;
  })
  .addHelpText(
    "after",
    `
It finds what \`npm start\` started by the data directory, or uses
DATABASE_URL, TEMPORAL_ADDRESS and TRIBUTARY_KEY where they are set. Times are shown in your time zone (TZ).

Exit codes: 0 done, 1 it did not work, 2 wrong usage, 3 what was asked for does not exist.`,
  )
  // `--token=...` is no option, and must not be repeated as an unknown one.
  .configureOutput({
    outputError: (text, write) => write(secrets.reduce((rest, each) => rest.replace(each, "..."), text)),
  })
  .showHelpAfterError("(add --help for usage)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

for (const add of [
  statusCommand,
  workspaceCommand,
  connectCommand,
  connectionStateCommands,
  connectionsCommand,
  forecastCommand,
  syncCommand,
  planCommand,
  fieldsCommand,
  profileCommand,
  identityCommands,
  consentCommand,
  importCommand,
  exportCommand,
  figuresCommands,
  setAsideCommand,
  pruneCommand,
  doctorCommand,
  alertsCommand,
  codecServerCommand,
  keysCommand,
  webhooksCommand,
]) {
  add(program);
}

// Whoever reads our output has stopped reading, as in `tributary export | head`.
process.stdout.on("error", (error) => {
  if (isBrokenPipe(error)) process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (!isBrokenPipe(error)) await report(error);
}

async function report(error: unknown): Promise<void> {
  process.exitCode = exitCodeOf(error);
  const says = error instanceof CommandFailure || error instanceof Refusal || error instanceof ConfigError;
  const known = says ? error.message : await refusalOf(error);
  if (globals.verbose && error instanceof Error) note(stackOf(error));
  if (known !== null) note(known);
  else {
    note(`It did not work: ${error instanceof Error ? error.message : String(error)}`);
    note("`tributary doctor` checks what is in place; `tributary --verbose ...` shows more.");
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandFailure) return error.exitCode;
  if (error instanceof Refusal) return { words: 2, missing: 3, state: 1, vendor: 1 }[error.because];
  return 1;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${stackOf(error.cause)}` : "";
  return `${error.stack ?? error.message}${cause}`.replaceAll("\t", "    ");
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
