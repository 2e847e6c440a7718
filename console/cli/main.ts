/** The command line: `tributary --help`. */
import { Command } from "commander";
import { ConfigError } from "#config.ts";
import { connectionsCommand } from "./commands/connections.ts";
import { doctorCommand } from "./commands/doctor.ts";
import { exportCommand } from "./commands/export.ts";
import { importCommand } from "./commands/import.ts";
import { planCommand } from "./commands/plan.ts";
import { profileCommand } from "./commands/profile.ts";
import { statusCommand } from "./commands/status.ts";
import { syncCommand } from "./commands/sync.ts";
import { globals } from "./context.ts";
import { CommandFailure } from "./failure.ts";

const program = new Command("tributary")
  .description("One deduplicated, consented profile per customer, scored and written back into the tools you use.")
  .option("--workspace <slug>", "which business, where there are several")
  .option("--verbose", "log what happens to standard error")
  .hook("preAction", (command) => {
    const { workspace, verbose } = command.opts<{ workspace?: string; verbose?: boolean }>();
    globals.verbose = verbose ?? false;
    if (workspace !== undefined) globals.workspace = workspace;
  })
  .addHelpText(
    "after",
    "\nExit codes: 0 done, 1 it did not work, 2 the command's words are off, 3 what was asked for is not there.",
  )
  .showHelpAfterError("(tributary --help lists the commands)")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

for (const add of [
  statusCommand,
  connectionsCommand,
  syncCommand,
  planCommand,
  profileCommand,
  importCommand,
  exportCommand,
  doctorCommand,
]) {
  add(program);
}

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommandFailure) && !(error instanceof ConfigError)) {
    process.stderr.write(`${globals.verbose && error instanceof Error ? error.stack : messageOf(error)}\n`);
    process.exitCode = 1;
  } else {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = error instanceof CommandFailure ? error.exitCode : 1;
  }
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return `It did not work: ${message}\n\`tributary doctor\` checks what is in place; --verbose shows more.`;
}
