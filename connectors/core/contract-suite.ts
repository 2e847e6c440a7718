/** The list every connector passes against its twin, with its real SDK over real HTTP. Vendor oddities come on top. */
import { afterEach, describe, expect, it } from "vitest";
import { createVendorCall, unlimited } from "./call.ts";
import type { RateLimiter } from "./call.ts";
import type { Connector, FieldDefinition, OpenConnection, RecordPage } from "./contract.ts";
import { ConnectorError } from "./errors.ts";
import { issueGrant } from "./grant.ts";
import { canonicalRecord } from "./records.ts";
import type { PersonRecord } from "./records.ts";

/** A fresh account at the vendor's twin (or a folder of files), and what can be done to it from the vendor's side. */
export interface ContractAccount {
  settings: unknown;
  credentials: unknown;
  baseUrl: string;
  now?: () => number;
  /** Changes the nth person (from 0) in a way that shows in the record; answers the vendor id. */
  change(index: number): Promise<string>;
  /** Adds a person; answers the vendor id. */
  add(): Promise<string>;
  /** Deletes the nth person; absent where a source cannot delete. */
  remove?(index: number): Promise<string>;
  /** The next `count` calls are answered 429, asking for `retryAfterSeconds` where given. Absent without network. */
  throttle?(count: number, retryAfterSeconds?: number): void;
  /** The next `count` calls fail as a broken server does. */
  breakServer?(count: number): void;
  /** The credentials stop working. */
  revoke?(): void;
  close(): Promise<void>;
}

export interface ContractSubject {
  connector: Connector;
  /** The main person stream. */
  stream: string;
  start(people: number): Promise<ContractAccount>;
}

const FIELDS: FieldDefinition[] = [
  { name: "tributary_contract_text", label: "Text", description: "Contract check", type: "text" },
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

const grant = issueGrant({
  profileId: "00000000-0000-8000-8000-000000000000",
  uses: [{ purpose: "personalisation", channel: "any" }],
  entryIds: [],
  rulesVersion: "contract-suite",
  decidedAt: "2026-01-01T00:00:00.000Z",
});

/** A connection to an account, as the framework would open it. */
export function openForContract(
  connector: Connector,
  account: ContractAccount,
  limiter: RateLimiter = unlimited,
): OpenConnection {
  const now = account.now ?? Date.now;
  const call = createVendorCall({ connector, limiter, now });
  return connector.open({
    settings: account.settings,
    credentials: account.credentials,
    baseUrl: account.baseUrl,
    call,
    now,
  });
}

/** Reads until up to date. */
export async function readToEnd(
  connection: OpenConnection,
  stream: string,
  from: unknown = null,
): Promise<{ pages: RecordPage[]; next: unknown }> {
  const pages: RecordPage[] = [];
  for await (const page of connection.read(stream, from)) {
    pages.push(page);
    if (page.atEnd) break;
  }
  const last = pages.at(-1);
  if (last === undefined || !last.atEnd) throw new Error("The stream ended without saying that it is up to date.");
  return { pages, next: last.next };
}

/** The last word on each person of these pages, by vendor id. */
export function peopleOf(pages: RecordPage[]): Map<string, PersonRecord> {
  const people = new Map<string, PersonRecord>();
  for (const record of pages.flatMap((page) => page.records))
    if (record.kind === "person") people.set(record.id, record);
  return people;
}

export function testConnector(subject: ContractSubject): void {
  const { connector, stream } = subject;
  let account: ContractAccount | undefined;
  const begin = async (people: number) => {
    account = await subject.start(people);
    return { account, connection: openForContract(connector, account) };
  };
  afterEach(async () => {
    await account?.close();
    account = undefined;
  });

  describe(`${connector.title}: reading`, () => {
    it("says which account it is", async () => {
      const { connection } = await begin(1);
      expect((await connection.check()).account).not.toBe("");
    });

    it("reads everybody exactly once, each a valid canonical record", async () => {
      const { connection } = await begin(250);
      const { pages } = await readToEnd(connection, stream);
      const records = pages.flatMap((page) => page.records);
      for (const record of records) canonicalRecord.parse(record);
      const ids = records.filter((record) => record.kind === "person" && !record.deleted).map((record) => record.id);
      expect(ids).toHaveLength(250);
      expect(new Set(ids).size).toBe(250);
      expect(pages.flatMap((page) => page.rejects)).toEqual([]);
    });

    it("resumes after any page without loss", async () => {
      const { connection } = await begin(230);
      const { pages } = await readToEnd(connection, stream);
      const everybody = [...peopleOf(pages).keys()].sort();
      for (const [index, page] of pages.entries()) {
        if (page.atEnd) continue;
        const stored: unknown = JSON.parse(JSON.stringify(page.next));
        const rest = await readToEnd(connection, stream, stored);
        const together = peopleOf([...pages.slice(0, index + 1), ...rest.pages]);
        expect([...together.keys()].sort()).toEqual(everybody);
      }
    });

    it("sees a change and an addition after the full read, and settles", async () => {
      const { account: vendor, connection } = await begin(120);
      const full = await readToEnd(connection, stream);
      const before = peopleOf(full.pages);
      const changed = await vendor.change(7);
      const added = await vendor.add();
      const increment = await readToEnd(connection, stream, full.next);
      const seen = peopleOf(increment.pages);
      expect(seen.get(changed)).toBeDefined();
      expect(seen.get(changed)).not.toEqual(before.get(changed));
      expect(seen.get(added)?.deleted).toBe(false);
    });

    it("starts over, saying so, when it does not understand its saved position", async () => {
      const { connection } = await begin(1);
      await expect(readToEnd(connection, stream, { nonsense: true })).rejects.toMatchObject({ kind: "cursor_expired" });
    });

    if (connector.streams[stream]?.deletes !== "none") {
      it("sees a deletion", async () => {
        const { account: vendor, connection } = await begin(20);
        const full = await readToEnd(connection, stream);
        const gone = await offered(vendor.remove, "remove")(3);
        const increment = await readToEnd(connection, stream, full.next);
        expect(peopleOf(increment.pages).get(gone)?.deleted).toBe(true);
      });
    }
  });

  if (connector.baseUrl !== null) testFailures(connector, stream, begin);
  if (connector.writeBack !== undefined) testWriteBack(connector, stream, begin);
}

type Begin = (people: number) => Promise<{ account: ContractAccount; connection: OpenConnection }>;

/** A networked source must let the suite disturb it; leaving a switch out is an error, not a pass. */
function offered<Switch>(change: Switch | undefined, name: string): Switch {
  if (change === undefined) throw new Error(`The contract account must offer "${name}".`);
  return change;
}

function testFailures(connector: Connector, stream: string, begin: Begin): void {
  describe(`${connector.title}: failures`, () => {
    it("passes on the vendor's wait when told to slow down", async () => {
      const { account: vendor, connection } = await begin(5);
      offered(vendor.throttle, "throttle")(1, 7);
      const error = await failureOf(readToEnd(connection, stream));
      expect(error.kind).toBe("rate_limited");
      expect(error.details.retryAfterMs ?? 0).toBeGreaterThan(0);
      expect((await readToEnd(connection, stream)).pages.length).toBeGreaterThan(0);
    });

    it("calls a broken server transient and works again afterwards", async () => {
      const { account: vendor, connection } = await begin(5);
      offered(vendor.breakServer, "breakServer")(1);
      expect((await failureOf(readToEnd(connection, stream))).kind).toBe("transient");
      expect((await readToEnd(connection, stream)).pages.length).toBeGreaterThan(0);
    });

    it("says that the credentials are refused, without showing them", async () => {
      const { account: vendor, connection } = await begin(5);
      offered(vendor.revoke, "revoke")();
      const error = await failureOf(readToEnd(connection, stream));
      expect(error.kind).toBe("auth");
      const secrets = Object.values(vendor.credentials as Record<string, string>);
      const shown = JSON.stringify([error.message, error.details, error.stack]);
      for (const secret of secrets) expect(shown).not.toContain(secret);
    });
  });
}

function testWriteBack(connector: Connector, stream: string, begin: Begin): void {
  const write = (id: string, values: Record<string, string | null>, key: string) => ({
    id,
    values,
    idempotencyKey: key,
    grant,
  });

  describe(`${connector.title}: write-back`, () => {
    it("makes its fields once and finds them in place the second time", async () => {
      const { connection } = await begin(1);
      await connection.ensureFields(FIELDS);
      const again = await connection.ensureFields(FIELDS);
      expect(again.map((field) => field.outcome)).toEqual(["exists", "exists"]);
    });

    it("writes, reads back, clears, and answers one result per record in order", async () => {
      const { connection } = await begin(45);
      await connection.ensureFields(FIELDS);
      const ids = [...peopleOf((await readToEnd(connection, stream)).pages).keys()];
      const results = await connection.write(
        ids.map((id, n) =>
          write(id, { tributary_contract_text: `value ${n}`, tributary_contract_choice: "low" }, `first-${id}`),
        ),
      );
      expect(results.map((result) => [result.id, result.outcome])).toEqual(ids.map((id) => [id, "written"]));
      const live = await connection.readLive(ids, FIELD_NAMES);
      expect(live.map((record) => record.id)).toEqual(ids);
      expect(live.map((record) => record.values.tributary_contract_text)).toEqual(ids.map((_, n) => `value ${n}`));
      const first = ids.slice(0, 1);
      await connection.write(first.map((id) => write(id, { tributary_contract_text: null }, `clear-${id}`)));
      expect((await connection.readLive(first, FIELD_NAMES))[0]?.values).toEqual({
        tributary_contract_text: null,
        tributary_contract_choice: "low",
      });
    });

    it("writes the same thing twice with one effect", async () => {
      const { connection } = await begin(1);
      await connection.ensureFields(FIELDS);
      const [id = ""] = [...peopleOf((await readToEnd(connection, stream)).pages).keys()];
      for (const attempt of [1, 2]) {
        const [result] = await connection.write([write(id, { tributary_contract_text: "same" }, "one-key")]);
        expect([attempt, result?.outcome]).toEqual([attempt, "written"]);
      }
      expect((await connection.readLive([id], FIELD_NAMES))[0]?.values.tributary_contract_text).toBe("same");
    });

    it("does not take its own write for news", async () => {
      const { connection } = await begin(3);
      await connection.ensureFields(FIELDS);
      const full = await readToEnd(connection, stream);
      const before = peopleOf(full.pages);
      const [id = ""] = [...before.keys()];
      await connection.write([write(id, { tributary_contract_text: "ours" }, "echo")]);
      const echoed = peopleOf((await readToEnd(connection, stream, full.next)).pages).get(id);
      if (echoed !== undefined) expect({ ...echoed, updatedAt: null }).toEqual({ ...before.get(id), updatedAt: null });
    });

    it("answers for a record that is gone without failing the others", async () => {
      const { account, connection } = await begin(4);
      await connection.ensureFields(FIELDS);
      const ids = [...peopleOf((await readToEnd(connection, stream)).pages).keys()];
      const gone = await offered(account.remove, "remove")(1);
      const results = await connection.write(
        ids.map((id) => write(id, { tributary_contract_text: "here" }, `gone-${id}`)),
      );
      expect(Object.fromEntries(results.map((result) => [result.id, result.outcome]))).toEqual(
        Object.fromEntries(ids.map((id) => [id, id === gone ? "gone" : "written"])),
      );
      expect((await connection.readLive([gone], FIELD_NAMES))[0]?.state).toBe("gone");
    });
  });
}

async function failureOf(work: Promise<unknown>): Promise<ConnectorError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ConnectorError) return error;
  throw new Error("A ConnectorError was expected.", { cause: error });
}
