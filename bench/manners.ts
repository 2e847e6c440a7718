/** `node bench/manners.ts`: every bad manner of every twin in turn against a full loop, and whether it ends as it would without. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TOOL_NAMES } from "#stack/demo-shop/tools.ts";
import { mannersOf } from "#tests/manners/manners.ts";
import type { ShopState } from "#tests/manners/end-state.ts";
import { turnOver, undisturbed, type Subject } from "#tests/manners/shop.ts";
import { milliseconds, print, printHeading, printTable, readOptions } from "./measure.ts";
import { openBench } from "./workspace-stack.ts";

const HELP = `Usage: node bench/manners.ts [--customers N] [--tool N] [--manner N] [--together 5]

Turns a small shop over at all five twins: everything read, joined, scored and written, some customers changed, read and
written again. Then once for each bad manner of each twin, switched on for a while, and compares the end: people, profiles,
consents, orders, events, figures, traits, and what every tool shows. Ends with 1 where an end is another one.

  --customers N    customers of the shop (default 60)
  --tool N         only the Nth of ${TOOL_NAMES.join(", ")}
  --manner N       only the Nth of its manners
  --together 5     one manner of each tool at once: a fifth of the loops (default 1, each alone)`;

const options = readOptions(HELP, { customers: 60, tool: 99, manner: 999, together: 1 });

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "bench-manners-"));
  const bench = await openBench();
  const failures: string[] = [];
  const stops: (() => Promise<void>)[] = [];
  try {
    const installation = { ...bench, folder };
    const facts = { seed: 11, customers: options.customers, now: Date.now() };
    printHeading(`Bad manners: ${options.customers} customers at ${TOOL_NAMES.length} tools`);
    const base = await undisturbed(installation, facts);
    stops.push(base.close);
    const again = await turnOver(installation, facts, [], base);
    print(`Without: ${sizes(base.state)}. A second time: ${again.differences.join("; ") || "the same"}`);
    const rows = [["manners", "met", "needed besides", "end", "time"]];
    for (const group of options.together === 1 ? alone() : together()) {
      const name = group.map(({ tool, name: manner }) => `${tool} ${manner}`).join(", ");
      const startedAt = performance.now();
      const { met, healedBy, differences } = await turnOver(installation, facts, group, base);
      for (const difference of differences) failures.push(`${name}: ${difference}`);
      const end = differences.length === 0 ? "the same" : `${differences.length} kinds differ`;
      rows.push([
        name,
        met === null ? "held" : String(met),
        healedBy,
        end,
        milliseconds(performance.now() - startedAt),
      ]);
      process.stderr.write(
        `${name}: ${end}, ${healedBy}\n${differences.map((line) => `  ${line.slice(0, 600)}\n`).join("")}`,
      );
    }
    printTable(rows);
    print(failures.length === 0 ? "\nEvery end is the same." : `\n${failures.join("\n")}`);
  } finally {
    for (const stop of stops) await stop();
    await bench.close();
    rmSync(folder, { recursive: true, force: true });
  }
  if (failures.length > 0) process.exitCode = 1;
}

type Named = Subject & { name: string };

const wanted = TOOL_NAMES.filter((_, n) => options.tool === 99 || options.tool === n + 1).map((tool) =>
  mannersOf(tool)
    .filter((_, n) => options.manner === 999 || options.manner === n + 1)
    .map(([name, manner]): Named => ({ tool, name, manner })),
);

/** Each manner of each tool. */
const alone = (): Named[][] => wanted.flat().map((one) => [one]);

/** The first of each tool, then the second of each, and so on. */
function together(): Named[][] {
  const longest = Math.max(...wanted.map((manners) => manners.length));
  return Array.from({ length: longest }, (_, n) => wanted.flatMap((manners) => manners[n] ?? []));
}

const sizes = (state: ShopState): string =>
  Object.entries(state)
    .map(([kind, rows]) => `${rows.length} ${kind}`)
    .join(", ");

await main();
