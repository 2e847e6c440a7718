import { describe, expect, it } from "vitest";
import { canonicalRecord } from "#connectors/core/records.ts";
import { inventedAcme, orderSeed, personSeed } from "./fixtures.ts";
import { orderToRecords, personToRecords } from "./mapping.ts";

const marketing = (status: string) => personSeed(0, { marketing_email: { status, changed_at: null } });

describe("a person", () => {
  it("and an order have the canonical form, whoever it is", () => {
    const { people, orders } = inventedAcme(40);
    const records = [...people.flatMap(personToRecords), ...orders.flatMap(orderToRecords)];
    for (const record of records) expect(canonicalRecord.parse(record)).toEqual(record);
  });

  it.each(["", "yes", "SUBSCRIBED"])("of whom Acme says %j about e-mail has said nothing that counts", (status) => {
    const states = personToRecords(marketing(status)).flatMap((record) => ("state" in record ? record.state : []));
    expect(states).toEqual(["unknown"]);
  });
});

describe("an order", () => {
  it.each([
    ["12.50", "eur", 1250],
    ["1250", "jpy", 1250],
    ["1.250", "kwd", 1250],
  ])("of %s %s comes to %i of the smallest unit", (total, currency, amountMinor) => {
    expect(orderToRecords(orderSeed(0, { total, currency, refunded: "0" }))).toMatchObject([{ amountMinor }]);
  });

  it.each([{ total: "12,50" }, { total: "" }, { refunded: "none" }, { currency: "points" }])(
    "with %j is refused rather than guessed",
    (change) => {
      expect(() => orderToRecords(orderSeed(0, change))).toThrow(RangeError);
    },
  );
});
