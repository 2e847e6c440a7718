import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { consentChannel, consentPurpose, consentStateName } from "#connectors/core/records.ts";
import { consentSentence, decide } from "./decide.ts";
import { type ConsentEntry, effectiveConsent, nextConsentChange } from "./ledger.ts";

const NOW = "2026-11-01T12:00:00Z";

let entries = 0;
function entry(fields: Partial<ConsentEntry> = {}): ConsentEntry {
  entries += 1;
  const effectiveAt = fields.effectiveAt ?? "2026-05-03T10:00:00Z";
  return {
    entryId: `e${entries}`,
    recordId: "r1",
    address: null,
    channel: "email",
    purpose: "marketing",
    state: "granted",
    explicit: false,
    effectiveAt,
    expiresAt: null,
    recordedAt: "2026-10-01T00:00:00Z",
    proof: "checkout form v4",
    ...fields,
  };
}

const marketing = (list: ConsentEntry[], at = NOW) =>
  effectiveConsent(list, at).find(({ channel, purpose }) => channel === "email" && purpose === "marketing");
const use = { purpose: "marketing", channel: "email" } as const;
const ask = (
  list: ConsentEntry[],
  asked: Parameters<typeof decide>[1] = use,
  address: string | null = null,
  at = NOW,
) => decide({ profileId: "p", answers: effectiveConsent(list, at), address }, asked, at);
const allowed = (...arguments_: Parameters<typeof ask>) => !("refused" in ask(...arguments_));

describe("the answer for a person", () => {
  it("is yes with one valid yes, and says since when and why", () => {
    const yes = entry({ explicit: true });
    expect(ask([yes])).toMatchObject({ profileId: "p", uses: [use], entryIds: [yes.entryId], decidedAt: NOW });
    const [answer] = effectiveConsent([yes], NOW);
    expect(answer && consentSentence(answer)).toBe(
      "E-mail marketing: allowed - confirmed on 3 May 2026 (checkout form v4)",
    );
  });

  it("is no without any entry, and an unknown or unconfirmed one is not a yes", () => {
    expect(ask([])).toEqual({ refused: true, reason: "E-mail marketing: not allowed - no consent recorded" });
    expect(allowed([entry({ state: "unknown" })])).toBe(false);
    expect(ask([entry({ state: "pending" })])).toMatchObject({ reason: expect.stringContaining("not confirmed yet") });
  });

  it("is what a record said last", () => {
    const no = entry({ state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z" });
    expect(allowed([entry(), no])).toBe(false);
    expect(allowed([no, entry({ explicit: true, effectiveAt: "2026-07-01T00:00:00Z" })])).toBe(true);
  });

  it("is no when any record of the person withdrew, until a newer explicit yes", () => {
    const no = entry({ recordId: "r2", state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z" });
    const imported = entry({ effectiveAt: "2026-07-01T00:00:00Z" });
    const confirmed = entry({ explicit: true, effectiveAt: "2026-08-01T00:00:00Z" });
    const old = entry({ explicit: true, effectiveAt: "2026-05-01T00:00:00Z" });
    expect(marketing([old, no, imported])).toMatchObject({ state: "withdrawn", entryIds: [no.entryId] });
    expect(marketing([old, no, imported, confirmed])).toMatchObject({
      state: "granted",
      entryIds: [confirmed.entryId],
    });
  });

  it("is no when yes and no carry the same time", () => {
    expect(allowed([entry({ explicit: true }), entry({ recordId: "r2", state: "denied" })])).toBe(false);
  });

  it("is yes when another record merely does not know", () => {
    expect(allowed([entry(), entry({ recordId: "r2", state: "unknown", effectiveAt: "2026-06-01T00:00:00Z" })])).toBe(
      true,
    );
  });

  it("ends with the consent's end", () => {
    const limited = entry({ expiresAt: "2026-11-20T00:00:00Z" });
    expect(marketing([limited])).toMatchObject({ state: "granted", changesAt: "2026-11-20T00:00:00.000Z" });
    expect(marketing([limited], "2026-11-20T00:00:00Z")).toMatchObject({ state: "expired", changesAt: null });
    expect(nextConsentChange([limited], "2026-11-20T00:00:00Z")).toBeNull();
  });

  it("does not start in the future, except for a few minutes of clock skew", () => {
    const skewed = entry({ effectiveAt: "2026-11-01T12:03:00Z", recordedAt: NOW });
    expect(marketing([skewed])).toBeUndefined();
    expect(nextConsentChange([skewed], NOW)).toBe("2026-11-01T12:03:00.000Z");
    const wrong = entry({
      state: "withdrawn",
      effectiveAt: "2036-11-01T12:00:00Z",
      recordedAt: "2026-10-01T00:00:00Z",
    });
    expect(marketing([wrong])).toMatchObject({ state: "withdrawn", effectiveAt: "2026-10-01T00:00:00.000Z" });
  });
});

describe("scope", () => {
  it("a yes covers the channel, the purpose and the address it names", () => {
    const yes = entry({ address: "Anna@brightleaf.co.uk" });
    expect(allowed([yes], { purpose: "marketing", channel: "sms" })).toBe(false);
    expect(allowed([yes], { purpose: "analytics", channel: "email" })).toBe(false);
    expect(allowed([yes], use, "anna@brightleaf.co.uk")).toBe(true);
    expect(allowed([yes], use, "other@brightleaf.co.uk")).toBe(false);
    expect(allowed([entry({ channel: "any" })])).toBe(false);
  });

  it("a no to everything covers every channel and purpose, asked about before or not", () => {
    const no = entry({ channel: "any", purpose: "any", state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z" });
    expect(allowed([entry(), no])).toBe(false);
    expect(allowed([no], { purpose: "marketing", channel: "post" })).toBe(false);
    expect(allowed([no], { purpose: "personalisation", channel: "any" })).toBe(false);
    expect(allowed([entry({ effectiveAt: "2026-07-01T00:00:00Z", explicit: true }), no])).toBe(true);
  });

  it("a no to all e-mail leaves the telephone and profiling alone", () => {
    const no = entry({ purpose: "any", state: "withdrawn" });
    expect(allowed([no])).toBe(false);
    expect(allowed([no, entry({ channel: "call" })], { purpose: "marketing", channel: "call" })).toBe(true);
    expect(allowed([no], { purpose: "personalisation", channel: "any" })).toBe(true);
  });

  it("profiling is allowed until somebody objects, service always", () => {
    const profiling = { purpose: "personalisation", channel: "any" } as const;
    expect(allowed([], profiling)).toBe(true);
    expect(allowed([entry({ state: "denied" })], profiling)).toBe(true);
    expect(allowed([entry({ purpose: "personalisation", channel: "onsite", state: "denied" })], profiling)).toBe(false);
    const service = { purpose: "service", channel: "email" } as const;
    expect(allowed([entry({ channel: "any", purpose: "any", state: "withdrawn" })], service)).toBe(true);
  });
});

const instant = fc
  .integer({ min: 0, max: 40 })
  .map((day) => new Date(Date.UTC(2026, 8, 20) + day * 86_400_000).toISOString());
const anyEntry = fc.record({
  entryId: fc.uuid(),
  recordId: fc.constantFrom("r1", "r2", "r3"),
  address: fc.constantFrom(null, "a@brightleaf.co.uk", "b@brightleaf.co.uk"),
  channel: fc.constantFrom("email", "sms", "any").map((text) => consentChannel.parse(text)),
  purpose: fc.constantFrom("marketing", "personalisation", "any").map((text) => consentPurpose.parse(text)),
  state: fc.constantFrom(...consentStateName.options),
  explicit: fc.boolean(),
  effectiveAt: instant,
  expiresAt: fc.option(instant),
  recordedAt: instant,
  proof: fc.constant("form"),
});
const ledger = fc.uniqueArray(anyEntry, { maxLength: 10, selector: (item) => item.entryId });
const uses = fc.record({
  channel: fc.constantFrom(...consentChannel.options),
  purpose: fc.constantFrom(...consentPurpose.options),
});

describe("algebra", () => {
  it("a further no never turns a no into a yes", () => {
    fc.assert(
      fc.property(
        ledger,
        anyEntry,
        fc.constantFrom("denied", "withdrawn"),
        uses,
        instant,
        (list, extra, state, asked, at) => {
          const after = [...list, { ...extra, entryId: "no", state: consentStateName.parse(state) }];
          expect(allowed(after, asked, null, at) && !allowed(list, asked, null, at)).toBe(false);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("the order of the entries is irrelevant", () => {
    fc.assert(
      fc.property(ledger, instant, (list, at) => {
        const shuffled = list.toSorted((a, b) => (a.entryId.slice(4) < b.entryId.slice(4) ? -1 : 1));
        expect(effectiveConsent(shuffled, at)).toEqual(effectiveConsent(list, at));
      }),
    );
  });

  it("the answer of an instant stays what it was, whatever is said and recorded later", () => {
    fc.assert(
      fc.property(ledger, ledger, instant, (list, more, at) => {
        const later = more
          .filter((item) => item.effectiveAt > at && item.recordedAt > at)
          .map((item) => ({ ...item, entryId: `later ${item.entryId}` }));
        const answers = (entries: ConsentEntry[]) =>
          effectiveConsent(entries, at).map((answer) => ({ ...answer, changesAt: null }));
        expect(answers([...list, ...later])).toEqual(answers(list));
      }),
    );
  });

  it("merging two people and parting them again restores both answers", () => {
    fc.assert(
      fc.property(ledger, ledger, instant, (first, second, at) => {
        const a = first.map((item) => ({ ...item, recordId: `a${item.recordId}` }));
        const b = second.map((item) => ({ ...item, recordId: `b${item.recordId}` }));
        const merged = [...a, ...b];
        expect(
          effectiveConsent(
            merged.filter((item) => item.recordId.startsWith("a")),
            at,
          ),
        ).toEqual(effectiveConsent(a, at));
        expect(
          effectiveConsent(
            merged.filter((item) => item.recordId.startsWith("b")),
            at,
          ),
        ).toEqual(effectiveConsent(b, at));
      }),
    );
  });

  it("merging never allows what both people had forbidden or not allowed", () => {
    fc.assert(
      fc.property(ledger, ledger, uses, instant, (a, second, asked, at) => {
        const b = second.map((item) => ({ ...item, entryId: `b${item.entryId}`, recordId: `b${item.recordId}` }));
        const apart = allowed(a, asked, null, at) || allowed(b, asked, null, at);
        expect(allowed([...a, ...b], asked, null, at) && !apart).toBe(false);
      }),
      { numRuns: 2_000 },
    );
  });

  it("nothing changes before the instant announced", () => {
    fc.assert(
      fc.property(ledger, instant, (list, at) => {
        const next = nextConsentChange(list, at);
        const until = next === null ? "2030-01-01T00:00:00Z" : new Date(Date.parse(next) - 1).toISOString();
        const states = (when: string) =>
          effectiveConsent(list, when).map(({ channel, purpose, state }) => [channel, purpose, state]);
        expect(states(until)).toEqual(states(at));
      }),
    );
  });
});
