/**
 * `npm run test:mutation`: makes each mistake that a connector names in a copy of the project, runs the tests that it concerns, and says which
 * test noticed it. Ends with 1 when more than two go unnoticed, or when a mistake no longer fits the source.
 *
 * Options: `--only WORDS` (mistakes whose description holds them).
 */
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { knownMistakes } from "./mistakes.ts";
import type { KnownMistake } from "./mistakes.ts";

const ROOT = join(import.meta.dirname, "../..");
const MAY_ESCAPE = 2;
/** Two copies at most: the twins and their clients take a core each. */
const COPIES = Math.min(2, availableParallelism());

const report = z.object({
  numTotalTests: z.number(),
  testResults: z.array(
    z.object({
      message: z.string(),
      assertionResults: z.array(z.object({ status: z.string(), fullName: z.string() })),
    }),
  ),
});

interface Finding {
  mistake: KnownMistake;
  /** The first test that failed; null: none did. */
  caughtBy: string | null;
}

/** The project without what is not its own, in a folder that may be spoilt. */
function copyProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "tributary-mutation-"));
  const listed = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", listed, { cwd: ROOT, encoding: "utf8" }).split("\n");
  for (const file of files.filter((name) => name !== "" && !name.startsWith("docs/"))) {
    mkdirSync(join(folder, dirname(file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return folder;
}

async function examine(folder: string, mistake: KnownMistake): Promise<Finding> {
  const path = join(folder, mistake.folder, mistake.file);
  const right = readFileSync(path, "utf8");
  writeFileSync(path, mistaken(mistake, right));
  try {
    return { mistake, caughtBy: await firstFailure(folder, mistake) };
  } finally {
    writeFileSync(path, right);
  }
}

function mistaken({ what, vendor, file, edits }: KnownMistake, source: string): string {
  return edits.reduce((text, [find, replace]) => {
    const parts = text.split(find);
    if (parts.length !== 2)
      throw new Error(`"${what}" does not fit ${vendor}/${file} any more: ${parts.length - 1} places.`);
    return parts.join(replace);
  }, source);
}

async function firstFailure(folder: string, { vendor, tests }: KnownMistake): Promise<string | null> {
  const output = join(folder, "report.json");
  rmSync(output, { force: true });
  const vitest = join(ROOT, "node_modules/vitest/vitest.mjs");
  const wanted = ["run", "--project=unit", "--bail=1", "--reporter=json", `--outputFile=${output}`];
  const child = spawn(process.execPath, [vitest, ...wanted, tests], {
    cwd: folder,
    stdio: "ignore",
  });
  await once(child, "exit");
  const { testResults, numTotalTests } = report.parse(JSON.parse(readFileSync(output, "utf8")));
  const failed = testResults.flatMap((file) => file.assertionResults).find(({ status }) => status === "failed");
  if (failed !== undefined) return failed.fullName;
  const broken = testResults.find(({ message }) => message !== "");
  if (broken !== undefined || numTotalTests === 0)
    throw new Error(`The tests of ${vendor} did not run: ${broken?.message ?? "none found"}`);
  return null;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { only: { type: "string", default: "" } } });
  const queue = (await knownMistakes()).filter(({ what, vendor }) => `${vendor}: ${what}`.includes(values.only));
  const findings: Finding[] = [];
  const total = queue.length;
  const startedAt = Date.now();
  await Promise.all(
    Array.from({ length: COPIES }, async () => {
      const folder = copyProject();
      try {
        for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
          const finding = await examine(folder, next);
          findings.push(finding);
          process.stdout.write(`${line(finding)}\n`);
        }
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    }),
  );
  const escaped = findings.filter(({ caughtBy }) => caughtBy === null).length;
  const seconds = Math.round((Date.now() - startedAt) / 1000);
  process.stdout.write(`\n${total - escaped} of ${total} mistakes caught in ${seconds} s.\n`);
  if (escaped > MAY_ESCAPE) process.exitCode = 1;
}

function line({ mistake, caughtBy }: Finding): string {
  return `| ${mistake.vendor}: ${mistake.what} | ${caughtBy ?? "**not caught**"} |`;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
});
