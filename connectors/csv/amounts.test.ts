import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { add, multiply, parseAmount, toMinor } from "./amounts.ts";

const minor = (text: string, decimal: "." | "," = ".", currency = "EUR") => {
  const amount = parseAmount(text, decimal);
  return amount === null ? null : toMinor(amount, currency);
};

describe("amounts", () => {
  it.each([
    ["1,234.56", ".", 123456],
    ["1.234,56", ",", 123456],
    ["1234,5", ",", 123450],
    ["€ 12.50", ".", 1250],
    ["12,50 €", ",", 1250],
    ["CHF 1'234.50", ".", 123450],
    ["1 234,56 kr", ",", 123456],
    ["12.50 EUR", ".", 1250],
    ["-£3.00", ".", -300],
    ["£-3.00", ".", -300],
    ["3,00-", ",", -300],
    ["(12.00)", ".", -1200],
    ["($12.00)", ".", -1200],
    ["+5", ".", 500],
    [".5", ".", 50],
    ["0", ".", 0],
    ["-0.00", ".", 0],
    ["1,23,456.78", ".", 12345678],
  ] as const)("reads %s with decimal sign %s", (text, decimal, expected) => {
    expect(minor(text, decimal)).toBe(expected);
  });

  it.each([
    ["12,5", "."],
    ["1.23", ","],
    ["1,23.4", "."],
    ["12 apples", "."],
    ["C536365", "."],
    ["--3", "."],
    ["(-3)", "."],
    ["", "."],
    ["-", "."],
    ["1.2.3", "."],
    ["NaN", "."],
  ] as const)("takes %s for no amount rather than a wrong one", (text, decimal) => {
    expect(parseAmount(text, decimal)).toBeNull();
  });

  it("knows how many minor units a currency has", () => {
    expect(minor("1200", ".", "JPY")).toBe(1200);
    expect(minor("1.2345", ".", "BHD")).toBe(1235);
    expect(minor("1.005", ".", "USD")).toBe(101);
    expect(minor("-1.005", ".", "USD")).toBe(-101);
  });

  it("reads what any locale's formatter writes, to the cent", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: -1e11, max: 1e11 }),
        fc.constantFrom(
          ["en-GB", "."] as const,
          ["de-DE", ","] as const,
          ["fr-FR", ","] as const,
          ["de-CH", "."] as const,
          ["en-IN", "."] as const,
        ),
        fc.constantFrom("code" as const, "symbol" as const),
        (cents, [locale, decimal], currencyDisplay) => {
          const format = new Intl.NumberFormat(locale, { style: "currency", currency: "EUR", currencyDisplay });
          // A string of digits: a number would be rounded before it is written.
          const text = `${cents < 0 ? "-" : ""}${(BigInt(Math.abs(cents)) / 100n).toString()}.${String(Math.abs(cents) % 100).padStart(2, "0")}`;
          expect(minor(format.format(text as Intl.StringNumericLiteral), decimal)).toBe(cents);
        },
      ),
    );
  });

  it("adds and multiplies without the errors of binary fractions", () => {
    const decimal = fc.tuple(fc.integer({ min: -1e6, max: 1e6 }), fc.integer({ min: 0, max: 4 }));
    fc.assert(
      fc.property(decimal, decimal, ([a, scaleA], [b, scaleB]) => {
        const [x, y] = [
          { digits: BigInt(a), scale: scaleA },
          { digits: BigInt(b), scale: scaleB },
        ];
        const sum = add(x, y);
        expect(sum.digits * 10n ** BigInt(8 - sum.scale)).toBe(
          BigInt(a) * 10n ** BigInt(8 - scaleA) + BigInt(b) * 10n ** BigInt(8 - scaleB),
        );
        expect(multiply(x, y)).toEqual({ digits: BigInt(a) * BigInt(b), scale: scaleA + scaleB });
      }),
    );
  });
});
