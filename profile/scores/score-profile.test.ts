import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calendarOf, parseDay, showDay } from "./calendar.ts";
import type { Stage } from "./lifecycle-machine.ts";
import { lifecycleOf } from "./lifecycle.ts";
import { type Action, messageChannelOf } from "./playbook.ts";
import { dueAt, scoreProfile } from "./score-profile.ts";
import type { KnownAnswer } from "#profile/consent/decide.ts";
import { type TraitName, TRAITS } from "#profile/traits.ts";
import type { ProfileFacts, ScoreContext, ShopBaseline } from "./types.ts";

const SHOP: ShopBaseline = { repeatBuyers: 400, medianGapDays: 35, topSpendMinor: 40_000 };
const YOUNG_SHOP: ShopBaseline = { repeatBuyers: 12, medianGapDays: null, topSpendMinor: null };
const DAY_MS = 86_400_000;

const person = (facts: Partial<ProfileFacts> = {}): ProfileFacts => ({
  profileId: "p",
  firstSeenAt: "2026-01-05T10:00:00.000Z",
  hasIdentifier: true,
  purchaseDays: [],
  subscriptions: [],
  lastActivityAt: null,
  messages: [],
  openDeals: 0,
  consents: [],
  reachable: { email: true, phone: true },
  ...facts,
});
const bought = (...days: string[]) => days.map((day) => ({ day, netMinor: 2_500 }));
const on = (day: string, baseline = SHOP): ScoreContext => ({
  asOf: `${day}T12:00:00.000Z`,
  timeZone: "Europe/London",
  baseline,
});
const trait = (facts: ProfileFacts, context: ScoreContext, name: TraitName) => {
  const score = scoreProfile(facts, context).find((one) => one.name === name);
  if (score === undefined) throw new Error(`no ${name}`);
  return score;
};
const stageOf = (facts: ProfileFacts, context: ScoreContext) => trait(facts, context, "lifecycle_stage").value;
const actionOf = (facts: ProfileFacts, context: ScoreContext) =>
  trait(facts, context, "next_best_action").value as Action;
/** Where time without a new fact leads from each stage; from the others nowhere. */
const BUYING: Stage[] = ["customer_active", "customer_loyal"];
const WITH_TIME: Partial<Record<Stage, Stage[]>> = {
  lead_new: ["lead_open", "lead_new"],
  lead_engaged: ["lead_open", "lead_new"],
  lead_open: ["lead_cold"],
  customer_new: [...BUYING, "customer_at_risk"],
  customer_reactivated: [...BUYING, "customer_at_risk"],
  customer_active: ["customer_at_risk"],
  customer_loyal: ["customer_at_risk"],
  customer_at_risk: ["customer_lapsed"],
  customer_lapsed: ["customer_churned"],
  subscriber_cancelled: ["customer_churned"],
};
const emailYes: KnownAnswer = { purpose: "marketing", channel: "email", state: "granted" };

describe("lifecycle stage", () => {
  const regular = person({ purchaseDays: bought("2026-05-01", "2026-06-05", "2026-07-10") });

  it("follows the silence of a regular buyer from active to churned", () => {
    const stages = ["2026-07-11", "2026-08-31", "2026-09-01", "2026-10-23", "2026-10-24", "2027-07-12"];
    expect(stages.map((day) => stageOf(regular, on(day)))).toEqual([
      "customer_active",
      "customer_active",
      "customer_at_risk",
      "customer_at_risk",
      "customer_lapsed",
      "customer_churned",
    ]);
  });

  it("says why in dates that stay true", () => {
    expect(trait(regular, on("2026-09-05"), "lifecycle_stage").reasons).toEqual([
      "Expected to buy every 35 days; last purchase on 10 Jul 2026.",
      "At risk since 1 Sep 2026.",
      "Lapsed from 24 Oct 2026 without another purchase.",
    ]);
  });

  it("uses fixed day limits in a shop with few repeat buyers, and says so", () => {
    const score = trait(regular, on("2026-09-09", YOUNG_SHOP), "lifecycle_stage");
    expect(score.value).toBe("customer_at_risk");
    expect(score.status).toBe("low_confidence");
    expect(score.reasons.join(" ")).toContain("fixed limits of 60, 120 and 365 days");
    expect(stageOf(regular, on("2026-09-08", YOUNG_SHOP))).toBe("customer_active");
  });

  it("keeps a first-time buyer new until the usual gap has passed", () => {
    const once = person({ purchaseDays: bought("2026-07-10") });
    expect(stageOf(once, on("2026-08-14"))).toBe("customer_new");
    expect(stageOf(once, on("2026-08-15"))).toBe("customer_active");
  });

  it("welcomes back who bought after having lapsed, for 60 days at most", () => {
    const back = person({ purchaseDays: bought("2025-01-01", "2025-02-05", "2026-07-10") });
    expect(stageOf(back, on("2026-07-20"))).toBe("customer_reactivated");
    expect(stageOf(back, on("2026-09-09"))).toBe("customer_active");
  });

  it("calls a frequent buyer loyal by spend, or by orders where spend cannot be compared", () => {
    const days = ["2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"];
    const spent = (netMinor: number) => person({ purchaseDays: days.map((day) => ({ day, netMinor })) });
    expect(stageOf(spent(10_000), on("2026-06-02"))).toBe("customer_loyal");
    expect(stageOf(spent(9_000), on("2026-06-02"))).toBe("customer_active");
    const six = person({ purchaseDays: bought("2026-01-01", "2026-02-01", ...days) });
    expect(stageOf(six, on("2026-06-02", { ...SHOP, topSpendMinor: null }))).toBe("customer_loyal");
  });

  it("lets a lead go from new over open to cold, and back when they act", () => {
    const lead = person({ firstSeenAt: "2026-03-01T08:00:00.000Z" });
    expect(["2026-03-31", "2026-04-01", "2026-05-31"].map((day) => stageOf(lead, on(day)))).toEqual([
      "lead_new",
      "lead_open",
      "lead_cold",
    ]);
    expect(stageOf({ ...lead, lastActivityAt: "2026-06-15T08:00:00.000Z" }, on("2026-06-20"))).toBe("lead_engaged");
    expect(stageOf({ ...lead, openDeals: 1 }, on("2026-06-20"))).toBe("lead_qualified");
    expect(stageOf({ ...lead, hasIdentifier: false }, on("2026-06-20"))).toBe("anonymous");
  });

  it("lets a contract speak before orders, and an ended one only while nothing was bought after it", () => {
    const plan = { status: "active", startedAt: "2026-01-01T00:00:00.000Z", currentPeriodEnd: null, endedAt: null };
    expect(stageOf(person({ ...regular, subscriptions: [plan] }), on("2027-07-12"))).toBe("subscriber_active");
    expect(stageOf(person({ subscriptions: [{ ...plan, status: "past_due" }] }), on("2026-07-12"))).toBe(
      "subscriber_grace",
    );
    const ended = (endedAt: string) =>
      person({ ...regular, subscriptions: [{ ...plan, status: "cancelled", endedAt }] });
    expect(stageOf(ended("2026-07-11T09:00:00.000Z"), on("2026-07-12"))).toBe("subscriber_cancelled");
    expect(stageOf(ended("2026-07-09T09:00:00.000Z"), on("2026-07-12"))).toBe("customer_active");
  });
});

describe("churn risk", () => {
  it("rises in steps of five and meets the lifecycle stages at its bands", () => {
    const regular = person({ purchaseDays: bought("2026-05-01", "2026-06-05", "2026-07-10") });
    const risk = (day: string) => [
      trait(regular, on(day), "churn_risk").value,
      trait(regular, on(day), "churn_risk_band").value,
    ];
    expect(risk("2026-08-14")).toEqual([10, "low"]);
    expect(risk("2026-08-31")).toEqual([45, "low"]);
    expect(risk("2026-09-01")).toEqual([50, "medium"]);
    expect(risk("2026-10-24")).toEqual([80, "high"]);
    expect(risk("2028-01-01")).toEqual([100, "high"]);
  });

  it("abstains for people who never bought, with the reason", () => {
    const score = trait(person(), on("2026-07-01"), "churn_risk");
    expect(score).toMatchObject({ status: "refused", value: null });
    expect(score.reasons[0]).toContain("No purchase yet that was paid and kept, and no subscription");
  });

  it("calls itself an index, not a probability", () => {
    expect(trait(person({ purchaseDays: bought("2026-05-01") }), on("2026-07-01"), "churn_risk").method).toContain(
      "not a probability",
    );
  });
});

describe("next best action", () => {
  const atRisk = person({ purchaseDays: bought("2026-05-01", "2026-06-05", "2026-07-10") });
  const day = on("2026-09-05");

  it("wins back by e-mail where that is permitted, and says why not by text", () => {
    const score = trait({ ...atRisk, consents: [emailYes] }, day, "next_best_action");
    expect(score.value).toBe("winback_email");
    expect(score.reasons).toEqual([
      "At risk since 1 Sep 2026: last purchase on 10 Jul 2026.",
      "Marketing by e-mail is permitted and the limit on messages leaves room.",
      'Not "Text a win-back message": no valid permission for marketing by text message is on record.',
    ]);
  });

  it("asks for permission where nobody has said yes or no, and leaves alone who said no", () => {
    expect(actionOf(atRisk, day)).toBe("ask_permission");
    expect(actionOf({ ...atRisk, consents: [{ ...emailYes, state: "withdrawn" }] }, day)).toBe("none");
  });

  it("lets the answer to the very question decide over a wider one, which forbids where there is none", () => {
    const noEmailAtAll: KnownAnswer = { purpose: "any", channel: "email", state: "withdrawn" };
    expect(actionOf({ ...atRisk, consents: [noEmailAtAll] }, day)).toBe("none");
    expect(actionOf({ ...atRisk, consents: [noEmailAtAll, emailYes] }, day)).toBe("winback_email");
    expect(actionOf({ ...atRisk, consents: [{ purpose: "any", channel: "any", state: "granted" }] }, day)).toBe(
      "ask_permission",
    );
  });

  it("hands a frequent buyer who may not be written to over to a person", () => {
    const frequent = { ...atRisk, purchaseDays: bought("2026-03-27", "2026-05-01", "2026-06-05", "2026-07-10") };
    expect(actionOf(frequent, day)).toBe("review_manually");
  });

  it("does not write while enough messages were sent, and names the day it may again", () => {
    const messages = ["2026-09-01", "2026-09-03"].map((sent) => ({ channel: "email", at: `${sent}T09:00:00.000Z` }));
    const score = trait({ ...atRisk, consents: [emailYes], messages }, day, "next_best_action");
    expect(score.value).toBe("none");
    expect(score.validUntil).toBe("2026-09-08T09:00:00.000Z");
    expect(score.reasons.join(" ")).toContain("possible again from 8 Sep 2026");
  });

  it("does not write to an address that cannot be reached", () => {
    const gone = { ...atRisk, consents: [emailYes], reachable: { email: false, phone: false } };
    expect(messageChannelOf(actionOf(gone, day))).toBeUndefined();
  });

  it("reminds of a reorder only once it is due", () => {
    const buyer = { ...atRisk, consents: [emailYes] };
    const early = trait(buyer, on("2026-08-13"), "next_best_action");
    expect(early.value).toBe("none");
    expect(early.validUntil).toBe("2026-08-13T23:00:00.000Z");
    expect(actionOf(buyer, on("2026-08-14"))).toBe("reorder_reminder_email");
  });
});

it("computes nothing about people who objected to profiling", () => {
  const consents: KnownAnswer[] = [{ purpose: "personalisation", channel: "onsite", state: "withdrawn" }];
  const scores = scoreProfile(person({ purchaseDays: bought("2026-05-01"), consents }), on("2026-06-01"));
  expect(scores).toHaveLength(TRAITS.length);
  for (const score of scores) expect(score).toMatchObject({ status: "refused", value: null, validUntil: null });
  const noToAll: KnownAnswer = { purpose: "any", channel: "any", state: "denied" };
  const yesSince: KnownAnswer = { purpose: "personalisation", channel: "any", state: "granted" };
  expect(trait(person({ consents: [noToAll] }), on("2026-06-01"), "lifecycle_stage").status).toBe("refused");
  expect(trait(person({ consents: [noToAll, yesSince] }), on("2026-06-01"), "lifecycle_stage").status).toBe("ok");
});

describe("a calendar", () => {
  it("starts a day where its zone does, also where the clock skips midnight", () => {
    expect(calendarOf("Europe/London").startOf(parseDay("2026-07-01"))).toBe("2026-06-30T23:00:00.000Z");
    expect(calendarOf("Africa/Cairo").startOf(parseDay("2024-04-26"))).toBe("2024-04-25T22:00:00.000Z");
    expect(showDay(parseDay("2026-09-12"))).toBe("12 Sep 2026");
  });
});

const START = Date.parse("2025-01-01T00:00:00.000Z");
const END = Date.parse("2026-12-31T00:00:00.000Z");
const instantIn = (from: number, to: number) =>
  fc.integer({ min: from, max: to }).map((ms) => new Date(ms).toISOString());
const states = ["granted", "denied", "withdrawn", "pending", "expired", "unknown"] as const;
const consent = fc.record({
  purpose: fc.constantFrom("service", "marketing", "analytics", "personalisation", "ad_audience", "any"),
  channel: fc.constantFrom("email", "sms", "call", "ads", "any"),
  state: fc.constantFrom(...states),
});
const facts: fc.Arbitrary<ProfileFacts> = fc.record({
  profileId: fc.constant("p"),
  firstSeenAt: instantIn(START, END),
  hasIdentifier: fc.boolean(),
  purchaseDays: fc
    .uniqueArray(fc.integer({ min: START / DAY_MS, max: END / DAY_MS }), { maxLength: 8 })
    .map((days) =>
      days
        .toSorted((a, b) => a - b)
        .map((day) => ({ day: new Date(day * DAY_MS).toISOString().slice(0, 10), netMinor: 9_000 })),
    ),
  subscriptions: fc.array(
    fc.record({
      status: fc.constantFrom("active", "past_due", "cancelled", "incomplete"),
      startedAt: instantIn(START, END),
      currentPeriodEnd: fc.constant(null),
      endedAt: fc.option(instantIn(START, END)),
    }),
    { maxLength: 1 },
  ),
  lastActivityAt: fc.option(instantIn(START, END)),
  messages: fc.array(fc.record({ channel: fc.constantFrom("email", "sms"), at: instantIn(END - 30 * DAY_MS, END) }), {
    maxLength: 5,
  }),
  openDeals: fc.constantFrom(0, 0, 1),
  consents: fc.array(consent, { maxLength: 4 }),
  reachable: fc.record({ email: fc.boolean(), phone: fc.boolean() }),
});
const zone = fc.constantFrom("Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland");
const shop = fc.constantFrom(SHOP, YOUNG_SHOP, { ...SHOP, medianGapDays: 4 }, { ...SHOP, medianGapDays: 200 });

describe("over any history", () => {
  it("each answer holds from asOf until just before validUntil", () => {
    fc.assert(
      fc.property(
        facts,
        zone,
        shop,
        fc.integer({ min: 0, max: 500 * DAY_MS }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (one, timeZone, baseline, later, share) => {
          const from = END + later;
          const scores = scoreProfile(one, { asOf: new Date(from).toISOString(), timeZone, baseline });
          for (const score of scores) {
            const until = score.validUntil === null ? from + 900 * DAY_MS : Date.parse(score.validUntil);
            expect(until).toBeGreaterThan(from);
            for (const at of [until - 1, from + Math.floor((until - 1 - from) * share)]) {
              const again = scoreProfile(one, { asOf: new Date(at).toISOString(), timeZone, baseline });
              expect(again.find(({ name }) => name === score.name)).toEqual(score);
            }
          }
          const due = dueAt(scores);
          expect(scores.every(({ validUntil }) => validUntil === null || (due !== null && due <= validUntil))).toBe(
            true,
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it("a number, band or stage changes exactly at its validUntil", () => {
    fc.assert(
      fc.property(facts, zone, shop, (one, timeZone, baseline) => {
        const asOf = new Date(END).toISOString();
        for (const score of scoreProfile({ ...one, consents: [] }, { asOf, timeZone, baseline })) {
          if (score.validUntil === null || score.name === "next_best_action") continue;
          const then = { asOf: score.validUntil, timeZone, baseline };
          expect(trait({ ...one, consents: [] }, then, score.name).value).not.toEqual(score.value);
        }
      }),
      { numRuns: 300 },
    );
  });

  it("sends no message without a recorded yes to marketing over that very channel", () => {
    const channels = ["email", "sms", "any"] as const;
    const purposes = ["marketing", "any"] as const;
    const histories = [
      bought("2026-07-10"),
      bought("2026-05-01", "2026-06-05", "2026-07-10"),
      bought("2026-03-27", "2026-05-01", "2026-06-05", "2026-07-10"),
      [],
    ];
    for (const purchaseDays of histories) {
      for (const day of ["2026-07-12", "2026-08-20", "2026-09-05", "2026-11-30"]) {
        for (const specific of states) {
          for (const other of [...states, null]) {
            for (const purpose of purposes) {
              for (const channel of channels) {
                const consents: KnownAnswer[] = [{ purpose: "marketing", channel: "email", state: specific }];
                if (other !== null) consents.push({ purpose, channel, state: other });
                const action = actionOf(person({ purchaseDays, consents }), on(day));
                const via = messageChannelOf(action);
                if (via === undefined) continue;
                const answers = consents.filter((one) => one.purpose === "marketing" && one.channel === via);
                const yes = answers.some(({ state }) => state === "granted");
                const no = answers.some(({ state }) => state === "denied" || state === "withdrawn");
                expect({ yes, no }).toEqual({ yes: true, no: false });
              }
            }
          }
        }
      }
    }
  });

  it("a later last purchase never raises the risk, and a purchase today brings it to the bottom", () => {
    fc.assert(
      fc.property(facts, shop, fc.nat({ max: 400 }), fc.nat({ max: 400 }), (one, baseline, silence, moved) => {
        fc.pre(one.purchaseDays.length > 0);
        const earlier = one.purchaseDays.slice(0, -1);
        const last = Date.parse(one.purchaseDays.at(-1)?.day ?? "");
        const dayText = (ms: number) => new Date(ms).toISOString().slice(0, 10);
        const asOf = dayText(last + silence * DAY_MS);
        const risk = (ms: number) => {
          const purchaseDays = [...earlier, { day: dayText(ms), netMinor: 1 }];
          return Number(trait(person({ purchaseDays }), on(asOf, baseline), "churn_risk").value);
        };
        expect(risk(last + Math.min(moved, silence) * DAY_MS)).toBeLessThanOrEqual(risk(last));
        expect(risk(last + silence * DAY_MS)).toBe(10);
      }),
      { numRuns: 300 },
    );
  });

  it("time alone moves a profile only where silence leads", () => {
    fc.assert(
      fc.property(facts, shop, (one, baseline) => {
        const calendar = calendarOf("Europe/London");
        let today = calendar.dayOf(END) + 1;
        for (;;) {
          const { stage, next } = lifecycleOf(one, baseline, calendar, today);
          if (next === undefined) return;
          expect(WITH_TIME[stage] ?? []).toContain(next.stage);
          today = next.from;
        }
      }),
    );
  });

  it("reasons are at most three sentences of at most 200 characters", () => {
    fc.assert(
      fc.property(facts, shop, (one, baseline) => {
        const context = { asOf: new Date(END).toISOString(), timeZone: "Europe/London", baseline };
        for (const { reasons } of scoreProfile(one, context)) {
          expect(reasons.length).toBeGreaterThan(0);
          expect(reasons.length).toBeLessThanOrEqual(3);
          for (const reason of reasons) expect(reason.length).toBeLessThanOrEqual(200);
        }
      }),
    );
  });
});
