/** The list every connector passes against its twin, with its real SDK over real HTTP. Vendor oddities come on top. */
import { afterEach, describe, expect, it } from "vitest";
import { lastWords, readToEnd } from "./account.ts";
import type { ContractSubject } from "./account.ts";
import { Bench } from "./bench.ts";
import { testDisturbances } from "./disturbances.ts";
import { testReading } from "./reading.ts";
import { testWriteBack } from "./write-back.ts";

export { openForContract, peopleOf, readToEnd } from "./account.ts";
export type { ContractAccess, ContractAccount, ContractSubject, Golden } from "./account.ts";

export function testConnector(subject: ContractSubject): void {
  const { connector } = subject;
  const bench = new Bench(subject);
  afterEach(() => bench.end());

  it(`${connector.title} says which account it is`, async () => {
    const connection = await bench.begin(1);
    expect((await connection.check()).account).not.toBe("");
  });

  for (const stream of subject.streams ?? Object.keys(connector.streams)) {
    testReading(bench, stream);
    if (connector.baseUrl !== null) testDisturbances(bench, stream);
  }
  if (subject.merges === true) testMerge(bench);
  if (connector.writeBack !== undefined) testWriteBack(bench);
}

function testMerge(bench: Bench): void {
  const stream = bench.subject.connector.writeBack?.stream ?? "";

  describe(`${bench.subject.connector.title}: merging`, () => {
    it("says into whom a person was merged", async () => {
      const connection = await bench.begin(5);
      const full = await readToEnd(connection, stream);
      await bench.offered("merge")(1, 3);
      const people = lastWords((await readToEnd(connection, stream, full.next)).pages, "person");
      const loser = people.get(bench.account.idOf(stream, 3));
      expect(loser).toMatchObject({ deleted: true, mergedInto: bench.account.idOf(stream, 1) });
      expect(people.get(bench.account.idOf(stream, 1))?.deleted).toBe(false);
    });
  });
}
