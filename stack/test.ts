/**
 * `npm test`: every check there is, or the layers named.
 *
 *     npm test                                 everything
 *     npm test -- unit replay                  these layers (types, lint, unit, integration, replay)
 *     npm test -- unit identity                tests of the layer whose path contains "identity"
 *     npm test -- -t "merge protection"        what vitest makes of it
 *
 * Ends with the line `N passed, N failed`: every test counts one, and so does every static check.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { StackError } from "./stack-error.ts";
import { findTemporal } from "./temporal/program.ts";
import { countTests, type TestCounts } from "./vitest-report.ts";

const STATIC = ["types", "lint"] as const;
const TESTED = ["unit", "integration", "replay"] as const;
type Tested = (typeof TESTED)[number];
type Layer = (typeof STATIC)[number] | Tested;
const NOTHING: TestCounts = { passed: 0, failed: 0, skipped: 0 };

const root = fileURLToPath(new URL("../", import.meta.url));
const CHECKS: Record<(typeof STATIC)[number], [name: string, program: string, args: string[]][]> = {
  types: [["types", "typescript/bin/tsc", ["--noEmit", "--project", "."]]],
  lint: [
    ["lint", "oxlint/bin/oxlint", ["--type-aware", "--deny-warnings"]],
    ["format", "oxfmt/bin/oxfmt", ["--check"]],
    ["unused code and dependencies", "knip/bin/knip.js", []],
  ],
};

const { layers, filters } = parseArguments(process.argv.slice(2));
const results: ({ name: string } & TestCounts)[] = [];
const startedAt = performance.now();
await runChecks(STATIC.filter((layer) => layers.includes(layer)));
await runTests(TESTED.filter((layer) => layers.includes(layer)));
report();

function parseArguments(args: string[]): { layers: Layer[]; filters: string[] } {
  const all: readonly Layer[] = [...STATIC, ...TESTED];
  const named = args.filter((arg): arg is Layer => all.some((layer) => layer === arg));
  const filters = args.filter((arg) => !all.some((layer) => layer === arg));
  // With a filter alone the static checks would be noise: somebody looks for certain tests.
  const chosen = named.length > 0 ? named : filters.length > 0 ? TESTED : all;
  return { layers: all.filter((layer) => chosen.includes(layer)), filters };
}

/** All at once; what they say comes one after the other. */
async function runChecks(chosen: (typeof STATIC)[number][]): Promise<void> {
  const environment = process.stdout.isTTY ? { FORCE_COLOR: "1", ...process.env } : process.env;
  const running = chosen
    .flatMap((layer) => CHECKS[layer])
    .map(([name, program, args]) => {
      const said: string[] = [];
      return { name, said, ended: run(program, args, environment, (text) => said.push(text)) };
    });
  for (const { name, said, ended } of running) {
    const code = await ended;
    process.stdout.write(`\n── ${name}\n${said.join("")}`);
    results.push({ name, passed: code === 0 ? 1 : 0, failed: code === 0 ? 0 : 1, skipped: 0 });
  }
}

/** All layers in one run of vitest: while tests of one wait for a server, others have the processor. */
async function runTests(chosen: Tested[]): Promise<void> {
  let environment = process.env;
  try {
    if (chosen.some((layer) => layer !== "unit")) environment = await withTemporal();
  } catch (error) {
    if (!(error instanceof StackError)) throw error;
    process.stdout.write(`${error.message}\n`);
    for (const name of chosen.filter((layer) => layer !== "unit")) results.push({ name, ...NOTHING, failed: 1 });
    return await runTests(chosen.filter((layer) => layer === "unit"));
  }
  if (chosen.length === 0) return;
  process.stdout.write(`\n── ${chosen.join(", ")}\n`);
  const folder = mkdtempSync(join(tmpdir(), "tributary-report-"));
  try {
    const reportFile = join(folder, "report.json");
    const code = await run(
      "vitest/vitest.mjs",
      [
        "run",
        ...chosen.map((layer) => `--project=${layer}`),
        ...filters,
        "--reporter=default",
        "--reporter=json",
        `--outputFile.json=${reportFile}`,
        ...(filters.length > 0 ? ["--passWithNoTests"] : []),
      ],
      environment,
    );
    const counts = existsSync(reportFile)
      ? countTests(readFileSync(reportFile, "utf8"), layerOf)
      : new Map<Tested, TestCounts>();
    for (const name of chosen) results.push({ name, ...(counts.get(name) ?? NOTHING) });
    // An error outside every test, such as an unhandled rejection, fails the run and belongs to no test.
    const outside = code !== 0 && chosen.every((name) => (counts.get(name)?.failed ?? 0) === 0);
    if (outside) results.push({ name: "outside of every test", ...NOTHING, failed: 1 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** As vitest.config.ts divides them. */
function layerOf(file: string): Tested {
  const [first, second] = relative(root, file).split(sep);
  if (first !== "tests") return "unit";
  return second === "replay" ? "replay" : "integration";
}

async function withTemporal(): Promise<NodeJS.ProcessEnv> {
  const log = (line: string) => process.stdout.write(`${line}\n`);
  return { ...process.env, TEMPORAL_CLI_PATH: await findTemporal({ log, environment: process.env }) };
}

/**
 * Runs a package's program on this Node.
 *
 * @param hear gets what it says, which else goes where our own output goes
 * @returns the exit code; 1 when it was killed
 */
function run(
  program: string,
  args: string[],
  environment: NodeJS.ProcessEnv,
  hear?: (text: string) => void,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const output = hear === undefined ? "inherit" : "pipe";
    const child = spawn(process.execPath, [join(root, "node_modules", program), ...args], {
      cwd: root,
      stdio: ["inherit", output, output],
      env: { ...environment, PATH: `${dirname(process.execPath)}${delimiter}${environment["PATH"] ?? ""}` },
    });
    const end = () => child.kill("SIGTERM");
    process.once("SIGTERM", end);
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => hear?.(text));
    child.on("error", reject);
    // "close": after the last of what it says.
    child.on("close", (code) => {
      process.off("SIGTERM", end);
      resolve(code ?? 1);
    });
  });
}

function report(): void {
  const total = (key: keyof TestCounts) => results.reduce((sum, result) => sum + result[key], 0);
  process.stdout.write(`\n── ${((performance.now() - startedAt) / 1000).toFixed(0)} s\n`);
  for (const { name, passed, failed, skipped } of results) {
    const mark = failed > 0 ? "✗" : "✓";
    process.stdout.write(
      `${mark} ${name}: ${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} not run` : ""}\n`,
    );
  }
  const failed = total("failed");
  // Nothing run is no success: a filter that matches nothing is a mistyped one.
  if (total("passed") + failed === 0) process.stdout.write("No test matches.\n");
  process.stdout.write(`${total("passed")} passed, ${failed} failed\n`);
  process.exitCode = failed > 0 || total("passed") === 0 ? 1 : 0;
}
