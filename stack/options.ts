/** The options of `npm start`. */
import { Command, InvalidArgumentError } from "commander";

export interface StartOptions {
  customers: number;
  seed: number;
  /** Which of the tools the fictitious shop has; null: all. */
  tools: string | null;
  fresh: boolean;
  dataDir: string | undefined;
  once: boolean;
  /** Whether the fictitious shop runs; left out: where nothing else is connected. */
  demo: boolean | undefined;
  /** Whether the demo's first plan is approved without asking. */
  approve: boolean;
  port: number | undefined;
  refreshMinutes: number;
  /** Worker and console are restarted when a source file changes: `npm run dev`. */
  watch: boolean;
  verbose: boolean;
}

/** Parses `process.argv`; `--help` and mistakes print what is needed and end the process. */
export function parseStartOptions(argv: readonly string[]): StartOptions {
  const command = new Command("npm start --")
    .description(
      "Starts everything on this machine, runs the loop, prints what it did, and keeps running until Ctrl-C.",
    )
    .option("--customers <n>", "size of the demo business, up to 1,000,000", wholeNumber(1, 1_000_000), 2_000)
    .option("--seed <n>", "which demo business; the same seed gives the same business", wholeNumber(0, 2 ** 31 - 1), 1)
    .option("--tools <list>", "tools of the demo business, with commas between (default: all there are)")
    .option("--fresh", "delete the data of earlier starts first", false)
    .option("--data-dir <folder>", "where data is kept (default: TRIBUTARY_DATA_DIR or .tributary in the project)")
    .option("--once", "end after the loop: exit code 0 when all went well", false)
    .option("--demo", "run the fictitious shop (default: where no account of yours is connected or named)")
    .option("--no-demo", "run without it: connect your own accounts with `npx tributary connect`")
    .option("--no-approve", "leave the demo's first plan waiting for your approval")
    .option("--port <n>", "port of the console (default: PORT, or 4080 or any other free one)", wholeNumber(1, 65_535))
    .option("--refresh-minutes <n>", "minutes between refreshes", wholeNumber(1, 1_440), 15)
    .option("--watch", "restart worker and console when a source file changes", false)
    .option("--verbose", "log more, and say where", false)
    .addHelpText("after", "\nEnvironment variables are explained in config.ts.")
    .allowExcessArguments(false);
  command.parse([...argv]);
  const options = command.opts<
    Omit<StartOptions, "dataDir" | "port" | "demo" | "tools"> &
      Partial<Pick<StartOptions, "dataDir" | "port" | "demo" | "tools">>
  >();
  const { dataDir, port, demo, tools = null } = options;
  return { ...options, dataDir, port, demo, tools };
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text.replaceAll(/[,_]/g, ""));
    if (text.trim() === "" || !Number.isInteger(value) || value < least || value > most) {
      throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}
