import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { normaliseEmail } from "./email.ts";
import { normaliseName } from "./name.ts";
import { normalisePhone } from "./phone.ts";

describe("e-mail addresses", () => {
  it.each([
    ["Anna.Hill@Brightleaf.co.uk", "anna.hill@brightleaf.co.uk"],
    ["  <mailto:anna@brightleaf.co.uk>, ".replace("<mailto:", "mailto:"), "anna@brightleaf.co.uk"],
    ["<anna@brightleaf.co.uk>;", "anna@brightleaf.co.uk"],
    ["ａnna@brightleaf.co.uk", "anna@brightleaf.co.uk"],
    ["anna@bücherei-nord.de", "anna@xn--bcherei-nord-dlb.de"],
    ["o'neil@brightleaf.co.uk", "o'neil@brightleaf.co.uk"],
  ])("%s is %s however it is spelt", (raw, key) => {
    expect(normaliseEmail(raw)).toMatchObject({ key, quality: "strong" });
  });

  it("sees the mailbox behind dots and tags, dots for Gmail alone", () => {
    expect(normaliseEmail("anna.hill+shop@googlemail.com").canonical).toBe("annahill@gmail.com");
    expect(normaliseEmail("anna.hill+shop@brightleaf.co.uk").canonical).toBe("anna.hill@brightleaf.co.uk");
    expect(normaliseEmail("anna.hill@outlook.com").canonical).toBe("anna.hill@outlook.com");
  });

  it.each([
    "info@brightleaf.co.uk",
    "sales+north@brightleaf.co.uk",
    "no-reply@brightleaf.co.uk",
    "test@brightleaf.co.uk",
    "anna@example.com",
    "anna@test.de",
    "anna@mailinator.com",
    "anna@shop.invalid",
  ])("%s names nobody", (raw) => {
    expect(normaliseEmail(raw)).toMatchObject({ quality: "blocked", reason: expect.stringMatching(/\.$/) });
  });

  it.each([
    "",
    "anna",
    "@brightleaf.co.uk",
    "anna@",
    "anna hill@brightleaf.co.uk",
    "anna@localhost",
    "a..b@brightleaf.co.uk",
  ])("%j is no address", (raw) => {
    expect(normaliseEmail(raw).key).toBeNull();
  });
});

describe("phone numbers", () => {
  it.each([
    ["07911 123456", "GB"],
    ["+44 (0)7911 123456", "US"],
    ["0044 7911 123456", "GB"],
    ["+447911123456", "DE"],
  ])("%s read in %s is one British mobile", (raw, country) => {
    expect(normalisePhone(raw, country)).toEqual({ key: "+447911123456", quality: "strong", reason: null });
  });

  it.each([
    ["0121 303 9944", "GB"],
    ["(415) 867-5309", "US"],
    ["07911 123456 ext 12", "GB"],
  ])("%s in %s may be shared, so it is weak", (raw, country) => {
    expect(normalisePhone(raw, country).quality).toBe("weak");
  });

  it.each([
    ["00000000000", "GB"],
    ["07777777777", "GB"],
    ["01234567890", "GB"],
    ["+1 212 555 0123", "US"],
    ["07700 900123", "GB"],
    ["0800 123 4567", "GB"],
    ["asdf", "GB"],
    ["12", "GB"],
  ])("%s in %s says nothing", (raw, country) => {
    expect(normalisePhone(raw, country).quality).toBe("blocked");
  });

  it("reads a national number as international only when the country is unknown", () => {
    expect(normalisePhone("07911 123456", "XX").key).toBeNull();
    expect(normalisePhone("+44 7911 123456", "XX").key).toBe("+447911123456");
  });
});

describe("names", () => {
  it.each([
    ["Dr. Anna", "Hill", "anna", "hill"],
    ["  ANNA ", "  Hill-Jones ", "anna", "hill-jones"],
    ["Zoë", "Müller", "zoe", "muller"],
    ["Anna Hill", null, "anna", "hill"],
    ["Hill, Anna", null, "anna", "hill"],
    ["John", "Hill Jr.", "john", "hill"],
    [null, "Anna Hill", "anna", "hill"],
    ["Mary Ann", "O'Neil", "mary ann", "o'neil"],
  ])("%j %j is compared as %s %s", (first, last, firstKey, lastKey) => {
    expect(normaliseName(first, last)).toMatchObject({ first: firstKey, last: lastKey });
  });

  it.each([
    ["Test", "Customer"],
    ["asdf", "asdf"],
    ["Guest", null],
    ["n/a", "n/a"],
    ["Brightleaf", "Ltd"],
    ["", ""],
    [null, null],
  ])("%j %j is nobody's name", (first, last) => {
    expect(normaliseName(first, last)).toEqual({ first: null, last: null });
  });
});

describe("a generation behind a name", () => {
  it.each([
    ["George", "Hale Sr", "sr"],
    ["George", "Hale, Jr.", "jr"],
    ["George Jr", "Hale", "jr"],
    ["George Hale Junior", null, "jr"],
    ["Henry", "Lund III", "iii"],
    ["Henry", "Lund MD Jr", "jr"],
    ["Tom", "Senior", undefined],
    ["Henry", "Lund PhD", undefined],
  ])("%j %j: %s", (first, last, generation) => {
    expect(normaliseName(first, last).generation).toBe(generation);
  });
});

describe("values of any length and content", () => {
  const nasty = [
    "",
    " ",
    ".:".repeat(200_000),
    "@".repeat(100_000),
    "<".repeat(300_000),
    `${"a.".repeat(100_000)}@x.de`,
    `x@${"a.".repeat(100_000)}de`,
    "1".repeat(500_000),
    "+".repeat(500_000),
    "(".repeat(100_000),
    "\ufdfa".repeat(50_000),
    "'-".repeat(200_000),
    "n/a ".repeat(100_000),
    "\ud800",
    "ß".repeat(300_000),
  ];

  it("cost no more than a glance", () => {
    const before = process.cpuUsage();
    for (const raw of [...nasty, `${".:".repeat(200_000)}x@y.de`]) {
      normaliseEmail(raw);
      normalisePhone(raw, "DE");
      normaliseName(raw, raw);
    }
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ maxLength: 400 }), fc.emailAddress(), fc.stringMatching(/^[.:;<>@"' +a1-]{0,400}$/)),
        (raw) => {
          const email = normaliseEmail(raw);
          expect(email.key === null || email.key.includes("@")).toBe(true);
          expect((email.key ?? "").length).toBeLessThanOrEqual(400);
          expect((normalisePhone(raw, "GB").key ?? "").length).toBeLessThan(100);
          normaliseName(raw, null);
        },
      ),
      { numRuns: 2_000 },
    );
    expect(process.cpuUsage(before).user).toBeLessThan(5_000_000);
  });
});
