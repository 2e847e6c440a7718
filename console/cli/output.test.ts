import { describe, expect, it } from "vitest";
import { bytes, harmless, plural, table } from "./output.ts";

describe("a table", () => {
  it("aligns words to the left and numbers to the right, also where some are not known", () => {
    expect(
      table(
        ["tool", "rows", "state"],
        [
          ["hubspot", 1_234, "complete"],
          ["csv", null, "being read"],
        ],
      ),
    ).toBe(["tool      rows  state", "hubspot  1,234  complete", "csv          -  being read"].join("\n"));
  });

  it("stays aligned where a letter is made of several characters", () => {
    const lines = table(
      ["name", "n"],
      [
        ["Zoe\u0308", 1],
        ["Adam", 2],
      ],
    ).split("\n");
    expect(lines).toEqual(["name  n", "Zoe\u0308   1", "Adam  2"]);
  });

  it("is only its head when there is nothing", () => {
    expect(table(["tool", "rows"], [])).toBe("tool  rows");
  });
});

describe("text for a terminal", () => {
  it("keeps lines and letters, and shows what would steer the terminal", () => {
    expect(harmless("Zoë\nСоня")).toBe("Zoë\nСоня");
    expect(harmless("\u001b]0;owned\u0007\r\u009b2J\u202e")).toBe("\ufffd]0;owned\ufffd\ufffd\ufffd2J\ufffd");
  });

  it("counts in words", () => {
    expect([plural(0, "row"), plural(1, "row"), plural(1_200, "plan is waiting", "plans are waiting")]).toEqual([
      "0 rows",
      "1 row",
      "1,200 plans are waiting",
    ]);
  });
});

describe("a size", () => {
  it("is in the unit that leaves one to three digits", () => {
    expect([0, 999, 1_000, 15_400, 999_900, 1_250_000, 3e9].map(bytes)).toEqual([
      "0 bytes",
      "999 bytes",
      "1.0 KB",
      "15.4 KB",
      "1000 KB",
      "1.3 MB",
      "3.0 GB",
    ]);
  });
});
