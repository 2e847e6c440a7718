import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromMinor, isCurrency, minorDigits, toMinor } from "./currency.ts";

describe("currencies", () => {
  it.each([
    [2, ["EUR", "GBP", "USD", "HUF", "IDR", "COP", "PKR", "TWD", "LAK", "MMK", "MGA", "RSD", "XCG", "HRK", "BGN"]],
    [0, ["JPY", "ISK", "KRW", "CLP", "VND", "UGX", "PYG", "XAF", "XOF", "XPF", "KMF", "BIF"]],
    [3, ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]],
    [4, ["CLF", "UYW"]],
  ])("counts %i digits where ISO 4217 does", (digits, codes) => {
    for (const code of codes) expect([code, minorDigits(code)]).toEqual([code, digits]);
  });

  it.each(["OMN", "XXX", "XTS", "XAU", "gbp", "", "GB", "GBPP", "constructor"])("knows that %j is none", (code) => {
    expect(isCurrency(code)).toBe(false);
    expect(() => minorDigits(code)).toThrow(RangeError);
    expect(toMinor("1", code)).toBeNull();
  });

  it("knows what the runtime knows, funds, metals and long withdrawn ones aside", () => {
    const unknown = Intl.supportedValuesOf("currency").filter((code) => !isCurrency(code));
    for (const code of ["AED", "CHF", "MXN", "ZAR", "UAH"]) expect(unknown).not.toContain(code);
  });
});

describe("decimal text into minor units", () => {
  it.each([
    ["1234.5", "GBP", 123_450],
    ["1.005", "GBP", 101],
    ["-1.005", "GBP", -101],
    ["1.0049999999999999999999", "GBP", 100],
    ["500", "JPY", 500],
    ["499.5", "JPY", 500],
    ["5.12", "KWD", 5_120],
    ["1.23456", "CLF", 12_346],
    ["1990", "HUF", 199_000],
    ["0.1", "EUR", 10],
    [".5", "EUR", 50],
    ["5.", "EUR", 500],
    ["1.2E+3", "EUR", 120_000],
    ["1e-1", "EUR", 10],
    ["+3", "EUR", 300],
    ["-0", "EUR", 0],
    [" 7 ", "EUR", 700],
    ["90071992547409.91", "EUR", 9_007_199_254_740_991],
  ])("%s %s is %i", (text, code, minor) => {
    expect(toMinor(text, code)).toEqual(minor);
  });

  it.each([
    "",
    "-",
    ".",
    "1,5",
    "1.2.3",
    "0x10",
    "Infinity",
    "NaN",
    "1e",
    "12 000",
    "1e999",
    "9".repeat(5_000),
    "1e60",
  ])("%j is no amount", (text) => {
    expect(toMinor(text, "EUR")).toBeNull();
  });

  it("refuses what a number does not hold exactly", () => {
    expect(toMinor("90071992547409.92", "EUR")).toBeNull();
    expect(toMinor("0".repeat(30) + "1.5", "EUR")).toBe(150);
  });

  it("comes back the same", () => {
    const codes = fc.constantFrom("EUR", "JPY", "KWD", "CLF");
    fc.assert(
      fc.property(fc.maxSafeInteger(), codes, (minor, code) => {
        expect(toMinor(fromMinor(minor, code), code)).toBe(minor === 0 ? 0 : minor);
      }),
    );
  });

  it("writes the currency's own digits", () => {
    expect(fromMinor(5, "GBP")).toBe("0.05");
    expect(fromMinor(-5, "KWD")).toBe("-0.005");
    expect(fromMinor(500, "JPY")).toBe("500");
    expect(fromMinor(199_000, "HUF")).toBe("1990.00");
  });
});
