/** What a connector says its work takes in calls, against the calls that it makes. */
import { describe, expect, it } from "vitest";
import { unlimited } from "../call.ts";
import { callsFor, exactly } from "../costs.ts";
import type { CallCost, Range } from "../costs.ts";
import type { FieldDefinition, OpenConnection } from "../contract.ts";
import { grant } from "./grant.ts";
import { openForContract, readToEnd } from "./account.ts";
import type { Bench } from "./bench.ts";

/** More than two pages of any vendor. */
const MANY = 250;
const CHANGES = 30;
const MINUTE = 60_000;

const FIELD: FieldDefinition = {
  ...{ name: "tributary_contract_text", label: "Text", description: "Contract check", type: "text" },
};

/** A connection, and the calls that were made through it since it was last asked. */
function counting(bench: Bench): { connection: OpenConnection; taken(): Map<string, number> } {
  let calls = new Map<string, number>();
  // What is spent of a limit over several is counted where it comes from.
  const over = new Set(Object.values(bench.subject.connector.limits).map(({ within }) => within));
  const acquire = async (bucket: string) => {
    if (!over.has(bucket)) calls.set(bucket, (calls.get(bucket) ?? 0) + 1);
  };
  return {
    connection: openForContract(bench.subject.connector, bench.account, { ...unlimited, acquire }),
    taken() {
      const taken = calls;
      calls = new Map();
      return taken;
    },
  };
}

function expectWithin(
  taken: Map<string, number>,
  costs: readonly CallCost[],
  records: Range,
  all: number | null = null,
): void {
  const expected = new Map(callsFor(costs, records, all).map((calls) => [calls.bucket, calls]));
  for (const bucket of new Set([...taken.keys(), ...expected.keys()])) {
    const { least, most } = expected.get(bucket) ?? exactly(0);
    const calls = taken.get(bucket) ?? 0;
    expect(calls >= least && calls <= most, `${bucket}: ${calls} calls, and ${least} to ${most} were told`).toBe(true);
  }
}

export function testCosts(bench: Bench): void {
  const { connector, streams = Object.keys(connector.streams) } = bench.subject;
  const { costs } = connector;

  describe(`${connector.title}: what is told of calls`, () => {
    it("covers every stream and names its own limits", () => {
      expect(Object.keys(costs?.streams ?? {})).toEqual(Object.keys(connector.streams));
      const { write = { fields: [], look: [], write: [] }, audience = { ensure: [], members: [] } } = costs ?? {};
      const told = [
        ...Object.values(costs?.streams ?? {}).flatMap(({ all, changes, count = [] }) => [all, changes, count]),
        ...[costs?.check ?? [], write.fields, write.look, write.write, audience.ensure, audience.members],
      ].flatMap((part) => (typeof part === "string" ? [] : part));
      for (const { bucket } of told) expect(Object.keys(connector.limits)).toContain(bucket);
      expect(costs?.write === undefined, "tells of writing where it writes").toBe(connector.writeBack === undefined);
      expect(costs?.audience === undefined, "tells of audiences where it has some").toBe(
        connector.audiences === undefined,
      );
    });

    it("is right about who an account is", async () => {
      await bench.begin(1);
      const { connection, taken } = counting(bench);
      await connection.check();
      expectWithin(taken(), costs?.check ?? [], exactly(0));
    });

    for (const stream of streams) {
      const { all, changes, count } = costs?.streams[stream] ?? { all: "nothing", changes: "nothing" };
      if (typeof all !== "string")
        it(`is right about reading all ${stream}, and their count`, async () => {
          await bench.begin(MANY);
          const { connection, taken } = counting(bench);
          const units = await connection.units(stream, null);
          if (units !== "rows") expectWithin(taken(), count ?? [], exactly(0));
          const { pages } = await readToEnd(connection, stream);
          expectWithin(taken(), all, exactly(units === "rows" ? rowsOf(pages) : (units ?? 0)));
          if (units !== "rows") return;
          const known = await connection.count(stream);
          expect(known === null, "a vendor that counts is asked").toBe(count === undefined);
          expectWithin(taken(), count ?? [], exactly(0));
        });
      if (typeof changes !== "string")
        it(`is right about reading what changed in ${stream}, and about reading that nothing did`, async () => {
          await bench.begin(MANY);
          const { connection, taken } = counting(bench);
          let { next } = await readToEnd(connection, stream);
          for (const altered of [CHANGES, 0]) {
            for (let index = 0; index < altered; index++) await bench.alter(stream, index);
            bench.advance(120 * MINUTE);
            const units = await connection.units(stream, next);
            taken();
            const later = await readToEnd(connection, stream, next);
            expectWithin(taken(), changes, exactly(units === "rows" ? rowsOf(later.pages) : (units ?? 0)));
            next = later.next;
          }
        });
    }

    const { write } = costs ?? {};
    const { writeBack } = connector;
    if (write !== undefined && writeBack !== undefined)
      it("is right about writing and about reading it back", async () => {
        await bench.begin(MANY);
        const { connection, taken } = counting(bench);
        await connection.ensureFields([FIELD]);
        expectWithin(taken(), write.fields, exactly(1));
        const { pages } = await readToEnd(connection, writeBack.stream);
        const records = pages.flatMap((page) => page.records).filter((record) => record.kind === "person");
        const refs = records.map(({ id, createdAt }) => ({ id, createdAt }));
        taken();
        const writes = refs.map(({ id }) => ({
          ...{ id, values: { [FIELD.name]: "one" }, idempotencyKey: `key-${id}`, grant },
        }));
        await connection.write(writes);
        expectWithin(taken(), write.write, exactly(writes.length));
        await connection.readLive(refs, [FIELD.name]);
        expectWithin(taken(), write.look, exactly(refs.length), refs.length);
      });
  });
}

const rowsOf = (pages: readonly { rawCount: number }[]): number =>
  pages.reduce((sum, { rawCount }) => sum + rawCount, 0);
