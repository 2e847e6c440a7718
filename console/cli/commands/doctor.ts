import type { Command } from "commander";
import { examine } from "../doctor/examine.ts";
import type { Finding } from "../doctor/finding.ts";
import { CommandFailure } from "../failure.ts";
import { plural, print } from "../output.ts";
import type { OutputOptions } from "../output.ts";

export function doctorCommand(program: Command): void {
  program
    .command("doctor")
    .description("check that everything is in place and say what to do where it is not")
    .option("--json", "print JSON")
    .option("--repair", "make refresh schedules that are missing, and remove those of workspaces that are gone")
    .action(async (options: OutputOptions & { repair?: true }) => {
      const findings = await examine({ repair: options.repair === true });
      print(options, findings, render);
      const failed = findings.filter(({ state }) => state === "fail").length;
      if (failed > 0) throw new CommandFailure(`${plural(failed, "finding needs", "findings need")} attention.`);
    });
}

function render(findings: Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const indent = " ".repeat(6 + width + 2);
  return findings
    .flatMap(({ state, check, says, todo }) => [
      `${(state === "fail" ? "FAIL" : state).padEnd(6)}${check.padEnd(width)}  ${says}`,
      ...(todo === null ? [] : [`${indent}→ ${todo}`]),
    ])
    .join("\n");
}
