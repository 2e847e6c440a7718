/**
 * Reading figures by day: every day whole, once, and again for as long as the vendor corrects it. The account holds all its
 * rows on the last day that is over, and none on the days before.
 */
import { describe, expect, it } from "vitest";
import type { OpenConnection, RecordPage, ReplacedDay } from "../contract.ts";
import { dayAfter, daysBetween } from "../figures.ts";
import type { FigureRecord } from "../records.ts";
import { expectCanonical, expectIds, expectNoRefusals, expectNoRejects, failureOf, readToEnd } from "./account.ts";
import type { Bench } from "./bench.ts";
import { testGolden } from "./reading.ts";

const MANY = 250;
const HOUR = 3_600_000;
/** No vendor corrects a day for longer than the account is set up for. */
const LATER_DAYS = 120;

/** What a store that replaces days would hold. */
class Held {
  readonly days = new Map<string, ReplacedDay>();
  readonly rows = new Map<string, FigureRecord[]>();

  take(pages: readonly RecordPage[]): this {
    for (const { days = [], records } of pages) {
      for (const day of days) {
        this.days.set(dayKey(day), day);
        this.rows.set(
          dayKey(day),
          figuresOf(records).filter((one) => dayKey(one) === dayKey(day)),
        );
      }
    }
    return this;
  }

  ids(): string[] {
    return [...new Set([...this.rows.values()].flat().map(({ id }) => id))];
  }

  /** Every row of the days that hold any, as text; without what was said of the days. */
  contents(): string[] {
    return [...this.rows.values()]
      .flat()
      .map((row) => JSON.stringify(row))
      .toSorted();
  }

  /** The day that holds rows. */
  filled(): string {
    return [...this.rows].findLast(([, rows]) => rows.length > 0)?.[0] ?? "";
  }
}

const dayKey = ({ account, day }: { account: string; day: string }): string => `${day} ${account}`;

const figuresOf = (records: RecordPage["records"]): FigureRecord[] =>
  records.filter((record): record is FigureRecord => record.kind === "metric" || record.kind === "spend");

export function testFigures(bench: Bench, stream: string): void {
  const { connector } = bench.subject;
  const idsOf = (count: number) => Array.from({ length: count }, (_, index) => bench.account.idOf(stream, index));
  const heldBy = async (connection: OpenConnection, from: unknown = null) => {
    const { pages, next } = await readToEnd(connection, stream, from);
    return { pages, next, held: new Held().take(pages) };
  };
  const fresh = async () => (await heldBy(bench.open())).held;

  describe(`${connector.title}, ${stream}: figures by day`, () => {
    it("reads every row once, each of a day that its page names", async () => {
      const { pages, held } = await heldBy(await bench.begin(MANY));
      expectNoRejects(stream, pages);
      expectCanonical(stream, pages);
      expectIds(held.ids(), idsOf(MANY), `${stream}: rows`);
      const figures = pages.flatMap(({ records }) => figuresOf(records));
      const keys = figures.map((one) => [one.kind, dayKey(one), one.kind === "metric" ? one.name : "", one.id].join());
      expect(new Set(keys).size, "figures with a key of their own").toBe(figures.length);
      expect([...held.rows.values()].flat().length, "figures of a day that their page names").toBe(figures.length);
      expect(pages.flatMap(({ records }) => records).length, "figures alone").toBe(figures.length);
      expectNoRefusals(bench.account);
    });

    it("leaves out no day, whether it holds rows or not, and names none twice", async () => {
      const { pages } = await heldBy(await bench.begin(3));
      for (const [account, days] of Map.groupBy(
        pages.flatMap((page) => page.days ?? []),
        (day) => day.account,
      )) {
        const names = days.map(({ day }) => day);
        expect(names.length, account).toBeGreaterThan(1);
        expect(names, account).toEqual(daysBetween(names[0] ?? "", names.at(-1) ?? ""));
      }
    });

    it("resumes after any page without loss", async () => {
      const { pages, held } = await heldBy(await bench.begin(20));
      for (const [index, page] of pages.entries()) {
        if (page.atEnd) continue;
        const stored: unknown = JSON.parse(JSON.stringify(page.next));
        const rest = await readToEnd(bench.open(), stream, stored);
        const together = new Held().take([...pages.slice(0, index + 1), ...rest.pages]);
        expect(together.contents(), `taken up after page ${index + 1}`).toEqual(held.contents());
      }
    });

    it("brings a corrected day anew: what changed, what came, and without what disappeared", async () => {
      const { held, next } = await heldBy(await bench.begin(MANY));
      const before = held.contents();
      for (let index = 0; index < 100; index += 1) await bench.account.change(stream, index);
      for (let index = 100; index < 200; index += 1) await bench.offered("remove")(stream, index);
      const added = await bench.account.add(stream);
      bench.advance(2 * HOUR);
      const { pages } = await heldBy(bench.open(), next);
      expectNoRejects(stream, pages);
      held.take(pages);
      expectIds(
        held.ids(),
        [...idsOf(MANY).filter((_, index) => index < 100 || index >= 200), added],
        "after corrections",
      );
      expect(held.contents()).toEqual((await fresh()).contents());
      const unchanged = new Set(before);
      const changed = held.contents().filter((row) => !unchanged.has(row));
      expect(changed.length, "figures that differ").toBeGreaterThanOrEqual(101);
    });

    it("stops reading a day again when the vendor corrects it no more, and has said so by then", async () => {
      const { held, next } = await heldBy(await bench.begin(2));
      const day = held.filled();
      expect(held.days.get(day)?.settled, "may still change").toBe(false);
      let at = next;
      for (let waited = 0; waited < LATER_DAYS && held.days.get(day)?.settled === false; waited += 1) {
        bench.advance(24 * HOUR);
        const later = await heldBy(bench.open(), at);
        held.take(later.pages);
        at = later.next;
      }
      expect(held.days.get(day)?.settled).toBe(true);
      bench.advance(48 * HOUR);
      const last = await heldBy(bench.open(), at);
      expect([...last.held.days.keys()]).not.toContain(day);
    });

    it("makes up for days on which nobody read", async () => {
      const { held, next } = await heldBy(await bench.begin(2));
      bench.advance(30 * 24 * HOUR);
      held.take((await heldBy(bench.open(), next)).pages);
      const days = [...held.days.values()].map(({ day }) => day).toSorted();
      expect(new Set(days)).toEqual(new Set(daysBetween(days[0] ?? "", days.at(-1) ?? "")));
      expect(dayAfter(held.filled().slice(0, 10), 29) <= (days.at(-1) ?? ""), "came up to now").toBe(true);
    });

    it("takes no day for over because our clock runs ahead of the vendor's", async () => {
      const { held } = await heldBy(await bench.begin(2));
      const ahead = await heldBy(bench.open(30 * HOUR));
      expect([...ahead.held.days.keys()].at(-1)).toBe([...held.days.keys()].at(-1));
    });

    it("has no day of two minds when figures change while it is read", async () => {
      const connection = await bench.begin(MANY);
      const { faults } = bench.vendor;
      let answers = 0;
      faults.shortPage = 100;
      faults.afterAnswer = () => {
        answers += 1;
        if (answers === 3) void bench.account.change(stream, 0);
      };
      const { held, next } = await heldBy(connection);
      faults.afterAnswer = null;
      held.take((await heldBy(bench.open(), next)).pages);
      expect(held.contents()).toEqual((await fresh()).contents());
    });

    it("goes on where it was when the vendor restarts in between", async () => {
      const { held, next } = await heldBy(await bench.begin(10));
      await bench.account.change(stream, 3);
      await bench.vendor.restart();
      held.take((await heldBy(bench.open(), next)).pages);
      expect(held.contents()).toEqual((await fresh()).contents());
    });

    it("starts over, saying so, when it does not understand its saved position", async () => {
      const connection = await bench.begin(1);
      expect((await failureOf(readToEnd(connection, stream, { nonsense: true })))?.kind).toBe("cursor_expired");
    });

    testGolden(bench, stream);
  });
}
