/** `node stack/demo-shop/grade.ts --data-dir DIR`: grades a running stack's demo shop and prints the figures. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stackState } from "#config.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import { openDatabase } from "#profile/store/database.ts";
import { BEST_CUSTOMERS } from "#profile/plan/audience.ts";
import { grade } from "./grade/grade.ts";
import { readAudience } from "./grade/tools.ts";
import { gradeLines, violationsIn } from "./grade/words.ts";
import { filesOf } from "./write.ts";

const HELP = `Usage: node stack/demo-shop/grade.ts [--data-dir DIR] [--json]

Compares what a running \`npm start\` made of its demo shop with the truth kept aside.

  --data-dir DIR   data directory of that start (default .tributary)
  --json           figures as JSON
  --help           this text

Exit code 0 when nothing was found that consent forbids, else 1.
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string", default: ".tributary" },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  const dataDir = resolve(values["data-dir"]);
  const stateFile = join(dataDir, "stack.json");
  if (!existsSync(stateFile)) throw new Error(`No stack runs in ${dataDir}: run npm start in another terminal.`);
  const state = stackState.parse(JSON.parse(readFileSync(stateFile, "utf8")));
  const database = openDatabase(state.databaseUrl, { max: 2, applicationName: "grade" });
  try {
    const result = await grade({
      database,
      workspaceId: workspaceIdOf("demo"),
      truthFolder: filesOf(join(dataDir, "twins")).truthFolder,
      twins: state.twins,
      audience: await readAudience(state.twinsControl, BEST_CUSTOMERS.name),
    });
    process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : `${gradeLines(result).join("\n")}\n`);
    return violationsIn(result) > 0 ? 1 : 0;
  } finally {
    await database.close();
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
