import { describe, expect, it } from "vitest";
import { decideApply } from "./apply.ts";
import { diffRecord } from "./diff.ts";
import { LAST_COMPUTED, usesOf } from "./fields.ts";
import { definitionOf, fieldNamed, mappingOf } from "./mapping.ts";
import { verifyReadBack } from "./read-back.ts";
import { reverse } from "./undo.ts";

const mapping = mappingOf([
  { field: "risk", source: "tributary_churn_risk" },
  { field: "action", source: "tributary_next_best_action" },
  { field: "why", source: "tributary_next_best_action_reason" },
  { field: "on", source: LAST_COMPUTED },
  { field: "later", source: "tributary_of_a_later_version" },
]);
const ownership = { risk: "ours", on: "ours", action: "ours" } as const;

describe("a field under another name", () => {
  it("is compared by its own type, before a write, at a write and after it", () => {
    const live = { id: "1", state: "live", values: { risk: "50.0" } } as const;
    const change = { before: { risk: "50" }, after: { risk: "60" } };
    expect(
      diffRecord({ live: live.values, desired: { risk: "50" }, ownership, lastDelivered: {}, mapping }),
    ).toBeNull();
    expect(decideApply("write", change, live, mapping).decision).toBe("write");
    expect(verifyReadBack({ risk: "50" }, { risk: null }, live, mapping).verdict).toBe("confirmed");
    const unchanged = { before: { risk: "50.0" }, after: { risk: "50" }, readBack: { risk: "50" }, uses: [] };
    expect(reverse(unchanged, mapping)).toBeNull();
  });

  it("rests on what it says, wherever its value and its reason are written", () => {
    const uses = [
      { purpose: "personalisation", channel: "any" },
      { purpose: "marketing", channel: "email" },
    ];
    expect(usesOf({ action: "winback_email" }, { action: "winback_email" }, mapping)).toEqual(uses);
    expect(usesOf({ why: "Because." }, { why: "Because.", action: "winback_email" }, mapping)).toEqual(uses);
    const back = { before: { why: "Because." }, after: { why: "Other." }, readBack: { why: "Other." }, uses: [] };
    const planned = [{ purpose: "marketing", channel: "sms" }] as const;
    expect(reverse({ ...back, uses: planned }, mapping)?.uses).toContainEqual(planned[0]);
  });

  it("is the time still: alone no news, but emptied where that was asked for", () => {
    const lastDelivered = { on: "2026-09-06T12:00:00.000Z" };
    const differing = (desired: string | null) =>
      diffRecord({ live: lastDelivered, desired: { on: desired }, ownership, lastDelivered, mapping });
    expect(differing("2026-09-07T12:00:00.000Z")).toBeNull();
    expect(differing(null)?.after).toEqual({ on: null });
  });

  it("is made under that name and the label chosen; what this version does not know is never written", () => {
    const [made] = definitionOf({ field: "risk", source: "tributary_churn_risk", label: "Risk" });
    expect(made).toMatchObject({ name: "risk", label: "Risk", type: "number" });
    expect([...mapping.keys()]).not.toContain("later");
    expect(definitionOf({ field: "later", source: "tributary_of_a_later_version", label: null })).toEqual([]);
    expect(fieldNamed("churn_risk")).toBe(fieldNamed("tributary_churn_risk"));
  });
});
