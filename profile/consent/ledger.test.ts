import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Use } from "#connectors/core/grant.ts";
import { consentChannel, consentPurpose, consentStateName } from "#connectors/core/records.ts";
import { decide } from "./decide.ts";
import { type ConsentEntry, effectiveConsent, nextConsentChange } from "./ledger.ts";

const NOW = "2026-11-01T12:00:00Z";

let entries = 0;
function entry(fields: Partial<ConsentEntry> = {}): ConsentEntry {
  entries += 1;
  return {
    entryId: `e${entries}`,
    recordId: "r1",
    address: null,
    channel: "email",
    purpose: "marketing",
    state: "granted",
    explicit: false,
    effectiveAt: "2026-05-03T10:00:00Z",
    expiresAt: null,
    recordedAt: "2026-10-01T00:00:00Z",
    proof: "checkout form v4",
    ...fields,
  };
}

const marketing = (list: ConsentEntry[], at = NOW) =>
  effectiveConsent(list, at).find(({ channel, purpose }) => channel === "email" && purpose === "marketing");
const use = { purpose: "marketing", channel: "email" } as const;
const ask = (list: ConsentEntry[], asked: Use = use, address: string | null = null, at = NOW) =>
  decide(
    {
      profileId: "p",
      answers: effectiveConsent(list, at),
      recipient: address === null ? "anywhere" : { email: address, phone: address },
    },
    [asked],
    at,
  );
const allowed = (...arguments_: Parameters<typeof ask>) => !("refused" in ask(...arguments_));

describe("the answer for a person", () => {
  it("is yes with one valid yes, and says since when and why", () => {
    const yes = entry({ explicit: true });
    expect(ask([yes])).toMatchObject({ profileId: "p", uses: [use], entryIds: [yes.entryId], decidedAt: NOW });
    expect(effectiveConsent([yes], NOW)).toMatchObject([
      { channel: "email", purpose: "marketing", reason: "allowed - confirmed on 3 May 2026 (checkout form v4)" },
    ]);
  });

  it("is no without any entry, and an unknown or unconfirmed one is not a yes", () => {
    expect(ask([])).toEqual({ refused: true, reason: "E-mail marketing: not allowed - no consent recorded" });
    expect(allowed([entry({ state: "unknown" })])).toBe(false);
    const asked = entry({ state: "pending", effectiveAt: "2026-10-30T00:00:00Z", recordedAt: "2026-10-30T00:00:00Z" });
    expect(ask([asked])).toMatchObject({ reason: expect.stringContaining("not confirmed yet") });
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

  it("does not start later than it reached us, whatever its date", () => {
    const skewed = entry({ effectiveAt: "2026-11-01T12:03:00Z", recordedAt: NOW });
    expect(marketing([skewed])).toMatchObject({ state: "granted", effectiveAt: "2026-11-01T12:00:00.000Z" });
    expect(nextConsentChange([skewed], "2026-11-01T11:59:00Z")).toBe("2026-11-01T12:00:00.000Z");
    const wrong = entry({
      state: "withdrawn",
      effectiveAt: "2036-11-01T12:00:00Z",
      recordedAt: "2026-10-01T00:00:00Z",
    });
    expect(marketing([wrong])).toMatchObject({ state: "withdrawn", effectiveAt: "2026-10-01T00:00:00.000Z" });
  });
});

describe("a date that is missing or cannot be", () => {
  const may = "2026-05-10T09:00:00Z";
  const explicitYes = (effectiveAt: string) =>
    entry({ explicit: true, effectiveAt, recordedAt: "2026-10-01T00:00:00Z" });

  it("a no counts from when it reached us, and the reason says so", () => {
    const no = entry({ state: "withdrawn", effectiveAt: null, recordedAt: may, proof: "column Opt-out" });
    expect(marketing([explicitYes("2026-05-01T00:00:00Z"), no])).toMatchObject({
      state: "withdrawn",
      effectiveAt: "2026-05-10T09:00:00.000Z",
      reason: "not allowed - withdrawn, date not given by the source, counted from 10 May 2026 (column Opt-out)",
    });
    expect(allowed([explicitYes("2026-05-11T00:00:00Z"), no])).toBe(true);
  });

  it("a yes is older than any no, and still a yes where nobody said no", () => {
    const yes = entry({ explicit: true, effectiveAt: null, recordedAt: "2026-10-01T00:00:00Z" });
    expect(marketing([yes])).toMatchObject({
      state: "granted",
      effectiveAt: null,
      reason: "allowed - recorded, date not given by the source, counted from 1 October 2026 (checkout form v4)",
    });
    const no = entry({ recordId: "r2", state: "denied", effectiveAt: "2020-01-01T00:00:00Z" });
    expect(allowed([yes, no])).toBe(false);
    expect(allowed([yes, { ...no, recordId: "r1" }])).toBe(false);
  });

  it.each(["2099-01-01T00:00:00Z", "2026-10-01T00:06:00Z"])(
    "a yes dated %s when it came on 1 October is neither explicit nor newer than a no",
    (effectiveAt) => {
      const yes = explicitYes(effectiveAt);
      const no = entry({ recordId: "r2", state: "withdrawn", effectiveAt: "2026-09-20T00:00:00Z" });
      expect(allowed([yes, no])).toBe(false);
      expect(allowed([yes, no], use, null, "2100-01-01T00:00:00Z")).toBe(false);
      expect(marketing([yes])?.reason).toContain(
        "by the source, which was in the future then, counted from 1 October 2026",
      );
    },
  );

  it("a yes that reached us before a no was said never lifts it, however little its clock was ahead", () => {
    const yes = entry({ explicit: true, effectiveAt: "2026-10-01T00:04:00Z", recordedAt: "2026-10-01T00:00:00Z" });
    const no = entry({ state: "withdrawn", effectiveAt: "2026-10-01T00:02:00Z", recordedAt: "2026-10-01T00:02:00Z" });
    expect(allowed([yes, no])).toBe(false);
  });

  it("a no dated in the future counts at once", () => {
    const no = entry({ state: "withdrawn", effectiveAt: "2036-11-01T00:00:00Z", recordedAt: may });
    expect(marketing([entry({ recordId: "r2" }), no])).toMatchObject({ state: "withdrawn" });
  });

  it("a no of a day counts to the day's end: a yes of that morning does not lift it", () => {
    const no = entry({ state: "withdrawn", effectiveAt: "2026-09-02T22:59:59.999Z" });
    expect(allowed([explicitYes("2026-09-02T08:15:00Z"), no])).toBe(false);
  });

  it("a no counts although our clock is a little behind the one it was recorded by", () => {
    const no = entry({ state: "withdrawn", effectiveAt: null, recordedAt: "2026-11-01T12:00:30Z" });
    expect(allowed([entry(), no])).toBe(false);
  });

  it("names the days of the shop", () => {
    const no = entry({ state: "withdrawn", effectiveAt: "2026-09-03T03:59:59.999Z" });
    expect(effectiveConsent([no], NOW, { timeZone: "America/New_York" })[0]?.reason).toContain("on 2 September 2026");
  });
});

describe("a source that no longer says yes", () => {
  const unknown = (fields: Partial<ConsentEntry> = {}) =>
    entry({ state: "unknown", effectiveAt: null, recordedAt: "2026-10-20T00:00:00Z", proof: "STOP", ...fields });

  it("suspends its earlier yes from then on, and says since when", () => {
    expect(marketing([entry(), unknown()])).toMatchObject({
      state: "unknown",
      reason: "not allowed - the source no longer confirms an earlier yes, since 20 October 2026 (STOP)",
    });
    expect(allowed([entry(), unknown()], use, null, "2026-10-19T00:00:00Z")).toBe(true);
  });

  it("suspends an undated yes, and one that came with it, whatever date the unknown has", () => {
    const yes = entry({ effectiveAt: null, recordedAt: "2026-10-20T00:00:00Z" });
    expect(allowed([yes, unknown()])).toBe(false);
    expect(allowed([yes, unknown({ effectiveAt: "2026-01-01T00:00:00Z" })])).toBe(false);
  });

  it("leaves another record's yes alone, and that of another address", () => {
    const here = { address: "a@brightleaf.co.uk" };
    expect(allowed([entry({ recordId: "r2" }), unknown()])).toBe(true);
    expect(allowed([entry(here), unknown({ address: "b@brightleaf.co.uk" })])).toBe(true);
    expect(allowed([entry(here), unknown({ address: "A@brightleaf.co.uk " })])).toBe(false);
    expect(allowed([entry(here), unknown()])).toBe(false);
    expect(allowed([entry(), unknown(here)])).toBe(false);
  });

  it("suspends what its channel or purpose covers", () => {
    expect(allowed([entry(), unknown({ channel: "any" })])).toBe(false);
    expect(allowed([entry(), unknown({ purpose: "any" })])).toBe(false);
    expect(allowed([entry(), unknown({ channel: "sms" })])).toBe(true);
  });

  it("is heard again when it says yes anew, and not when it repeats the old one", () => {
    expect(allowed([entry(), unknown(), entry({ effectiveAt: "2026-10-25T00:00:00Z", recordedAt: NOW })])).toBe(true);
    expect(allowed([entry(), unknown(), entry({ effectiveAt: null, recordedAt: "2026-10-25T00:00:00Z" })])).toBe(true);
    expect(allowed([entry(), unknown(), entry({ recordedAt: "2026-10-25T00:00:00Z" })])).toBe(false);
  });

  it("may change its mind ten thousand times without holding anybody up", () => {
    const flips = Array.from({ length: 10_000 }, (_, n) => {
      const recordedAt = new Date(Date.UTC(2026, 0, 1) + n * 60_000).toISOString();
      return entry({ effectiveAt: null, recordedAt, state: n % 2 === 0 ? "granted" : "unknown" });
    });
    expect(marketing(flips)?.state).toBe("unknown");
    expect(marketing(flips.slice(0, -1))?.state).toBe("granted");
  });

  it("never lifts a no", () => {
    const no = entry({ state: "withdrawn", effectiveAt: "2026-06-01T00:00:00Z" });
    expect(marketing([entry(), no, unknown()])?.state).toBe("withdrawn");
  });
});

describe("several addresses", () => {
  const a = entry({ recordId: "r1", address: "a@brightleaf.co.uk" });
  const b = entry({ recordId: "r2", address: "b@brightleaf.co.uk", effectiveAt: "2026-06-01T00:00:00Z" });

  it("each with its own yes are allowed each by its own entry, and no third one", () => {
    expect(ask([a, b], use, "a@brightleaf.co.uk")).toMatchObject({ entryIds: [a.entryId] });
    expect(ask([a, b], use, "b@brightleaf.co.uk")).toMatchObject({ entryIds: [b.entryId] });
    expect(allowed([a, b], use, "c@brightleaf.co.uk")).toBe(false);
  });

  it("a record without an address is covered by a yes for the person alone", () => {
    const nowhere = { profileId: "p", recipient: { email: null, phone: null } };
    const at = (list: ConsentEntry[]) => decide({ ...nowhere, answers: effectiveConsent(list, NOW) }, [use], NOW);
    expect(at([a])).toMatchObject({ refused: true });
    expect(at([entry()])).toMatchObject({ profileId: "p" });
  });

  it("telephone numbers are compared as numbers", () => {
    const yes = entry({ channel: "sms", address: "+44 7700 900123" });
    const text = { purpose: "marketing", channel: "sms" } as const;
    expect(allowed([yes], text, "0044 (7700) 900-123")).toBe(true);
    expect(allowed([yes], text, "+44 7700 900124")).toBe(false);
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
  effectiveAt: fc.option(instant, { freq: 3 }),
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
          .filter((item) => (item.effectiveAt ?? item.recordedAt) > at && item.recordedAt > at)
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
