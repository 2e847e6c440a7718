/** The list every connector passes against its twin, with its real SDK over real HTTP. Vendor oddities come on top. */
import { afterEach, describe, expect, it } from "vitest";
import { lastWords, readToEnd } from "./account.ts";
import type { ContractSubject } from "./account.ts";
import { Bench } from "./bench.ts";
import { testCosts } from "./costs.ts";
import { testDisturbances } from "./disturbances.ts";
import { testFigures } from "./figures.ts";
import { testReading } from "./reading.ts";
import { testWriteBack } from "./write-back.ts";

export { openForContract, peopleOf, readToEnd } from "./account.ts";
export type { ContractAccess, ContractAccount, ContractSubject, Golden } from "./account.ts";

export function testConnector(subject: ContractSubject): void {
  const { connector } = subject;
  const bench = new Bench(subject);
  afterEach(() => bench.end());

  it(`${connector.title} says which account it is`, async () => {
    const identity = await (await bench.begin(1)).check();
    expect(identity.account, "what tells the account from others").not.toBe("");
    expect(identity.title, "what people call the account").not.toBe("");
    expect(await bench.open().check(), "the same account, asked again").toEqual(identity);
  });

  for (const stream of subject.streams ?? Object.keys(connector.streams)) {
    if (bench.countsDays(stream)) testFigures(bench, stream);
    else testReading(bench, stream);
    if (connector.baseUrl !== null) testDisturbances(bench, stream);
  }
  if (subject.merges === true) testMerge(bench);
  if (connector.writeBack !== undefined) testWriteBack(bench);
  if (connector.baseUrl !== null) testCosts(bench);
}

function testMerge(bench: Bench): void {
  const { streams, title, writeBack } = bench.subject.connector;
  const stream = writeBack?.stream ?? Object.keys(streams).find((name) => streams[name]?.kind === "person") ?? "";

  describe(`${title}: merging`, () => {
    it("says into whom a person was merged", async () => {
      const connection = await bench.begin(5);
      const full = await readToEnd(connection, stream);
      await bench.offered("merge")(1, 3);
      const later = await readToEnd(connection, stream, full.next);
      const [winner, loser] = [bench.account.idOf(stream, 1), bench.account.idOf(stream, 3)];
      // Whether a merge changes the record that stays is the vendor's affair.
      const people = lastWords([...full.pages, ...later.pages], "person");
      expect(people.get(loser), `the merged record ${loser}`).toMatchObject({ deleted: true, mergedInto: winner });
      expect(people.get(winner)?.deleted, `the record that stays, ${winner}, is deleted`).toBe(false);
    });

    if (writeBack !== undefined)
      it("says so of the live record too, before anything is written to it", async () => {
        const connection = await bench.begin(5);
        await bench.offered("merge")(1, 3);
        const [winner, loser] = [bench.account.idOf(stream, 1), bench.account.idOf(stream, 3)];
        expect(await connection.readLive([{ id: loser }, { id: winner }], [])).toEqual([
          { id: loser, state: "merged", mergedInto: winner, values: {} },
          { id: winner, state: "live", values: {} },
        ]);
      });
  });
}
