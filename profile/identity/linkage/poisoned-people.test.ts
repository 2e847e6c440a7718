/** A list full of traps, through rules and scores together: who is joined, who is not, and who is left to a person. */
import { beforeAll, expect, it } from "vitest";
import type { RecordId } from "#profile/ids.ts";
import { resolve } from "../resolve.ts";
import { scoreAll } from "./in-memory.ts";
import { poisonedPeople, trapKinds, unknowable } from "./poisoned-people.ts";

const list = poisonedPeople(2_200);
const clusterOf = new Map<RecordId, string>();
let wrong: string[];

beforeAll(async () => {
  const comparable = list.flatMap(({ record: { recordId }, facts }) => (facts === null ? [] : [{ recordId, facts }]));
  const { scored } = await scoreAll(comparable, { randomPairs: 40_000 });
  const records = list.map(({ record }) => record);
  const { clusters } = resolve({ records, overflowing: new Set(), cuts: [], mustLinks: [], scored });
  const entries = new Map(list.map((entry) => [entry.record.recordId, entry]));
  for (const { profileId, recordIds } of clusters) for (const id of recordIds) clusterOf.set(id, profileId);
  wrong = clusters.flatMap(({ recordIds }) => {
    const people = new Map(recordIds.map((id) => [entries.get(id)?.person, entries.get(id)?.kind]));
    return people.size > 1 ? [...new Set(people.values())].join(", ") : [];
  });
}, 60_000);

it("joins hardly anybody who is somebody else", () => {
  // An office whose mailbox tags stand before two of one given name.
  expect(wrong.filter((kinds) => kinds !== "tags of a company's mailbox")).toEqual([]);
  expect(wrong.length).toBeLessThanOrEqual(1);
});

it.each(trapKinds)("finds who belongs together: %s", (kind) => {
  const people = Map.groupBy(
    list.filter((entry) => entry.kind === kind),
    ({ person }) => person,
  );
  let [joined, missed] = [0, 0];
  for (const records of people.values()) {
    const clusters = records.map(({ record }) => clusterOf.get(record.recordId));
    if (clusters.length < 2) continue;
    if (new Set(clusters).size === 1) joined++;
    else missed++;
  }
  // Two family names may be alike by chance.
  if (unknowable.has(kind)) expect(joined).toBeLessThanOrEqual(0.05 * (joined + missed));
  else expect(missed).toBeLessThanOrEqual(0.05 * (joined + missed));
});
