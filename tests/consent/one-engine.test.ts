/** Scoring, planning, sending and export decide by one table: what one of them may not do, none may. */
import * as fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { consentChannel, consentPurpose, consentStateName } from "#connectors/core/records.ts";
import { type Addresses, CONSENT_RULES, decide, type Requirement } from "#profile/consent/decide.ts";
import { type ConsentEntry, effectiveConsent } from "#profile/consent/ledger.ts";
import type { ProfileId, RecordId } from "#profile/ids.ts";
import { FIELDS, OWN_NAMES, type PlannableTraits, usesLeft } from "#profile/plan/fields.ts";
import { scoreProfile } from "#profile/scores/score-profile.ts";
import type { Candidate } from "#profile/store/plan/candidates.ts";
import { rowOf } from "#console/cli/commands/export.ts";
import { changeOf, wantedOf } from "#workflows/write-back/build.ts";
import { person } from "#tests/support/records.ts";

const NOW = "2026-11-01T12:00:00.000Z";
const HERE = "anna@brightleaf.co.uk";
const ACTION = "tributary_next_best_action";
const fields = FIELDS.map(({ definition }) => definition.name);
const limits = { fields, maxValueLength: 500 };
const ownership = Object.fromEntries(fields.map((name) => [name, "ours" as const]));

const ok = (value: unknown) => ({ status: "ok" as const, value, reasons: ["Because."], computedAt: NOW });
const traits: PlannableTraits = {
  lifecycle_stage: ok("customer_at_risk"),
  churn_risk: ok(50),
  churn_risk_band: ok("medium"),
  next_best_action: ok("winback_email"),
};

let entries = 0;
const entry = (more: Partial<ConsentEntry> = {}): ConsentEntry => ({
  entryId: `e${(entries += 1)}`,
  recordId: "r1",
  address: null,
  channel: "email",
  purpose: "marketing",
  state: "granted",
  explicit: true,
  effectiveAt: "2026-05-01T00:00:00Z",
  expiresAt: null,
  recordedAt: "2026-05-02T00:00:00Z",
  proof: "form",
  ...more,
});

function candidate(ledger: readonly ConsentEntry[], addresses: Addresses, of = traits): Candidate {
  const consents = effectiveConsent(ledger, NOW);
  const ids = { recordId: "r" as RecordId, vendorId: "1", profileId: "p" as ProfileId };
  return { ...ids, outputSeq: 1, createdAt: null, traits: of, consents, addresses, lastDelivered: {} };
}

/** What a plan would write into an empty record. */
const planned = (ledger: readonly ConsentEntry[], addresses: Addresses, of = traits) =>
  changeOf(wantedOf(candidate(ledger, addresses, of), limits), {}, { ownership, mapping: OWN_NAMES })[0];

const sendable = (ledger: readonly ConsentEntry[], recipient: Addresses, uses: ReturnType<typeof usesLeft>) =>
  !("refused" in decide({ profileId: "p", answers: effectiveConsent(ledger, NOW), recipient }, uses, NOW));

const scored = (ledger: readonly ConsentEntry[]) =>
  scoreProfile(
    {
      profileId: "p",
      firstSeenAt: "2026-01-05T10:00:00.000Z",
      hasIdentifier: true,
      purchaseDays: [{ day: "2026-08-01", netMinor: 2_500 }],
      subscriptions: [],
      lastActivityAt: null,
      messages: [],
      openDeals: 0,
      consents: effectiveConsent(ledger, NOW),
      reachable: { email: true, phone: true },
    },
    { asOf: NOW, timeZone: "UTC", baseline: { repeatBuyers: 0, medianGapDays: null, topSpendMinor: null } },
  );

const exported = (ledger: readonly ConsentEntry[], email = HERE) =>
  rowOf(
    {
      profileId: "p" as ProfileId,
      people: [person("1", { emails: [email] })],
      consents: effectiveConsent(ledger, NOW),
      traits: Object.fromEntries(
        Object.entries(traits).flatMap(([name, one]) => (one === undefined ? [] : [[name, one]])),
      ),
    },
    NOW,
  ).traits;

/** What each of the four does for somebody who said yes to e-mail marketing and nothing else. */
function fourDoors(ledger: readonly ConsentEntry[] = [entry()]) {
  const here = { email: HERE, phone: null };
  const change = planned(ledger, here);
  return {
    scoring: scored(ledger).some(({ value }) => value !== null),
    message: scored(ledger).some(({ value }) => value === "winback_email"),
    planning: change !== undefined,
    sending: sendable(ledger, here, [
      { purpose: "personalisation", channel: "any" },
      { purpose: "marketing", channel: "email" },
    ]),
    export: Object.values(exported(ledger)).some(({ value }) => value !== null),
  };
}

describe("a changed row of the table", () => {
  const rows = CONSENT_RULES.map((row) => ({ row, needs: row.needs }));
  afterEach(() => {
    for (const { row, needs } of rows) row.needs = needs;
  });
  const change = (purpose: string, needs: Requirement) => {
    for (const { row } of rows) if (row.purpose === purpose && row.channel === undefined) row.needs = needs;
  };
  const all = { scoring: true, message: true, planning: true, sending: true, export: true };
  const none = { scoring: false, message: false, planning: false, sending: false, export: false };

  it("moves scoring, planning, sending and export together: profiling now needs a yes", () => {
    expect(fourDoors()).toEqual(all);
    change("personalisation", "yes");
    expect(fourDoors()).toEqual(none);
    expect(scored([entry()])[0]?.reasons).toEqual([
      "Profiling needs this person's consent and none is on record, so nothing is computed about them.",
    ]);
    expect(fourDoors([entry(), entry({ purpose: "personalisation", channel: "any" })])).toEqual(all);
  });

  it("moves them the other way too: marketing now needs no objection", () => {
    const stage = { scoring: true, message: false, planning: true, sending: false, export: true };
    expect(fourDoors([])).toEqual(stage);
    change("marketing", "no-objection");
    expect(fourDoors([])).toEqual(all);
    const no = entry({ state: "withdrawn" });
    expect(fourDoors([no])).toEqual(stage);
  });
});

it("an export takes nothing along by which somebody could be known who objected to profiling", () => {
  const row = (ledger: readonly ConsentEntry[]) =>
    rowOf(
      { profileId: "p" as ProfileId, people: [person("1")], consents: effectiveConsent(ledger, NOW), traits: null },
      NOW,
    );
  expect(row([]).contact).toMatchObject({ emails: ["person1@brightleaf.co.uk"], grant: { decidedAt: NOW } });
  expect(row([entry({ state: "withdrawn" })]).contact).not.toBeNull();
  const no = entry({ purpose: "any", channel: "any", state: "withdrawn" });
  expect(row([no])).toMatchObject({ contact: null, consents: { "any any": "withdrawn" } });
});

describe("a yes for one address of a person", () => {
  it("plans, sends and exports the message at the record with that address, and at no other", () => {
    const ledger = [entry({ address: HERE })];
    const there = { email: "anna@elsewhere.co.uk", phone: null };
    expect(planned(ledger, { email: "Anna@Brightleaf.co.uk", phone: null })?.after[ACTION]).toBe("winback_email");
    expect(planned(ledger, there)?.after).not.toHaveProperty(ACTION);
    expect(planned(ledger, there)?.after).toHaveProperty("tributary_lifecycle_stage");
    expect(planned(ledger, { email: null, phone: null })?.after).not.toHaveProperty(ACTION);
    expect(exported(ledger)["next_best_action"]?.value).toBe("winback_email");
    expect(exported(ledger, "anna@elsewhere.co.uk")["next_best_action"]).toEqual({
      value: null,
      reasons: ["Not exported: this person's permission does not cover it."],
    });
  });
});

const instant = fc
  .integer({ min: 0, max: 40 })
  .map((day) => new Date(Date.UTC(2026, 8, 20) + day * 86_400_000).toISOString());
const address = fc.constantFrom(null, HERE, "b@brightleaf.co.uk", "+447700900123");
const ledgers = fc.array(
  fc.record({
    entryId: fc.uuid(),
    recordId: fc.constantFrom("r1", "r2"),
    address,
    channel: fc.constantFrom("email", "sms", "any").map((text) => consentChannel.parse(text)),
    purpose: fc.constantFrom("marketing", "personalisation", "any").map((text) => consentPurpose.parse(text)),
    state: fc.constantFrom(...consentStateName.options, "granted" as const, "granted" as const),
    explicit: fc.boolean(),
    effectiveAt: fc.option(instant, { freq: 3 }),
    expiresAt: fc.option(instant),
    recordedAt: instant,
    proof: fc.constant("form"),
  }),
  { maxLength: 6 },
);
const actions = fc.constantFrom("winback_email", "reorder_reminder_sms", "review_manually", "none");

describe("planning and sending", () => {
  it("agree on every ledger: what is planned is sent, and what is withheld would be refused", () => {
    let filled = 0;
    fc.assert(
      fc.property(ledgers, address, address, actions, (ledger, email, phone, action) => {
        const at = { email, phone };
        const of = { ...traits, next_best_action: ok(action) };
        const change = planned(ledger, at, of);
        const everything = [
          { purpose: "personalisation", channel: "any" },
          ...(action === "winback_email" ? [{ purpose: "marketing", channel: "email" } as const] : []),
          ...(action === "reorder_reminder_sms" ? [{ purpose: "marketing", channel: "sms" } as const] : []),
        ] as const;
        if (change === undefined) {
          expect(sendable(ledger, at, everything.slice(0, 1))).toBe(false);
          return;
        }
        filled += 1;
        expect(sendable(ledger, at, usesLeft(change.after, change.uses))).toBe(true);
        expect(sendable(ledger, at, everything)).toBe(Object.hasOwn(change.after, ACTION));
      }),
      { numRuns: 5_000 },
    );
    expect(filled).toBeGreaterThan(500);
  });
});
