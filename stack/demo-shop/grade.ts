/** `node stack/demo-shop/grade.ts --data-dir DIR`: grades a running stack's demo shop and prints the figures. */
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stackState } from "#config.ts";
import { workspaceIdOf } from "#profile/ids.ts";
import { openDatabase } from "#profile/store/database.ts";
import type { ConsentCount } from "./grade/consent.ts";
import { grade, type Grade, type IdentityGrade } from "./grade/grade.ts";
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
    });
    process.stdout.write(values.json ? `${JSON.stringify(result, null, 2)}\n` : table(result));
    return Object.values(result.consent).some(({ violations }) => violations > 0) ? 1 : 0;
  } finally {
    await database.close();
  }
}

function table({ identity, identityAll, consent, fields, churn, purchases }: Grade): string {
  const rows: [string, string][] = [
    ["Identity, records with a contact detail", identityLine(identity)],
    [
      "  B-cubed",
      `precision ${share(identity.bCubedPrecision)}, recall ${share(identity.bCubedRecall)}, F1 ${share(identity.bCubedF1)}`,
    ],
    ["Identity, all records of people", identityLine(identityAll)],
    ["Records without a profile", String(identityAll.missing)],
    ["Actions that message, profiles", consentLine(consent.messages)],
    ["Actions that message, in the tools", consentLine(consent.messagesWritten)],
    ["Records with our fields, in the tools", consentLine(consent.profiled)],
    [
      "HubSpot contacts with all fields right",
      `${fields.right} of ${fields.contacts} (${percent(fields.right, fields.contacts)}; ${fields.filled} with values)`,
    ],
    ...Object.entries(fields.wrong).map(([name, count]): [string, string] => [`  wrong ${name}`, String(count)]),
    [
      "Churn risk, leavers against stayers",
      `AUC ${churn.auc === null ? "-" : churn.auc.toFixed(3)} (${churn.leavers} left, ${churn.stayers} stayed, ${churn.unscored} unscored)`,
    ],
    [
      "Buyers with exact order count and spend",
      `${purchases.exact} of ${purchases.people} (${percent(purchases.exact, purchases.people)})`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}\n`).join("");
}

const identityLine = (grade: IdentityGrade) =>
  `pairs: precision ${share(grade.pairPrecision)}, recall ${share(grade.pairRecall)}, F1 ${share(grade.f1)}; ` +
  `${grade.records} records, ${grade.trueClusters} people, ${grade.predictedClusters} profiles, ${percent(grade.overMergeRate, 1)} mixed`;

const consentLine = ({ count, violations, outOfSight }: ConsentCount) =>
  `${count}, against consent: ${violations} (and ${outOfSight} refused only on a record not joined)`;

const share = (value: number) => value.toFixed(4);
const percent = (part: number, whole: number) => `${whole === 0 ? "0.0" : ((100 * part) / whole).toFixed(1)} %`;

main().then(
  (code) => (process.exitCode = code),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 2;
  },
);
