/** Reading one stream: everything, what changed, what is gone, from any place, without loss. */
import { describe, expect, it } from "vitest";
import type { CanonicalRecord } from "../records.ts";
import { ConnectorError } from "../errors.ts";
import { expectCanonical, expectIds, expectNoRefusals, expectNoRejects, lastWords, readToEnd } from "./account.ts";
import type { Bench } from "./bench.ts";

/** More than two pages of any vendor. */
const MANY = 250;
const MINUTE = 60_000;

export function testReading(bench: Bench, stream: string): void {
  const { connector } = bench.subject;
  const { kind, deletes } = bench.streamOf(stream);
  const idsOf = (count: number) => Array.from({ length: count }, (_, index) => bench.account.idOf(stream, index));

  describe(`${connector.title}, ${stream}`, () => {
    it("reads everything exactly once, each a valid canonical record", async () => {
      const connection = await bench.begin(MANY);
      const { pages } = await readToEnd(connection, stream);
      expectNoRejects(stream, pages);
      expectCanonical(stream, pages);
      const main = pages.flatMap((page) => page.records).filter((record) => record.kind === kind && !record.deleted);
      expectIds(
        main.map(({ id }) => id),
        idsOf(MANY),
        `${stream}: a full read`,
      );
      expect(pages.at(-1)?.fullScan, "says that it saw everything where absence means deletion").toBe(
        deletes === "full-scan",
      );
      expectNoRefusals(bench.account);
    });

    it("resumes after any page without loss", async () => {
      const connection = await bench.begin(230);
      const { pages } = await readToEnd(connection, stream);
      for (const [index, page] of pages.entries()) {
        if (page.atEnd) continue;
        const stored: unknown = JSON.parse(JSON.stringify(page.next));
        const rest = await readToEnd(connection, stream, stored);
        const together = lastWords([...pages.slice(0, index + 1), ...rest.pages], kind);
        expectIds(together.keys(), idsOf(230), `${stream}: taken up after page ${index + 1}`);
      }
    });

    it(`sees ${MANY} changes and an addition after the full read, and settles`, async () => {
      const connection = await bench.begin(MANY + 10);
      const full = await readToEnd(connection, stream);
      const before = lastWords(full.pages, kind);
      const altered: string[] = [];
      for (let index = 0; index < MANY; index++) altered.push(await bench.alter(stream, index));
      const added = await bench.account.add(stream);
      // Longer ago than any overlap: only the position of the read before leads there.
      bench.advance(120 * MINUTE);
      const increment = await readToEnd(connection, stream, full.next);
      expectNoRejects(stream, increment.pages);
      const seen = lastWords(increment.pages, kind);
      const changed = altered.filter((id) => differs(before.get(id), seen.get(id)));
      expectIds(changed, altered, `${stream}: changes`);
      expect(seen.get(added)?.deleted, `the added record ${added}`).toBe(false);
      // Whatever it did not list would be taken for deleted.
      if (increment.pages.some(({ fullScan }) => fullScan))
        expectIds(seen.keys(), [...idsOf(MANY + 10), added], `${stream}: says that it saw everything`);
      if (bench.account.vendor === undefined || bench.isReread(stream)) return;
      const datedAt = seen.get(altered[0] ?? "")?.updatedAt;
      expect(datedAt, "says when the vendor changed it, so that older versions never win").not.toBeNull();
      bench.advance(60 * MINUTE);
      const settled = await readToEnd(connection, stream, increment.next);
      const again = await readToEnd(connection, stream, settled.next);
      expect(again.pages.flatMap((page) => page.records).length, "goes on reading old changes").toBe(0);
    });

    it("starts over, saying so, when it does not understand its saved position", async () => {
      const connection = await bench.begin(1);
      await expect(readToEnd(connection, stream, { nonsense: true })).rejects.toMatchObject({ kind: "cursor_expired" });
    });

    if (deletes !== "none") {
      it(`sees ${MANY} deletions`, async () => {
        const connection = await bench.begin(MANY + 10);
        const full = await readToEnd(connection, stream);
        for (let index = 0; index < MANY; index++) await bench.offered("remove")(stream, index);
        bench.advance(bench.subject.deletionsShowAfterMs ?? 120 * MINUTE);
        const increment = await readToEnd(connection, stream, full.next).catch((error: unknown) => {
          // From time to time everything is read again: the framework does so when told to.
          if (error instanceof ConnectorError && error.kind === "cursor_expired") return readToEnd(connection, stream);
          throw error;
        });
        expectNoRejects(stream, increment.pages);
        const listed = lastWords(increment.pages, kind);
        const saysAll = increment.pages.at(-1)?.fullScan === true;
        const gone = idsOf(MANY + 10).filter((id) => listed.get(id)?.deleted ?? saysAll);
        expectIds(gone, idsOf(MANY), `${stream}: deletions`);
      });
    }

    testGolden(bench, stream);

    if (connector.baseUrl !== null) testMovement(bench, stream);
  });
}

/** Rows of the vendor, and exactly what becomes of them. */
export function testGolden(bench: Bench, stream: string): void {
  const { connector, golden } = bench.subject;
  const { kind } = bench.streamOf(stream);
  if (connector.baseUrl !== null)
    it("has golden rows, and among them what is easily got wrong", async () => {
      const expected = (golden?.[stream] ?? []).flatMap(([, records]) => records as CanonicalRecord[]);
      expect(expected.length, `golden rows of ${stream}`).toBeGreaterThan(0);
      const { pages } = await readToEnd(await bench.begin(12), stream);
      const said = new Set(expected.map((record) => (record.kind === "consent" ? record.state : null)));
      if (lastWords(pages, "consent").size > 0)
        expect({ yes: said.has("granted"), no: said.has("withdrawn") || said.has("denied") }).toEqual({
          yes: true,
          no: true,
        });
      const orders = expected.flatMap((record) => (record.kind === "order" ? [record.status] : []));
      if (kind === "order") expect(new Set(orders).size, "states of orders among the golden rows").toBeGreaterThan(1);
    });

  for (const [row, expected] of golden?.[stream] ?? []) {
    it(`reads ${nameOf(row)} as expected, field by field`, async () => {
      const connection = await bench.begin(0);
      bench.offered("load")(stream, row);
      const { pages } = await readToEnd(connection, stream);
      expectNoRejects(stream, pages);
      expectCanonical(stream, pages);
      expect(pages.flatMap((page) => page.records)).toEqual(expected);
    });
  }
}

/** What happens at the vendor while we read. */
function testMovement(bench: Bench, stream: string): void {
  const { kind } = bench.streamOf(stream);

  it("brings what changed and was added while the full read was under way", async () => {
    const connection = await bench.begin(MANY);
    const { faults } = bench.vendor;
    let touched = false;
    let altered: Promise<string[]> = Promise.resolve([]);
    faults.afterAnswer = () => {
      if (touched) return;
      touched = true;
      bench.advance(1_000);
      // Whichever end a list begins at, one of these has been read and the other has not.
      altered = Promise.all([bench.alter(stream, 0), bench.alter(stream, MANY - 1)]);
      // A long list: at its end no overlap reaches back to here.
      bench.advance(120 * MINUTE);
    };
    const full = await readToEnd(connection, stream);
    faults.afterAnswer = null;
    bench.advance(MINUTE);
    const later = await readToEnd(connection, stream, full.next);
    const changed = lastWords(later.pages, kind);
    const ids = await altered;
    expect(ids.length, "changes made meanwhile").toBe(2);
    // What was added may have come with the full read already, and need not come again.
    const read = bench.isAppendOnly(stream) ? lastWords(full.pages, kind) : new Map<string, CanonicalRecord>();
    for (const id of ids) expect(changed.has(id) || read.has(id), `the record changed meanwhile, ${id}`).toBe(true);
  });

  it("finds a change that the vendor showed only after the next read", async () => {
    const connection = await bench.begin(20);
    const { faults } = bench.vendor;
    const full = await readToEnd(connection, stream);
    bench.advance(60 * MINUTE);
    faults.lag = MINUTE;
    const late = await bench.alter(stream, 5);
    faults.lag = 0;
    bench.advance(10_000);
    const first = await readToEnd(connection, stream, full.next);
    bench.advance(2 * MINUTE);
    const second = await readToEnd(connection, stream, first.next);
    const seen = lastWords([...first.pages, ...second.pages], kind);
    expect(seen.has(late), "the late change").toBe(true);
  });

  it("misses no change where our clock runs ahead of the vendor's", async () => {
    await bench.begin(20);
    const connection = bench.open(30 * MINUTE);
    const full = await readToEnd(connection, stream);
    bench.advance(MINUTE);
    const changed = await bench.alter(stream, 5);
    bench.advance(MINUTE);
    const later = lastWords((await readToEnd(connection, stream, full.next)).pages, kind);
    expect(later.has(changed), "a change that our clock takes for older than the last read").toBe(true);
  });

  it("states no consent anew when another field changes", async () => {
    const connection = await bench.begin(12);
    const full = await readToEnd(connection, stream);
    bench.advance(60 * MINUTE);
    for (let index = 0; index < 12; index++) await bench.alter(stream, index);
    const later = await readToEnd(connection, stream, full.next);
    const before = new Map([...lastWords(full.pages, "consent")].map(([id, record]) => [id, statement(record)]));
    for (const [id, record] of lastWords(later.pages, "consent"))
      expect(statement(record), `${stream} ${id}`).toEqual(before.get(id));
  });

  it("goes on where it was when the vendor restarts in between", async () => {
    const connection = await bench.begin(MANY);
    const id = await bench.alter(stream, 3);
    const pages = [];
    let next: unknown = null;
    for await (const page of connection.read(stream, null)) {
      pages.push(page);
      next = page.next;
      break;
    }
    await bench.vendor.restart();
    const rest = await readToEnd(bench.open(), stream, pages[0]?.atEnd === true ? null : next);
    const seen = lastWords([...pages, ...rest.pages], kind);
    expect(seen.size, "records read").toBe(bench.isAppendOnly(stream) ? MANY + 1 : MANY);
    const fresh = lastWords((await readToEnd(bench.open(), stream)).pages, kind);
    expect(fresh.get(id), "what was changed before the restart").toEqual(seen.get(id));
    const untouched = bench.account.idOf(stream, 4);
    expect(content(fresh.get(id), id), "the change survived").not.toEqual(content(fresh.get(untouched), untouched));
  });
}

/** What a ledger entry is made of: the moment of reading is not part of it. */
function statement(record: CanonicalRecord): unknown {
  return { ...record, updatedAt: null };
}

function differs(before: CanonicalRecord | undefined, after: CanonicalRecord | undefined): boolean {
  if (after === undefined) return false;
  return JSON.stringify({ ...before, updatedAt: null }) !== JSON.stringify({ ...after, updatedAt: null });
}

/** Without what is different in any two records. */
function content(record: CanonicalRecord | undefined, id: string): string {
  const index = /\d+$/.exec(id)?.[0] ?? id;
  return JSON.stringify({ ...record, updatedAt: null, createdAt: null })
    .replaceAll(id, "")
    .replaceAll(index, "");
}

function nameOf(row: unknown): string {
  return typeof row === "object" && row !== null && "id" in row ? String(row.id) : "a row";
}
