/** Writing our fields and reading them back: one answer per record, true ones, whatever happens in between. */
import { describe, expect, it } from "vitest";
import type { FieldDefinition, OpenConnection, RecordRef, RecordWrite, WriteContext } from "../contract.ts";
import { ConnectorError } from "../errors.ts";
import { grant } from "./grant.ts";
import { expectDiscreet, expectNoRefusals, failureOf, peopleOf, readToEnd } from "./account.ts";
import type { Bench } from "./bench.ts";
import { served } from "./disturbances.ts";

const FIELDS: FieldDefinition[] = [
  { name: "tributary_contract_text", label: "Text", description: "Contract check", type: "text" },
  { name: "tributary_contract_number", label: "Number", description: "Contract check", type: "number" },
  { name: "tributary_contract_time", label: "Time", description: "Contract check", type: "datetime" },
  {
    name: "tributary_contract_choice",
    label: "Choice",
    description: "Contract check",
    type: "enumeration",
    options: [
      { value: "low", label: "Low" },
      { value: "high", label: "High" },
    ],
  },
];
const FIELD_NAMES = FIELDS.map((field) => field.name);
const TYPES = Object.fromEntries(FIELDS.map(({ name, type }) => [name, type]));
const TEXT = "tributary_contract_text";
/** As they are called at the tools we know. */
const PERMISSIONS = [
  ..."hs_email_optout hs_legal_basis hs_marketable_status $consent email_consent accepts_marketing subscribed".split(
    " ",
  ),
  ..."unsubscribed_at do_not_contact doNotCall gdpr_status sms_opt_in email_suppressed HasOptedOutOfEmail".split(" "),
];
const CHOICE = "tributary_contract_choice";

const write = (id: string, values: RecordWrite["values"], key = `key-${id}`): RecordWrite => ({
  ...{ id, values, idempotencyKey: key, grant },
});

const refsOf = (ids: string[]): RecordRef[] => ids.map((id) => ({ id }));

export function testWriteBack(bench: Bench): void {
  const { connector, without = {} } = bench.subject;
  const stream = connector.writeBack?.stream ?? "";
  /** More than two batches. */
  const MANY = 2 * (connector.writeBack?.batchSize ?? 0) + 30;
  const ready = async (people: number) => {
    const opened = await bench.begin(people);
    // As the framework does: vendors that have no definitions type a value by how it is sent.
    const context: WriteContext = { types: TYPES, begun: async () => undefined };
    const connection: OpenConnection = { ...opened, write: (writes) => opened.write(writes, context) };
    await connection.ensureFields(FIELDS);
    const ids = Array.from({ length: people }, (_, index) => bench.account.idOf(stream, index));
    return { connection, ids };
  };
  const textsOf = async (connection: OpenConnection, ids: string[]) =>
    (await connection.readLive(refsOf(ids), [TEXT])).map((record) => record.values[TEXT]);

  /** Whatever was answered: what is called written is there, and nothing of the vendor's own words is passed on. */
  const expectTrue = async (connection: OpenConnection, writes: RecordWrite[]) => {
    const results = await connection.write(writes);
    expect(results.map(({ id }) => id)).toEqual(writes.map(({ id }) => id));
    expectDiscreet(JSON.stringify(results), bench.account);
    const live = await textsOf(
      connection,
      results.map(({ id }) => id),
    );
    const untrue = results.filter(
      ({ outcome }, n) => outcome === "written" && (live[n] ?? null) !== (writes[n]?.values[TEXT] ?? null),
    );
    expect(untrue, "called written, and is not there").toEqual([]);
    return results;
  };

  describe(`${connector.title}: write-back`, () => {
    it("makes its fields once, of their own type and visible, and finds them in place the second time", async () => {
      const { connection } = await ready(1);
      const again = await connection.ensureFields(FIELDS);
      expect(again.map(({ outcome }) => outcome)).toEqual(FIELDS.map(() => "exists"));
      const { fieldOf } = bench.vendor;
      if (fieldOf === undefined) return;
      for (const { name, type } of FIELDS) expect({ name, ...fieldOf(name) }).toEqual({ name, type, hidden: false });
    });

    it("does not call a field of another type its own", async () => {
      const { connection } = await ready(1);
      if (bench.vendor.fieldOf === undefined) return;
      const other = { name: TEXT, label: "Text", description: "Contract check", type: "number" } as const;
      const [report] = await connection.ensureFields([other]);
      expect(report, "a number where a text is").toMatchObject({ name: TEXT, outcome: "conflict" });
      expect(report?.reason ?? "", "what is in the way and what to do").not.toBe("");
    });

    it("says of its fields what they are, and of a name that is free that it is", async () => {
      const { connection } = await ready(1);
      const defined = bench.vendor.fieldOf !== undefined;
      for (const { name, type } of FIELDS)
        expect(await connection.describeField(name)).toMatchObject(
          defined ? { state: "present", name, type, ours: true } : { state: "undefined" },
        );
      const free = await connection.describeField("tributary_contract_nowhere");
      expect(free).toEqual({ state: defined ? "absent" : "undefined" });
    });

    it("writes the longest value that it says the vendor stores", async () => {
      const { connection, ids } = await ready(1);
      const longest = "x".repeat(connector.writeBack?.maxValueLength ?? 0);
      await expectTrue(
        connection,
        ids.map((id) => write(id, { [TEXT]: longest })),
      );
      expect((await textsOf(connection, ids)).map((text) => text?.length)).toEqual([longest.length]);
    });

    it("writes, reads back, clears, and answers one result per record in order, over several batches", async () => {
      const { connection, ids } = await ready(MANY);
      const results = await expectTrue(
        connection,
        ids.map((id, n) => write(id, { [TEXT]: `value ${n}`, [CHOICE]: "low" })),
      );
      expect(new Set(results.map(({ outcome }) => outcome))).toEqual(new Set(["written"]));
      expect(await textsOf(connection, ids)).toEqual(ids.map((_, n) => `value ${n}`));
      expectNoRefusals(bench.account);
      const first = ids.slice(0, 1);
      await connection.write(first.map((id) => write(id, { [TEXT]: null }, `clear-${id}`)));
      expect((await connection.readLive(refsOf(first), [TEXT, CHOICE]))[0]?.values).toEqual({
        [TEXT]: null,
        [CHOICE]: "low",
      });
    });

    it("is never given a property that carries a permission, under whatever name tools give it", async () => {
      const { connection, ids } = await ready(1);
      const [id = ""] = ids;
      for (const name of PERMISSIONS) {
        const results = await connection.write([write(id, { [TEXT]: "value", [name]: "true" }, `${name}-${id}`)]);
        expect(results, name).toMatchObject([{ id, outcome: "rejected", reason: expect.stringContaining(name) }]);
      }
      expect(await textsOf(connection, ids), "nothing of them is written").not.toContain("value");
    });

    it("writes every type of field so that it reads back the same", async () => {
      const { connection, ids } = await ready(1);
      const [id = ""] = ids;
      const values = {
        [TEXT]: "Ada & Bel",
        tributary_contract_number: "0.25",
        tributary_contract_time: "2026-03-01T00:00:00.000Z",
        [CHOICE]: "high",
      };
      expect((await connection.write([write(id, values)]))[0]?.outcome).toBe("written");
      expect((await connection.readLive([{ id }], FIELD_NAMES))[0]?.values).toEqual(values);
    });

    it("writes the same thing twice with one effect", async () => {
      const { connection, ids } = await ready(1);
      for (const attempt of [1, 2]) {
        const [result] = await connection.write(ids.map((id) => write(id, { [TEXT]: "same" }, "one-key")));
        expect([attempt, result?.outcome]).toEqual([attempt, "written"]);
      }
      expect(await textsOf(connection, ids)).toEqual(["same"]);
      const { idempotencyKeys } = bench.vendor;
      if (idempotencyKeys !== null) expect([...idempotencyKeys], "keys that went with the writes").toEqual(["one-key"]);
    });

    it("does not take its own write for news", async () => {
      const { connection, ids } = await ready(3);
      const full = await readToEnd(connection, stream);
      const [id = ""] = ids;
      await connection.write([write(id, { [TEXT]: "ours" })]);
      const echoed = peopleOf((await readToEnd(connection, stream, full.next)).pages).get(id);
      const before = peopleOf(full.pages).get(id);
      if (echoed !== undefined) expect({ ...echoed, updatedAt: null }).toEqual({ ...before, updatedAt: null });
    });

    it("answers for a record that is gone, and one the vendor refuses, without failing the others", async () => {
      const { connection, ids } = await ready(6);
      await bench.offered("remove")(stream, 1);
      bench.vendor.faults.entryError.add(ids[3] ?? "");
      const outcomes = (
        await expectTrue(
          connection,
          ids.map((id) => write(id, { [TEXT]: "here" })),
        )
      ).map(({ outcome }) => outcome);
      const refused = "entryError" in without ? "written" : "rejected";
      expect(outcomes).toEqual(["written", "gone", "written", refused, "written", "written"]);
      expect((await connection.readLive(refsOf(ids.slice(1, 2)), [TEXT]))[0]?.state).toBe("gone");
    });

    it("keeps the answers it has when it is told to slow down in the middle", async () => {
      const { connection, ids } = await ready(MANY);
      let answered = 0;
      bench.vendor.faults.afterAnswer = () => {
        answered += 1;
        if (answered === 2) bench.vendor.faults.throttle = { count: 1_000, retryAfterSeconds: 1 };
      };
      const results = await connection.write(ids.map((id) => write(id, { [TEXT]: "here" })));
      bench.vendor.faults.afterAnswer = null;
      bench.vendor.faults.throttle = { count: 0 };
      const written = results.filter(({ outcome }) => outcome === "written").map(({ id }) => id);
      expect(written.length, "answers kept").toBeGreaterThan(0);
      const others = results.filter(({ outcome }) => outcome !== "written");
      expect(new Set(others.map(({ outcome }) => outcome))).toEqual(new Set(["retry"]));
      const live = await textsOf(connection, ids);
      expect(ids.filter((_, n) => live[n] === "here")).toEqual(written);
    });

    if (!("partial207" in without))
      it("calls nothing written that the vendor left out of its answer", async () => {
        const { connection, ids } = await ready(5);
        bench.vendor.faults.partial207 = 10;
        // Left out, and not done either.
        bench.vendor.faults.silentNoOp.add(ids.at(-1) ?? "");
        const results = await expectTrue(
          connection,
          ids.map((id) => write(id, { [TEXT]: "here" })),
        );
        expect(results.map(({ outcome }) => outcome)).not.toContain("rejected");
      });

    it("writes once more after a reply that broke off, with one effect", async () => {
      const { connection, ids } = await ready(3);
      bench.vendor.faults.dropReply = 1;
      const writes = ids.map((id) => write(id, { [TEXT]: "here" }));
      const first = await connection.write(writes).catch((error: unknown) => error);
      if (first instanceof Error) expect(first).toMatchObject({ kind: "transient" });
      const results = await connection.write(writes);
      expect(results.map(({ outcome }) => outcome)).toEqual(["written", "written", "written"]);
      expect(await textsOf(connection, ids)).toEqual(["here", "here", "here"]);
    });

    it("blames no record for what concerns them all: the credentials, a permission, a broken server", async () => {
      const { connection, ids } = await ready(3);
      const { faults, permissionToWrite } = bench.vendor;
      const writes = ids.map((id) => write(id, { [TEXT]: "here" }));
      faults.revoked = true;
      expect((await failureOf(connection.write(writes)))?.kind, "revoked credentials").toBe("auth");
      faults.revoked = false;
      if (permissionToWrite === undefined) throw new Error('The contract account must offer "permissionToWrite".');
      faults.denied.add(permissionToWrite);
      const denied = await failureOf(connection.write(writes));
      expect([denied?.kind, denied?.message], "a missing permission").toEqual([
        "permission",
        expect.stringContaining(permissionToWrite),
      ]);
      faults.denied.clear();
      faults.breakServer = { count: 100 };
      const broken = await settled(connection.write(writes));
      expect(
        broken.filter(({ outcome }) => outcome !== "retry"),
        "a broken server",
      ).toEqual([]);
      faults.breakServer = { count: 0 };
      expect(await textsOf(connection, ids)).toEqual([null, null, null]);
    });

    it("asks the vendor nothing where there is nothing to ask", async () => {
      const { connection } = await ready(1);
      expect([await connection.write([]), await connection.readLive([], [TEXT])]).toEqual([[], []]);
    });

    it("takes nobody's 404 but the vendor's own for the word that a record is gone", async () => {
      const { connection, ids } = await ready(2);
      const { faults } = bench.vendor;
      // As a proxy answers that does not know the way.
      faults.htmlError = { count: 20, status: 404 };
      const [live, results] = [
        await settled(connection.readLive(refsOf(ids), [TEXT])),
        await settled(connection.write(ids.map((id) => write(id, { [TEXT]: "here" })))),
      ];
      faults.htmlError.count = 0;
      expect(
        live.map(({ state }) => state),
        "read",
      ).not.toContain("gone");
      expect(
        results.map(({ outcome }) => outcome),
        "written",
      ).not.toContain("gone");
    });

    it("shows by reading back that a write answered as done changed nothing", async () => {
      const { connection, ids } = await ready(2);
      bench.vendor.faults.silentNoOp.add(ids[0] ?? "");
      const results = await connection.write(ids.map((id) => write(id, { [TEXT]: "here" })));
      expect(results[1]?.outcome).toBe("written");
      expect(await textsOf(connection, ids)).toEqual([null, "here"]);
    });

    it("reads the same whether it is told when records were made, falsely, or not at all", async () => {
      const { connection, ids } = await ready(MANY);
      await bench.offered("remove")(stream, 7);
      await connection.write(ids.slice(3).map((id, n) => write(id, { [TEXT]: `value ${n}` })));
      const plain = await connection.readLive(refsOf(ids), [TEXT]);
      expect(plain.filter(({ state }) => state !== "live").map(({ id }) => id)).toEqual(ids.slice(7, 8));
      const people = peopleOf((await readToEnd(connection, stream)).pages);
      const toldOf = (createdOf: (id: string, n: number) => string | null | undefined) =>
        connection.readLive(
          ids.map((id, n) => ({ id, createdAt: createdOf(id, n) ?? null })),
          [TEXT],
        );
      expect(await toldOf((id) => people.get(id)?.createdAt), "told truly").toEqual(plain);
      expect(await toldOf((_, n) => people.get(ids[(n * 7) % MANY] ?? "")?.createdAt), "mixed up").toEqual(plain);
      expect(await toldOf(() => "1999-01-01T00:00:00.000Z"), "told falsely").toEqual(plain);
      expect(await toldOf((_, n) => ["", "soon", "-000001-01-01T00:00:00Z"][n % 3]), "nonsense").toEqual(plain);
    });

    it("makes every call through the framework", async () => {
      const { connection, ids } = await ready(30);
      const before = served(bench);
      const calls = bench.calls;
      await connection.write(ids.map((id) => write(id, { [TEXT]: "here" })));
      await connection.readLive(refsOf(ids), [TEXT]);
      expect(served(bench) - before).toBe(bench.calls - calls);
    });
  });
}

/** What came of it; nothing where it failed in the one way that a connector may. */
async function settled<Result>(work: Promise<Result[]>): Promise<Result[]> {
  return work.catch((error: unknown) => {
    if (error instanceof ConnectorError) return [];
    throw error;
  });
}
