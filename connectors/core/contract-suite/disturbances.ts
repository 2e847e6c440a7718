/** Every fault a vendor's API can have, against every stream. Nothing may be lost in silence. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { ConnectorErrorKind } from "../errors.ts";
import type { Faults } from "../twin/faults.ts";
import {
  expectCanonical,
  expectDiscreet,
  expectIds,
  expectNoRejects,
  failureOf,
  lastWords,
  openForContract,
  readToEnd,
} from "./account.ts";
import type { Bench } from "./bench.ts";

const SIZE = 120;

/** Faults that end a read, and what the error must be. */
const FATAL: [what: string, fault: keyof Faults, set: (faults: Faults) => void, kinds: ConnectorErrorKind[]][] = [
  ["a broken server", "breakServer", (faults) => (faults.breakServer = { count: 1 }), ["transient"]],
  ["a reply that breaks off", "dropReply", (faults) => (faults.dropReply = 1), ["transient"]],
  ["revoked credentials", "revoked", (faults) => (faults.revoked = true), ["auth"]],
  ["a 429 in HTML", "htmlError", (faults) => (faults.htmlError = { count: 1, status: 429 }), ["rate_limited"]],
  ["a 401 in HTML", "htmlError", (faults) => (faults.htmlError = { count: 1, status: 401 }), ["auth"]],
  ["a gateway's error page", "htmlError", (faults) => (faults.htmlError = { count: 1, status: 502 }), ["transient"]],
];

export function testDisturbances(bench: Bench, stream: string): void {
  const { connector, without = {} } = bench.subject;
  const { kind } = bench.streamOf(stream);
  const idsOf = (count: number) => Array.from({ length: count }, (_, index) => bench.account.idOf(stream, index));
  /** Defines the test where the vendor can have the fault. */
  const itCan = (fault: keyof Faults, what: string, test: () => Promise<void>) => {
    if (!(fault in without)) it(`by ${what}`, test);
  };

  describe(`${connector.title}, ${stream}: disturbed`, () => {
    for (const [what, fault, set, kinds] of FATAL)
      itCan(fault, `${what}, says so and works again afterwards`, async () => {
        const connection = await bench.begin(5);
        set(bench.vendor.faults);
        const error = await failureOf(readToEnd(connection, stream));
        expect(kinds, `${error?.message}`).toContain(error?.kind);
        expectDiscreet(JSON.stringify([error?.message, error?.details, error?.stack]), bench.account);
        bench.vendor.faults.revoked = false;
        expect((await readToEnd(connection, stream)).pages.length).toBeGreaterThan(0);
      });

    it("by a 429, passes on the wait it names", async () => {
      const connection = await bench.begin(5);
      bench.vendor.faults.throttle = { count: 1, retryAfterSeconds: 7 };
      const error = await failureOf(readToEnd(connection, stream));
      expect(error?.kind).toBe("rate_limited");
      expect(error?.details.retryAfterMs).toBeGreaterThan(5_000);
      expect(error?.details.retryAfterMs).toBeLessThan(9_000);
    });

    it("by a missing permission, names it", async () => {
      const connection = await bench.begin(5);
      const permission = bench.vendor.permissionOf(stream);
      bench.vendor.faults.denied.add(permission);
      const error = await failureOf(readToEnd(connection, stream));
      expect(error?.kind).toBe("permission");
      expect(error?.message).toContain(permission);
      expectDiscreet(`${error?.message}`, bench.account);
    });

    it("by nobody at the vendor's address, tries again later", async () => {
      await bench.begin(1);
      const connection = openForContract(connector, { ...bench.account, baseUrl: "http://127.0.0.1:9" });
      expect((await failureOf(readToEnd(connection, stream)))?.kind).toBe("transient");
    });

    it("by a redirect, follows it nowhere", async () => {
      const connection = await bench.begin(5);
      let followed = 0;
      const elsewhere = createServer((_, response) => {
        followed += 1;
        response.end("{}");
      });
      await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
      const { port } = elsewhere.address() as AddressInfo;
      bench.vendor.faults.redirect = { count: 1, to: `http://127.0.0.1:${port}` };
      const error = await failureOf(readToEnd(connection, stream));
      elsewhere.close();
      elsewhere.closeAllConnections();
      expect({ followed, failed: error !== undefined }).toEqual({ followed: 0, failed: true });
    });

    itCan("shortPage", "pages that are shorter than asked for, reads them all", async () => {
      const connection = await bench.begin(SIZE);
      bench.vendor.faults.shortPage = 40;
      const { pages } = await readToEnd(connection, stream);
      expectIds(lastWords(pages, kind).keys(), idsOf(SIZE), "after short pages");
    });

    itCan("emptyPageWithMore", "an empty page that says there is more, does not take it for the end", async () => {
      const connection = await bench.begin(SIZE);
      bench.vendor.faults.emptyPageWithMore = 1;
      const read = await readToEnd(connection, stream).catch((error: unknown) => ({ error }));
      if ("error" in read) expect(read.error).toMatchObject({ kind: "transient" });
      else expectIds(lastWords(read.pages, kind).keys(), idsOf(SIZE), "after an empty page");
    });

    itCan("stuckCursor", "a server that always gives the first page, ends with an error", async () => {
      const connection = await bench.begin(SIZE);
      bench.vendor.faults.shortPage = 50;
      bench.vendor.faults.stuckCursor = true;
      expect((await failureOf(readToEnd(connection, stream)))?.kind).toBe("contract");
    });

    itCan("badRow", "a row of unknown form, refuses that one alone and does not call it gone", async () => {
      const connection = await bench.begin(SIZE);
      bench.vendor.faults.badRow = 1;
      const { pages } = await readToEnd(connection, stream);
      const rejects = pages.flatMap((page) => page.rejects);
      expect(rejects.map(({ ref }) => ref)).toHaveLength(1);
      expect(rejects[0]?.reason).not.toBe("");
      expectCanonical(stream, pages);
      if (bench.countsDays(stream)) {
        // Which figure it was cannot be told: the day keeps what it had.
        expect(lastWords(pages, kind).size).toBe(SIZE - 1);
        const partial = pages.flatMap((page) => page.days ?? []).filter(({ whole }) => whole === false);
        expect(partial.length, "the day of the row is not whole").toBe(1);
        return;
      }
      const [id = ""] = rejects.map(({ id }) => id);
      const read = lastWords(pages, kind);
      expectIds([...read.keys(), id], idsOf(SIZE), "read or refused");
      expect(read.get(id)?.deleted ?? false).toBe(false);
    });

    itCan("stub", "a row that only says that it is deleted, goes on", async () => {
      const connection = await bench.begin(SIZE);
      bench.vendor.faults.stub = 1;
      const { pages } = await readToEnd(connection, stream);
      const words = lastWords(pages, kind);
      const refused = pages.flatMap((page) => page.rejects).flatMap(({ id }) => id ?? []);
      expectIds([...words.keys(), ...refused.filter((id) => !words.has(id))], idsOf(SIZE), "read, deleted or refused");
    });

    itCan("misplacedRow", "a record out of order among the changes, loses no other", async () => {
      const connection = await bench.begin(SIZE);
      const full = await readToEnd(connection, stream);
      bench.advance(3_600_000);
      const altered: string[] = [];
      for (let index = 0; index < SIZE; index++) {
        bench.advance(1_000);
        altered.push(await bench.alter(stream, index));
      }
      bench.vendor.faults.shortPage = 40;
      bench.vendor.faults.misplacedRow = true;
      bench.advance(1_000);
      // It stands among the first of the page and shows the newest time of all.
      if (!bench.isAppendOnly(stream)) await bench.account.change(stream, 30);
      bench.vendor.faults.misplacedRow = false;
      const increment = await readToEnd(connection, stream, full.next);
      expectNoRejects(stream, increment.pages);
      expectIds(lastWords(increment.pages, kind).keys(), altered, "changes around a misplaced one");
    });

    itCan("otherMode", "a row of the other mode, refuses it and says so", async () => {
      const connection = await bench.begin(5);
      bench.vendor.faults.otherMode = 1;
      const read = await readToEnd(connection, stream).catch((error: unknown) => ({ error }));
      if ("error" in read) expect(read.error).toMatchObject({ kind: "auth" });
      else expect(read.pages.flatMap((page) => page.rejects).map(({ reason }) => reason)).toHaveLength(1);
    });

    it("by nothing, makes every call through the framework", async () => {
      const connection = await bench.begin(SIZE);
      const before = served(bench);
      const full = await readToEnd(connection, stream);
      await bench.alter(stream, 1);
      await readToEnd(connection, stream, full.next);
      expect(served(bench) - before).toBe(bench.calls);
    });
  });
}

export function served(bench: Bench): number {
  return [...bench.vendor.requests.values()].reduce((sum, count) => sum + count, 0);
}
