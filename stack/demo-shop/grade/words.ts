/** The grade as lines for people. */
import { connectorOf } from "#connectors/registry.ts";
import type { ConsentCount } from "./consent.ts";
import type { Grade, IdentityGrade } from "./grade.ts";

export function gradeLines(grade: Grade): string[] {
  const { identity, identityAll, consent, clicks, figures, twice, churn, purchases } = grade;
  const rows: [string, string][] = [
    ["Who is who", identityLine(identity)],
    ["  also by card alone", identityLine(identityAll)],
    ...consentRows(consent),
    ...Object.entries(grade.fields).flatMap(([tool, fields]): [string, string][] => [
      [
        `Fields shown by ${connectorOf(tool).title}`,
        `${count(fields.right)} of ${count(fields.records)} records right, ${count(fields.filled)} of them with values`,
      ],
      ...Object.entries(fields.wrong).map(([name, wrong]): [string, string] => [`  wrong ${name}`, count(wrong)]),
    ]),
    ...completenessRows(grade.streams),
    ["Clicks on adverts", clickLine(clicks)],
    ["Figures by day", `${count(figures.right)} of ${count(figures.sums)} sums right`],
    [
      "Sales that two tools tell of",
      `${count(twice.sales)}, of which ${count(twice.counted)} stand in a profile as two orders`,
    ],
    ["Order count and spend", `exact for ${count(purchases.exact)} of ${count(purchases.people)} buyers`],
    [
      "Churn risk, leavers and stayers",
      `AUC ${churn.auc === null ? "-" : churn.auc.toFixed(3)} (${count(churn.leavers)} left, ${count(churn.stayers)} stayed, ${count(churn.unscored)} unscored)`,
    ],
  ];
  const width = Math.max(...rows.map(([name]) => name.length));
  return rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
}

/** What was done against somebody's word. */
export const violationsIn = ({ consent }: Pick<Grade, "consent">): number =>
  Object.values(consent).reduce((sum: number, { violations }: ConsentCount) => sum + violations, 0);

function consentRows({ messages, messagesWritten, profiled, adverts, opens }: Grade["consent"]): [string, string][] {
  return [
    ["Against consent: messages to send", consentLine(messages, "profiles")],
    ["  messages shown in the tools", consentLine(messagesWritten, "records")],
    ["  fields on whoever objected", consentLine(profiled, "records")],
    ["  people in the adverts audience", consentLine(adverts, "people")],
    ["  opened letters that are kept", consentLine(opens, "people")],
  ];
}

const consentLine = ({ count: all, violations, outOfSight }: ConsentCount, what: string) =>
  `${count(violations)} of ${count(all)} ${what}${outOfSight === 0 ? "" : ` (${count(outOfSight)} refused only on a record that nothing joins)`}`;

/** A line a tool: its streams, as found of all there are. */
function completenessRows(streams: Grade["streams"]): [string, string][] {
  const byTool = Map.groupBy(Object.entries(streams), ([stream]) => stream.slice(0, stream.indexOf("/")));
  return [...byTool].map(([tool, all]) => [
    `Read of ${tool === "csv" ? "the till" : connectorOf(tool).title}`,
    all
      .map(([stream, { rows, found }]) => {
        const name = stream.slice(tool.length + 1).replaceAll("_", " ");
        return found === rows ? `all ${count(rows)} ${name}` : `${count(found)} of ${count(rows)} ${name}`;
      })
      .join(", "),
  ]);
}

const clickLine = ({ clicks, known, joined, wrong, outOfSight }: Grade["clicks"]) =>
  `${count(joined)} of ${count(known)} that a contact holds joined to it, ${count(wrong)} to anybody else${outOfSight === 0 ? "" : ` (${count(outOfSight)} to whom the link was passed)`}; ${count(clicks)} in all`;

const identityLine = ({ pairPrecision, pairRecall, records, trueClusters, predictedClusters }: IdentityGrade) =>
  `precision ${share(pairPrecision)}, recall ${share(pairRecall)} (pairs); ${count(records)} records, ${count(trueClusters)} people, ${count(predictedClusters)} profiles`;

const share = (value: number) => value.toFixed(4);
const count = (value: number): string => value.toLocaleString("en");
