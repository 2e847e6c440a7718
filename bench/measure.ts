/** What every benchmark needs: options, machine facts, medians, a table. */
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";

/**
 * Reads `--name N` options, all whole numbers from 1 on; `--help` prints the text and ends the process.
 *
 * @param defaults the options there are, and their values when not given
 */
export function readOptions<Name extends string>(help: string, defaults: Record<Name, number>): Record<Name, number> {
  const names = Object.keys(defaults) as Name[]; // Object.keys forgets the key type.
  const { values } = parseArgs({
    options: {
      help: { type: "boolean", default: false },
      ...Object.fromEntries(names.map((name) => [name, { type: "string" as const }])),
    },
  });
  if (values["help"]) {
    process.stdout.write(`${help}\n`);
    process.exit(0);
  }
  const options = { ...defaults };
  for (const name of names) {
    const given = Object.entries(values).find(([key]) => key === name)?.[1];
    if (given === undefined) continue;
    const value = Number(given);
    if (!Number.isInteger(value) || value < 1) {
      process.stderr.write(`--${name} must be a whole number from 1 on.\n`);
      process.exit(2);
    }
    options[name] = value;
  }
  return options;
}

/** Wall-clock milliseconds of the work. */
export async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}

/** @param share 0.95: as many are no larger */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * share) - 1)] ?? Number.NaN;
}

/** `12,345 rows/s` */
export const rate = (count: number, ms: number, unit: string) =>
  `${Math.round((count / ms) * 1000).toLocaleString("en")} ${unit}/s`;

/** `71 µs` of processor time for each of `count`. */
export const cpuEach = (seconds: number, count: number): string => `${Math.round((seconds * 1e6) / count)} µs`;

export const milliseconds = (ms: number) => (ms < 10_000 ? `${ms.toFixed(0)} ms` : `${(ms / 1000).toFixed(1)} s`);

/** Highest resident memory of this process so far. */
export const peakMemory = () => `${Math.round(process.resourceUsage().maxRSS / 1024)} MB`;

export function printHeading(title: string): void {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 2 ** 30);
  print(
    `${title}\n${cpu?.model ?? "unknown CPU"}, ${cpus().length} cores, ${memory} GB, Node ${process.version}, ${process.platform}`,
  );
}

export function printTable(rows: readonly (readonly string[])[]): void {
  const widths: number[] = [];
  for (const row of rows) for (const [at, cell] of row.entries()) widths[at] = Math.max(widths[at] ?? 0, cell.length);
  for (const row of rows)
    print(
      row
        .map((cell, at) => cell.padEnd(widths[at] ?? 0))
        .join("  ")
        .trimEnd(),
    );
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
