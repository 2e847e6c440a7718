import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latestChanges } from "./changes.ts";
import type { StripeEvent } from "./schema.ts";

let count = 0;
function event(
  type: string,
  object: string,
  fields: Partial<StripeEvent> & { previous?: Record<string, unknown> } = {},
): StripeEvent {
  count += 1;
  const { previous, ...rest } = fields;
  return {
    id: `evt_${count}`,
    type,
    created: count,
    api_version: "2026-10-28.endive",
    data: {
      object: { id: object, version: count },
      ...(previous === undefined ? {} : { previous_attributes: previous }),
    },
    ...rest,
  };
}

describe("the latest changes of a page of events", () => {
  it("are one per object, its newest state", () => {
    const events = [
      event("customer.created", "cus_1"),
      event("customer.created", "cus_2"),
      event("customer.updated", "cus_1"),
    ];
    expect(latestChanges(events).map((change) => [change.id, change.changedAt])).toEqual([
      ["cus_2", events[1]?.created],
      ["cus_1", events[2]?.created],
    ]);
  });

  it("leave out our own metadata coming back", () => {
    const ours = event("customer.updated", "cus_1", {
      previous: { metadata: { tributary_stage: null, tributary_risk: "0.1" } },
    });
    expect(latestChanges([ours])).toEqual([]);
  });

  it("keep an update in which somebody else changed something too", () => {
    const mixed = [
      event("customer.updated", "cus_1", { previous: { metadata: { tributary_stage: null, shoe_size: null } } }),
      event("customer.updated", "cus_2", {
        previous: { metadata: { tributary_stage: null }, email: "old@hollowpine.co.uk" },
      }),
      event("customer.updated", "cus_3"),
      event("customer.updated", "cus_4", { previous: { metadata: {} } }),
    ];
    expect(latestChanges(mixed).map((change) => change.id)).toEqual(["cus_1", "cus_2", "cus_3", "cus_4"]);
  });

  it("keep the real change when our echo comes right after it", () => {
    const real = event("customer.updated", "cus_1", { previous: { email: "old@hollowpine.co.uk" } });
    const echo = event("customer.updated", "cus_1", { previous: { metadata: { tributary_stage: null } } });
    expect(latestChanges([real, echo]).map((change) => change.changedAt)).toEqual([real.created]);
  });

  it("never bring a deleted customer back", () => {
    const events = [event("customer.deleted", "cus_1"), event("customer.updated", "cus_1")];
    expect(latestChanges(events)).toMatchObject([{ id: "cus_1", deleted: true }]);
  });

  it("remember that a charge was a guest's even when a later event no longer says so", () => {
    const events = [
      event("charge.updated", "ch_1", { previous: { customer: null } }),
      event("charge.refunded", "ch_1"),
    ];
    expect(latestChanges(events)).toMatchObject([{ id: "ch_1", formerGuest: true }]);
  });

  it("are the same when events are listed twice", () => {
    const ids = fc.array(fc.constantFrom("cus_1", "cus_2", "cus_3"), { maxLength: 12 });
    fc.assert(
      fc.property(ids, (objects) => {
        const events = objects.map((id) => event("customer.updated", id));
        expect(latestChanges(events.flatMap((one) => [one, one]))).toEqual(latestChanges(events));
      }),
    );
  });
});
