/** Random ledgers of people who are merged and split at random, with every odd date there is. */
import type { ConsentEntry } from "#profile/consent/ledger.ts";
import { randomOf } from "#tests/support/hostile.ts";
import { DAY, type Question, type Said } from "./oracle.ts";

const START = Date.UTC(2026, 0, 1);
const iso = (instant: number): string => new Date(instant).toISOString();

export interface Case {
  /** Of one person, as merged at that moment. */
  ledger: Said[];
  question: Question;
}

/** @returns the cases of one town: its records merged and split anew for each question */
export function* casesOf(seed: number, questions: number): Generator<Case> {
  const random = randomOf(seed);
  const one = <Value>(...values: Value[]): Value => values[Math.floor(random() * values.length)] as Value;
  // Few instants, so that many statements meet at one; a few hours and minutes besides.
  const instant = () =>
    START + Math.floor(random() * 12) * 30 * DAY + one(0, 0, 0, 8 * 3_600_000, DAY - 1, 2 * 60_000, 4 * 60_000);
  const statement = (n: number): Said => {
    const recorded = instant();
    const state = one(
      "granted",
      "granted",
      "granted",
      "granted",
      "withdrawn",
      "denied",
      "unknown",
      "pending",
      "expired",
    );
    const effective = one<number | null>(
      null,
      recorded,
      instant(),
      recorded - DAY,
      recorded - 60 * DAY,
      recorded + 4 * 60_000,
      recorded + 6 * 60_000,
      recorded + 400 * DAY,
    );
    const cause = random() < 0.08 ? one("purchase", "inquiry", "browser_signal", "stop", "double_opt_in") : null;
    const isDay = state === "granted" && effective !== null && random() < 0.2;
    return {
      entryId: `e${String(n).padStart(3, "0")}`,
      recordId: one("r1", "r2", "r3", "r4"),
      address: one(null, "a@brightleaf.co.uk", "A@brightleaf.co.uk ", "b@brightleaf.co.uk", "+447400900123"),
      channel: one("email", "email", "email", "sms", "ads", "any"),
      purpose: one(
        "marketing",
        "marketing",
        "marketing",
        "personalisation",
        "ad_audience",
        "sale_or_share",
        "open_tracking",
        "any",
      ),
      state,
      explicit: random() < 0.6,
      effectiveAt: effective === null ? null : iso(effective),
      countsFrom: isDay ? iso(effective + DAY - 1) : null,
      expiresAt: random() < 0.15 ? iso(instant()) : null,
      recordedAt: iso(recorded),
      basis: state === "granted" && (cause === "purchase" || random() < 0.05) ? "implied" : "opt_in",
      cause,
    };
  };
  const special = (n: number): Said => ({
    ...statement(n),
    ...{ state: "denied", basis: "none", countsFrom: null },
    ...(random() < 0.5
      ? { ...{ cause: "minor", channel: "any", purpose: "any", address: null } }
      : {
          cause: one("hard_bounce", "complaint", "suppressed", "released"),
          ...{
            purpose: "any",
            channel: "email",
            expiresAt: null,
            address: one("a@brightleaf.co.uk", "b@brightleaf.co.uk"),
          },
        }),
  });
  const town = Array.from({ length: 1 + Math.floor(random() * 8) }, (_, n) =>
    random() < 0.1 ? special(n) : statement(n),
  );
  for (let n = 0; n < questions; n++) {
    // Merged and split: who is one person changes from question to question, what was said does not.
    const together = new Set(["r1", "r2", "r3", "r4"].filter(() => random() < 0.65));
    const asked = one(...town);
    const purpose =
      random() < 0.6
        ? asked.purpose
        : one("marketing", "personalisation", "ad_audience", "open_tracking", "service", "research");
    const channel = random() < 0.6 ? asked.channel : one("email", "sms", "ads", "any", "post");
    yield {
      ledger: town.filter(({ recordId }) => together.has(recordId)),
      question: {
        purpose,
        // Profiling is asked about for the person, not for a channel.
        channel: purpose === "personalisation" ? "any" : channel,
        address: one(undefined, null, "a@brightleaf.co.uk", "b@brightleaf.co.uk", "+447400900123"),
        at: iso(one(instant(), instant() + 90 * DAY, START + 800 * DAY)),
        implied: random() < 0.5,
      },
    };
  }
}

/** What the engine is given. */
export const entriesOf = (ledger: readonly Said[]): ConsentEntry[] =>
  // The town's words are the ledger's, as text.
  ledger.map((said) => ({ ...said }) as unknown as ConsentEntry);
