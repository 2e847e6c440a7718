import { describe, expect, it } from "vitest";
import { replay, type Statement } from "./statement.ts";

const said = (state: Statement["state"], at: number, explicit = true): Statement => ({
  person: "p",
  channel: "email",
  purpose: "marketing",
  state,
  at,
  explicit,
  record: "csv/people/C1",
});
const allowed = (...statements: Statement[]) => replay(statements).map((answer) => answer.allowed);

describe("the consent oracle", () => {
  it("allows what was granted and not taken back, by form or by import", () => {
    expect(allowed(said("granted", 1))).toEqual([true]);
    expect(allowed(said("granted", 1, false))).toEqual([true]);
  });

  it("says nothing about people who said nothing", () => {
    expect(replay([])).toEqual([]);
  });

  it("lets a withdrawal stand against older grants, in whatever order they come in", () => {
    expect(allowed(said("withdrawn", 2), said("granted", 1))).toEqual([false]);
  });

  it("lets a newer explicit grant lift a withdrawal, and an imported one never", () => {
    expect(allowed(said("withdrawn", 1), said("granted", 2))).toEqual([true]);
    expect(allowed(said("withdrawn", 1), said("granted", 2, false))).toEqual([false]);
  });

  it("lets an explicit grant stand when an import repeats it", () => {
    expect(allowed(said("withdrawn", 1), said("granted", 2), said("granted", 3, false))).toEqual([true]);
  });

  it("takes a withdrawal at the same moment as the last word", () => {
    expect(allowed(said("granted", 1), said("withdrawn", 1))).toEqual([false]);
  });

  it("allows profiling until somebody objects", () => {
    const objection: Statement = { ...said("withdrawn", 1), channel: "any", purpose: "personalisation" };
    expect(replay([objection])).toEqual([{ person: "p", channel: "any", purpose: "personalisation", allowed: false }]);
  });
});
