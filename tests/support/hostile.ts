/** Records as badly behaved as a source may send them, the same for the same seed. */
import type { CanonicalRecord } from "#connectors/core/records.ts";
import { consent, deal, order, person, subscription, touchpoint } from "./records.ts";

export type Random = () => number;

/** Mulberry32: 32 bits of state are enough to choose test values. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const TEXTS = [
  "",
  " ",
  "0",
  "null",
  "undefined",
  "NaN",
  "\u0000",
  "a\u0000b@brightleaf.co.uk",
  "\ud800",
  "x\udfff@brightleaf.co.uk",
  "\u202egnp.exe",
  "👩‍👩‍👧‍👦".repeat(20),
  "ﷺ".repeat(90),
  "'; DROP TABLE profile; --",
  "{1,2,3}",
  '{"a":[1,2',
  "\\N",
  "a,b;c\td\r\ne",
  "=HYPERLINK(1)",
  "İstanbul",
  "ß".repeat(299),
  "a".repeat(255),
  "a".repeat(256),
  "a".repeat(6_000),
  `${".:".repeat(50_000)}x@y.de`,
  "@".repeat(499),
  `${"a.".repeat(200)}@brightleaf.co.uk`,
  "+".repeat(300),
  "+44 7700 900123",
  "9".repeat(400),
  "1e309",
  "6.54321E+12",
  "😀@😀.😀",
  "ada@brightleaf.co.uk",
  "ADA@BRIGHTLEAF.CO.UK ",
  "Ada",
  "Marsh",
];

const INSTANTS = [
  "2026-01-01T00:00:00Z",
  "0000-01-01T00:00:00Z",
  "0001-01-01T00:00:00Z",
  "1899-12-30T00:00:00Z",
  "1970-01-01T00:00:00.000Z",
  "2026-02-30T00:00:00Z",
  "2099-12-31T23:59:59.999Z",
  "9999-12-31T23:59:59Z",
  "+275760-09-13T00:00:00.000Z",
  "2026-06-01",
  "",
];

const NUMBERS = [0, -1, 1, 2_500, 0.5, -0, 1e15, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY, 1e21];

export function hostileRecord(random: Random, index: number): CanonicalRecord {
  const one = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value;
  /** Mostly harmless, so that most rows get past the border and meet what lies behind it. */
  const hostile = <Value>(values: readonly Value[], harmless: Value): Value =>
    random() < 0.15 ? one(values) : harmless;
  const text = () =>
    hostile(TEXTS, one(["Ada", "Marsh", `ada${index % 700}@brightleaf.co.uk`, "+44 7700 900123", "E1 6AN"]));
  const texts = () => Array.from({ length: Math.floor(random() * 4) }, text);
  const maybe = <Value>(value: Value): Value | null => (random() < 0.3 ? null : value);
  const id = random() < 0.7 ? `r${index % 5_000}` : text();
  const who = random() < 0.7 ? `r${index % 5_000}` : text();
  const updatedAt = maybe(hostile(INSTANTS, "2026-03-01T10:00:00Z"));
  switch (Math.floor(random() * 6)) {
    case 0:
      return order(id, maybe(who), {
        updatedAt,
        placedAt: hostile(INSTANTS, "2026-03-01T10:00:00Z"),
        amountMinor: hostile(NUMBERS, 1_999),
        refundedMinor: hostile(NUMBERS, 1_999),
        currency: hostile(["JPY", "XXX", "", "gbp", "ABC"], "GBP"),
      });
    case 1:
      return subscription(id, who, {
        updatedAt,
        startedAt: hostile(INSTANTS, "2026-03-01T10:00:00Z"),
        amountMinor: hostile(NUMBERS, 1_999),
      });
    case 2:
      return touchpoint(id, who, {
        updatedAt,
        type: text(),
        at: hostile(INSTANTS, "2026-03-01T10:00:00Z"),
        channel: maybe(text()),
        campaign: text(),
      });
    case 3:
      return consent(id, who, {
        updatedAt,
        address: maybe(text()),
        state: one(["granted", "withdrawn", "unknown"]),
        effectiveAt: maybe(hostile(INSTANTS, "2026-03-01T10:00:00Z")),
        proof: text(),
      });
    case 4:
      return deal(id, [who, text()], { updatedAt, stage: text(), amountMinor: hostile(NUMBERS, 1_999) });
    default:
      return person(id, {
        updatedAt,
        createdAt: maybe(hostile(INSTANTS, "2026-03-01T10:00:00Z")),
        emails: texts(),
        phones: texts(),
        firstName: maybe(text()),
        lastName: maybe(text()),
        country: maybe(hostile(["DE", "XX", "", "gb"], "GB")),
        postcode: maybe(text()),
        externalIds: texts().map((value) => ({ kind: one(["account_id", "loyalty_id"]), value, scope: "workspace" })),
        mergedInto: random() < 0.1 ? who : null,
      });
  }
}
