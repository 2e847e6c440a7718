import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type HeldStatement, type LedgerStatement, news } from "./news.ts";

let made = 0;
function statement(fields: Partial<LedgerStatement> = {}): LedgerStatement {
  const content = {
    recordId: "r1",
    address: null,
    channel: "email",
    purpose: "marketing",
    state: "granted",
    explicit: false,
    effectiveAt: null,
    expiresAt: null,
    ...fields,
  } as const;
  return { entryId: JSON.stringify(content), ...content };
}

/** A ledger that is told page after page; each page has a later time. */
function openLedger() {
  const held: HeldStatement[] = [];
  return {
    held,
    tell(...page: LedgerStatement[]): number {
      made += 1;
      const known = new Set(held.map(({ entryId }) => entryId));
      const fresh = news(page, held).filter(({ entryId }) => !known.has(entryId));
      held.push(...fresh.map((one) => ({ ...one, recordedAt: made })));
      return fresh.length;
    },
  };
}

const yes = statement();
const no = statement({ state: "withdrawn" });
const unknown = statement({ state: "unknown" });

describe("dated statements", () => {
  const dated = (fields: Partial<LedgerStatement> = {}) =>
    statement({ state: "withdrawn", effectiveAt: "2026-03-01T00:00:00Z", ...fields });

  it("said again are no entry, whatever else changed that gives them another id", () => {
    const ledger = openLedger();
    const again = { ...dated({ effectiveAt: "2026-03-01T00:00:00.000Z" }), entryId: "another proof" };
    expect([ledger.tell(dated()), ledger.tell(again), ledger.tell(dated())]).toEqual([1, 0, 0]);
    expect(openLedger().tell(dated(), again)).toBe(1);
  });

  it("with a later date of their own, another state or another cause are said anew", () => {
    const ledger = openLedger();
    const told = [
      dated(),
      dated({ effectiveAt: "2026-04-01T00:00:00Z" }),
      dated({ state: "denied" }),
      dated({ cause: "hard_bounce" }),
    ].map((said) => ledger.tell(said));
    expect(told).toEqual([1, 1, 1, 1]);
  });
});

describe("undated statements", () => {
  it("said again and again are one entry", () => {
    const ledger = openLedger();
    expect([ledger.tell(no), ledger.tell(no), ledger.tell(no, no)]).toEqual([1, 0, 0]);
  });

  it("are entries anew each time the state changes: yes, unknown, yes, unknown", () => {
    const ledger = openLedger();
    const told = [yes, unknown, yes, yes, unknown, unknown, yes].map((said) => ledger.tell(said));
    expect(told).toEqual([1, 1, 1, 0, 1, 0, 1]);
    expect(new Set(ledger.held.map(({ entryId }) => entryId)).size).toBe(5);
  });

  it("come anew after a dated statement that said otherwise", () => {
    const ledger = openLedger();
    const dated = statement({ explicit: true, effectiveAt: "2026-03-01T00:00:00Z" });
    expect([ledger.tell(no), ledger.tell(dated), ledger.tell(no), ledger.tell(no)]).toEqual([1, 1, 1, 0]);
  });

  it("that a source makes side by side at every reading stay one entry each", () => {
    const ledger = openLedger();
    expect([ledger.tell(yes, no), ledger.tell(yes, no), ledger.tell(no, yes)]).toEqual([2, 0, 0]);
  });

  it("about another record, address, channel or purpose are other statements", () => {
    const ledger = openLedger();
    const others = [{ recordId: "r2" }, { address: "a@b.example" }, { channel: "sms" }, { purpose: "any" }] as const;
    for (const other of others) expect(ledger.tell(yes, statement(other))).toBeGreaterThan(0);
    expect(ledger.tell(yes, ...others.map((other) => statement(other)))).toBe(0);
  });

  it("the same page told twice adds nothing, whatever was told before", () => {
    const said = fc.record({
      state: fc.constantFrom("granted", "withdrawn", "unknown", "denied"),
      explicit: fc.boolean(),
      effectiveAt: fc.constantFrom(null, "2026-03-01T00:00:00Z", "2026-04-01T00:00:00Z"),
      address: fc.constantFrom(null, "a@brightleaf.co.uk"),
    });
    const page = fc.array(said, { maxLength: 4 });
    fc.assert(
      fc.property(fc.array(page, { maxLength: 5 }), page, (pages, last) => {
        const ledger = openLedger();
        const read = (all: typeof last) => ledger.tell(...all.map((fields) => statement(fields as LedgerStatement)));
        for (const one of pages) read(one);
        read(last);
        expect(read(last)).toBe(0);
      }),
    );
  });
});
