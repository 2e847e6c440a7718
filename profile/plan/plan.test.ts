import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { LiveRecord } from "#connectors/core/contract.ts";
import { TRAITS } from "#profile/traits.ts";
import type { FieldDefinition } from "#connectors/core/contract.ts";
import { decideApply } from "./apply.ts";
import { diffRecord } from "./diff.ts";
import { openDigest, type SealedChange } from "./digest.ts";
import { desiredValues, FIELDS, LAST_COMPUTED, type Permission, type PlannableTraits, usesOf } from "./fields.ts";
import { decideApproval } from "./policy.ts";
import { verifyReadBack } from "./read-back.ts";
import { OWNERSHIPS, type FieldValues, type Ownership } from "./types.ts";
import { reverse } from "./undo.ts";

const STAGE = "tributary_lifecycle_stage";
const RISK = "tributary_churn_risk";
const ACTION = "tributary_next_best_action";
const names = FIELDS.map(({ definition }) => definition.name);
const allOurs = Object.fromEntries(names.map((name): [string, Ownership] => [name, "ours"]));
const live = (values: FieldValues): LiveRecord => ({ id: "1", state: "live", values });

const ok = (value: unknown, ...reasons: string[]) => ({
  status: "ok" as const,
  value,
  reasons,
  computedAt: "2026-09-05T12:00:00.000Z",
});
const traits: PlannableTraits = {
  ...Object.fromEntries(TRAITS.map(({ name }) => [name, ok(1, "Because.")])),
  lifecycle_stage: ok(
    "customer_at_risk",
    "Expected to buy every 35 days; last purchase on 10 Jul 2026.",
    "At risk since 1 Sep 2026.",
  ),
  churn_risk: ok(50, "Expected to buy every 35 days."),
  churn_risk_band: ok("medium", "Expected to buy every 35 days."),
  next_best_action: { ...ok("winback_email", "Because."), computedAt: "2026-09-06T12:00:00.000Z" },
};
const allowing =
  (...channels: string[]): Permission =>
  (uses) =>
    uses.every(({ purpose, channel }) => purpose === "personalisation" || channels.includes(channel));
const allowed = allowing("email");
const limits = { fields: names, maxValueLength: 500 };
const traitsShown = desiredValues(traits, allowed, limits);

describe("the wanted values", () => {
  it("are the traits with their reasons and the time of the newest", () => {
    expect(desiredValues(traits, allowed, limits)).toMatchObject({
      [STAGE]: "customer_at_risk",
      tributary_lifecycle_reason:
        "Expected to buy every 35 days; last purchase on 10 Jul 2026. At risk since 1 Sep 2026.",
      [RISK]: "50",
      [ACTION]: "winback_email",
      [LAST_COMPUTED]: "2026-09-06T12:00:00.000Z",
    });
  });

  it("clear a field whose score abstained", () => {
    const refused = { ...traits, churn_risk: { ...ok(null, "No order yet."), status: "refused" as const } };
    expect(desiredValues(refused, allowed, limits)).toMatchObject({ [RISK]: null, tributary_churn_risk_reason: null });
  });

  it("clear everything for somebody who may not be profiled", () => {
    const values = Object.values(
      desiredValues(traits, (uses) => uses.every(({ purpose }) => purpose !== "personalisation"), limits),
    );
    expect(new Set(values)).toEqual(new Set([null]));
  });

  it("date nothing where every score abstained", () => {
    const refused = Object.fromEntries(
      Object.entries(traits).map(([name, trait]) => [name, { ...trait, status: "refused" as const, value: null }]),
    ) as PlannableTraits;
    expect(Object.values(desiredValues(refused, allowed, limits)).every((value) => value === null)).toBe(true);
  });

  it("never name a message over a channel without permission", () => {
    const values = desiredValues(traits, allowing("sms"), limits);
    expect(values).toMatchObject({
      [ACTION]: null,
      tributary_next_best_action_reason: null,
      [STAGE]: "customer_at_risk",
    });
  });

  it("fit what the vendor stores, cut at a word", () => {
    const short = desiredValues(traits, allowed, { fields: names, maxValueLength: 40 });
    expect(short["tributary_lifecycle_reason"]).toBe("Expected to buy every 35 days; last…");
  });

  it("keep to the fields that are enabled", () => {
    expect(Object.keys(desiredValues(traits, allowed, { ...limits, fields: [RISK] }))).toEqual([RISK]);
  });

  it("rest on permissions that can be asked for: profiling for any value, marketing for a message, none for clearing", () => {
    expect(usesOf({ [STAGE]: "customer_new", [ACTION]: "winback_sms" })).toEqual([
      { purpose: "personalisation", channel: "any" },
      { purpose: "marketing", channel: "sms" },
    ]);
    expect(usesOf({ [STAGE]: null, [ACTION]: null })).toEqual([]);
  });

  it("rest on the action's permission too where its reason alone changes, and where an undo puts the reason alone back", () => {
    const uses = [
      { purpose: "personalisation", channel: "any" },
      { purpose: "marketing", channel: "email" },
    ];
    const reason = { tributary_next_best_action_reason: "Because." };
    expect(usesOf(reason, { ...reason, [ACTION]: "winback_email" })).toEqual(uses);
    const restored = { tributary_next_best_action_reason: "Since." };
    expect(
      reverse({ before: restored, after: reason, readBack: reason, uses: usesOf(reason, traitsShown) })?.uses,
    ).toEqual(uses);
    const cleared = { tributary_next_best_action_reason: null };
    expect(
      reverse({ before: cleared, after: reason, readBack: reason, uses: usesOf(reason, traitsShown) })?.uses,
    ).toEqual([]);
  });

  it("are described within every vendor's rules for field names", () => {
    for (const { name, label, type, options } of FIELDS.map(({ definition }): FieldDefinition => definition)) {
      expect(name).toMatch(/^[a-z][a-z0-9_]{0,39}$/);
      expect(label.length).toBeGreaterThan(3);
      expect((options ?? []).length > 0).toBe(type === "enumeration");
    }
  });
});

describe("the difference to the live record", () => {
  const desired = desiredValues(traits, allowed, limits);
  const diff = (current: FieldValues, ownership: Ownership, lastDelivered: FieldValues = {}) =>
    diffRecord({
      live: current,
      desired: { [STAGE]: "customer_loyal" },
      ownership: { [STAGE]: ownership },
      lastDelivered,
    });

  it("is everything for an untouched record and nothing for one that is up to date", () => {
    expect(diffRecord({ live: {}, desired, ownership: allOurs, lastDelivered: {} })?.after).toEqual(desired);
    expect(diffRecord({ live: desired, desired, ownership: allOurs, lastDelivered: {} })).toBeNull();
  });

  it("is never the time of computing alone, which goes along with other changes", () => {
    const later = { ...desired, [LAST_COMPUTED]: "2026-09-07T00:00:00.000Z" };
    expect(diffRecord({ live: desired, desired: later, ownership: allOurs, lastDelivered: {} })).toBeNull();
    const moved = { ...later, [RISK]: "55" };
    const change = diffRecord({ live: desired, desired: moved, ownership: allOurs, lastDelivered: {} });
    expect(change?.after).toEqual({ [RISK]: "55", [LAST_COMPUTED]: "2026-09-07T00:00:00.000Z" });
    expect(change?.before[RISK]).toBe("50");
  });

  it("overlooks the vendor's own spelling of numbers, times and emptiness", () => {
    const spelled = { ...desired, [RISK]: "50.0", [LAST_COMPUTED]: String(Date.parse("2026-09-06T12:00:00.000Z")) };
    expect(diffRecord({ live: spelled, desired, ownership: allOurs, lastDelivered: {} })).toBeNull();
    expect(
      diffRecord({ live: { [RISK]: "" }, desired: { [RISK]: null }, ownership: allOurs, lastDelivered: {} }),
    ).toBeNull();
  });

  it("leaves fields that are theirs alone", () => {
    expect(diff({ [STAGE]: null }, "theirs")).toBeNull();
  });

  it("fills an empty field and keeps it up to date, but not over somebody's value", () => {
    expect(diff({ [STAGE]: null }, "fill-empty")).not.toBeNull();
    expect(diff({ [STAGE]: "customer_new" }, "fill-empty")).toBeNull();
    expect(diff({ [STAGE]: "customer_new" }, "fill-empty", { [STAGE]: "customer_new" })).not.toBeNull();
  });

  it("is pinned by a person's edit, clearing included", () => {
    expect(diff({ [STAGE]: "customer_new" }, "until-edited", { [STAGE]: "customer_new" })).not.toBeNull();
    expect(diff({ [STAGE]: "customer_lapsed" }, "until-edited", { [STAGE]: "customer_new" })).toBeNull();
    expect(diff({ [STAGE]: null }, "until-edited", { [STAGE]: "customer_new" })).toBeNull();
    expect(diff({ [STAGE]: null }, "until-edited")).not.toBeNull();
  });

  it("once applied leaves nothing to do, whoever owns the fields", () => {
    const value = fc.option(fc.constantFrom("1", "2", "x"));
    const values = fc.record({ [STAGE]: value, [RISK]: value, [ACTION]: value, [LAST_COMPUTED]: value });
    const owners = fc.record(
      Object.fromEntries([STAGE, RISK, ACTION, LAST_COMPUTED].map((name) => [name, fc.constantFrom(...OWNERSHIPS)])),
    );
    fc.assert(
      fc.property(values, values, fc.option(values), owners, (current, wanted, delivered, ownership) => {
        const first = diffRecord({ live: current, desired: wanted, ownership, lastDelivered: delivered ?? {} });
        if (first === null) return;
        const lastDelivered = { ...delivered, ...first.after };
        expect(
          diffRecord({ live: { ...current, ...first.after }, desired: wanted, ownership, lastDelivered }),
        ).toBeNull();
      }),
    );
  });
});

describe("the seal", () => {
  const changes: SealedChange[] = [
    { vendorId: "10", before: '{"a": null, "b": "1"}', after: '{"a": "x", "b": "2"}' },
    { vendorId: "2", before: '{"a": "y"}', after: '{"a": null}' },
  ];

  const digestOf = (sorted: typeof changes) => {
    const digest = openDigest();
    for (const change of sorted) digest.add(change);
    return digest.end();
  };

  it("depends on every value and every record", () => {
    const [first, second] = changes;
    if (first === undefined || second === undefined) throw new Error("two changes");
    expect(digestOf([{ ...first }, second])).toBe(digestOf(changes));
    expect(digestOf([{ ...first, after: '{"a": "x", "b": "3"}' }, second])).not.toBe(digestOf(changes));
    expect(digestOf([{ ...first, before: first.after, after: first.before }, second])).not.toBe(digestOf(changes));
    expect(digestOf([second])).not.toBe(digestOf(changes));
  });

  it("refuses records out of order or twice", () => {
    const digest = openDigest();
    digest.add({ vendorId: "2", before: "{}", after: "{}" });
    expect(() => digest.add({ vendorId: "10", before: "{}", after: "{}" })).toThrow("sorted");
  });
});

describe("the policy", () => {
  const plan = {
    changes: 10,
    destinationRecords: 1_000,
    appliedBefore: true,
    undoneSince: false,
    fieldsChanged: false,
    partlyRead: false,
    autoApplyShare: 0.05,
  };
  it("lets the first plan wait whatever the limit", () => {
    expect(decideApproval({ ...plan, appliedBefore: false, autoApplyShare: 1 }).decision).toBe("waiting");
  });
  it("lets the first one after an undo wait, and says why", () => {
    expect(decideApproval({ ...plan, undoneSince: true })).toMatchObject({
      decision: "waiting",
      reason: expect.stringContaining("undone"),
    });
  });
  it("lets the first one after a change of the fields wait, and says why", () => {
    expect(decideApproval({ ...plan, fieldsChanged: true, autoApplyShare: 1 })).toMatchObject({
      decision: "waiting",
      reason: expect.stringContaining("fields written here were changed"),
    });
  });
  it("lets those wait that rest on a part of a tool's records", () => {
    expect(decideApproval({ ...plan, partlyRead: true })).toMatchObject({
      decision: "waiting",
      reason: expect.stringContaining("in part only"),
    });
  });
  it("lets later ones go ahead up to the admin's share of records", () => {
    expect(decideApproval(plan).decision).toBe("approved");
    expect(decideApproval({ ...plan, changes: 51 }).decision).toBe("waiting");
    expect(decideApproval({ ...plan, autoApplyShare: null }).decision).toBe("waiting");
  });
});

describe("carrying out a change", () => {
  const change = {
    before: { [STAGE]: "customer_new", [RISK]: "10" },
    after: { [STAGE]: "customer_active", [RISK]: "15" },
  };

  it("goes ahead where the record is as the plan saw it", () => {
    expect(decideApply("write", change, live(change.before))).toEqual({
      decision: "write",
      before: change.before,
      values: change.after,
    });
  });

  it("takes a try that got through unrecorded for done", () => {
    expect(decideApply("write", change, live({ [STAGE]: "customer_active", [RISK]: "15.0" }))).toMatchObject({
      decision: "already",
      before: change.before,
    });
  });

  it("leaves a record alone that somebody changed meanwhile", () => {
    expect(decideApply("write", change, live({ ...change.before, [STAGE]: "customer_loyal" }))).toMatchObject({
      decision: "skip",
      cause: "live_changed",
    });
  });

  it("knows records that are gone or merged", () => {
    expect(decideApply("write", change, undefined).decision).toBe("gone");
    expect(decideApply("write", change, { id: "1", state: "gone", values: {} }).decision).toBe("gone");
    expect(decideApply("write", change, { id: "1", state: "merged", mergedInto: "2", values: {} }).decision).toBe(
      "gone",
    );
  });

  it("undoes only the fields that still hold what we wrote", () => {
    const undo = reverse({ ...change, readBack: { [STAGE]: "customer_active", [RISK]: "15.0" }, uses: [] });
    if (undo === null) throw new Error("something to undo");
    expect(decideApply("undo", undo, live({ [STAGE]: "customer_loyal", [RISK]: "15.0" }))).toEqual({
      decision: "write",
      before: { [RISK]: "15.0" },
      values: { [RISK]: "10" },
    });
    expect(decideApply("undo", undo, live({ [STAGE]: "customer_loyal", [RISK]: "99" }))).toMatchObject({
      cause: "edited",
    });
  });

  it("and undoing restores the record to what it was", () => {
    const values = fc.record({ [STAGE]: fc.option(fc.string()), [RISK]: fc.option(fc.nat().map(String)) });
    fc.assert(
      fc.property(values, values, (before, after) => {
        const undo = reverse({ before, after, readBack: after, uses: [] });
        if (undo === null) return;
        const decision = decideApply("undo", undo, live(after));
        if (decision.decision === "already") return;
        if (decision.decision !== "write") throw new Error(decision.decision);
        const restored: FieldValues = { ...after, ...decision.values };
        expect(diffRecord({ live: restored, desired: before, ownership: allOurs, lastDelivered: {} })).toBeNull();
      }),
    );
  });
});

describe("reading back", () => {
  const before = { [STAGE]: "customer_new", [RISK]: null };
  const written = { [STAGE]: "customer_active", [RISK]: "15" };

  it("confirms the values in the vendor's spelling", () => {
    const verdict = verifyReadBack(written, before, live({ [STAGE]: "customer_active", [RISK]: "15.0" }));
    expect(verdict).toEqual({ verdict: "confirmed", readBack: { [STAGE]: "customer_active", [RISK]: "15.0" } });
  });

  it("calls a success that changed nothing a failure", () => {
    expect(verifyReadBack(written, before, live(before))).toMatchObject({
      verdict: "failed",
      reason: expect.stringContaining("no-op"),
    });
  });

  it("names the fields that hold something else", () => {
    const verdict = verifyReadBack(written, before, live({ ...written, [RISK]: null }));
    expect(verdict).toMatchObject({ verdict: "failed", reason: expect.stringContaining(RISK) });
    expect(verifyReadBack(written, before, undefined).verdict).toBe("failed");
  });
});
