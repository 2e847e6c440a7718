import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalRecord } from "./records.ts";
import { statementsOf } from "./statements.ts";
import type { Subscription } from "./statements.ts";

const AT = "2026-03-01T09:00:00.000Z";
const subject = { stream: "people", id: "7", address: "a@acme.example" };
const email = { channel: "email", purpose: "marketing" } as const;
const text = { channel: "sms", purpose: "marketing" } as const;
const uses = [email, text];

const listed = (state: Subscription["state"], more: Partial<Subscription> = {}): Subscription => ({
  ref: "news",
  use: email,
  state,
  at: AT,
  basis: "none",
  explicit: false,
  proof: "",
  ...more,
});
const statesOf = (known: Subscription[]) =>
  statementsOf(subject, { known }, uses).records.map(({ channel, state, effectiveAt }) => [
    channel,
    state,
    effectiveAt,
  ]);

describe("the subscriptions of a person", () => {
  it("are each what they say, with their own date or none", () => {
    expect(statesOf([listed("granted"), listed("withdrawn", { ref: "offers", at: null })])).toEqual([
      ["email", "granted", AT],
      ["email", "withdrawn", null],
    ]);
  });

  it("are unknown from now on for a use nobody said anything about, beside others that are not", () => {
    const known = [listed("granted"), listed("unspecified", { ref: "texts", use: text, at: null })];
    expect(statesOf(known)).toEqual([
      ["email", "granted", AT],
      ["sms", "unknown", null],
    ]);
    expect(statementsOf(subject, { known }, uses).doubts).toEqual([]);
  });

  it("that are none are unknown for the usual use", () => {
    expect(statesOf([])).toEqual([["email", "unknown", null]]);
  });

  it("that were set back, or have a strange word, are told", () => {
    const doubtsOf = (one: Subscription) => statementsOf(subject, { known: [one] }, uses).doubts;
    expect(doubtsOf(listed("unspecified"))).toMatchObject([
      { ref: "7:news", reason: expect.stringContaining("set back") },
    ]);
    expect(doubtsOf(listed("strange"))).toMatchObject([
      { ref: "7:news", reason: expect.stringContaining("do not know") },
    ]);
  });

  it("that could not be asked for are unknown for every use", () => {
    const { records, doubts } = statementsOf(subject, { unknown: "No answer" }, [...uses, email]);
    expect(records.map(({ channel, state, proof }) => [channel, state, proof])).toEqual([
      ["email", "unknown", "No answer."],
      ["sms", "unknown", "No answer."],
    ]);
    expect(doubts).toHaveLength(2);
  });

  it("give valid statements with an id each; none is a yes that was not said, and no no is dropped", () => {
    const one = fc.record({
      ref: fc.constantFrom("news", "offers", "texts"),
      use: fc.constantFrom(email, text),
      state: fc.constantFrom("granted", "withdrawn", "unspecified", "strange"),
      at: fc.constantFrom(AT, null),
    });
    fc.assert(
      fc.property(fc.array(one), (some) => {
        const known = some.map((more) => listed(more.state, more));
        const { records } = statementsOf(subject, { known }, uses);
        for (const record of records) canonicalRecord.parse(record);
        expect(new Set(records.map(({ id }) => id)).size).toBe(records.length);
        for (const state of ["granted", "withdrawn"] as const)
          expect(records.filter((record) => record.state === state)).toHaveLength(
            known.filter((subscription) => subscription.state === state).length,
          );
        for (const { use, state } of known)
          if (state === "strange")
            expect(records.some((record) => record.state === "unknown" && record.channel === use.channel)).toBe(true);
      }),
    );
  });
});
