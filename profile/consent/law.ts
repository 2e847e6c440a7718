/**
 * What the law asks, as data: regime by channel by purpose. Reviewed by counsel, not by programmers; each change is a new
 * version, which every grant carries.
 *
 * Whatever a regime allows, a workspace asks for what the strictest asks until its admin says that the opt-out rules of a
 * country may be used there (`LawPolicy`): then the notice those laws ask for was given.
 */
import { parsePhoneNumberFromString } from "libphonenumber-js/max";
import type { Use } from "#connectors/core/grant.ts";

/** Changes whenever a table here does; every grant carries it. */
export const CONSENT_RULES_VERSION = "2";

/**
 * `verified`: the person must have said yes themselves, and that can be shown. `yes`: somebody must have said yes.
 * `no-objection`: nobody may have said no. `always`: part of the service itself. Strictest first.
 */
export type Requirement = "verified" | "yes" | "no-objection" | "always";

const STRICTEST_FIRST: readonly Requirement[] = ["verified", "yes", "no-objection", "always"];

export interface ConsentRule {
  purpose: Use["purpose"];
  /** Left out: any. */
  channel?: Use["channel"];
  needs: Requirement;
}

/**
 * What each use needs wherever nothing else is known: the strictest of the regimes we serve (EU and UK e-privacy, TCPA, CASL).
 * First match counts; what is not here needs a yes.
 */
export const CONSENT_RULES: readonly ConsentRule[] = [
  { purpose: "service", needs: "always" },
  // Profiling for the business's own fields rests on legitimate interest: the person may object.
  { purpose: "personalisation", needs: "no-objection" },
  { purpose: "marketing", channel: "post", needs: "no-objection" },
  { purpose: "marketing", needs: "yes" },
  { purpose: "analytics", needs: "yes" },
  { purpose: "ad_audience", needs: "yes" },
  { purpose: "sale_or_share", needs: "yes" },
  // CNIL, deliberation 2026-042 of 12 March 2026.
  { purpose: "open_tracking", needs: "yes" },
  { purpose: "research", needs: "yes" },
];

export type Regime = "eu" | "germany" | "uk" | "canada" | "usa" | "elsewhere";

const EU = "AT BE BG CY CZ DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK IS LI NO CH".split(" ");

const REGIMES: ReadonlyMap<string, Regime> = new Map<string, Regime>([
  ...EU.map((country): [string, Regime] => [country, "eu"]),
  ["DE", "germany"],
  ["GB", "uk"],
  ["CA", "canada"],
  ["US", "usa"],
]);

/** @param jurisdiction ISO 3166-1 alpha-2, with a state behind it or without */
export const regimeOf = (jurisdiction: string): Regime => REGIMES.get(jurisdiction.slice(0, 2)) ?? "elsewhere";

/** Where a regime differs from the general table. First match counts. */
export const REGIME_RULES: Readonly<Record<Regime, readonly ConsentRule[]>> = {
  eu: [],
  uk: [],
  // Consent has to be provable, which courts take to mean a double opt-in (section 7 UWG).
  germany: [{ purpose: "marketing", channel: "email", needs: "verified" }],
  canada: [],
  usa: [
    // CAN-SPAM: until somebody opts out. TCPA keeps calls and texts at a yes.
    { purpose: "marketing", channel: "email", needs: "no-objection" },
    // CCPA/CPRA and its like: opt-out of sale, sharing and targeted advertising; browser signals are recorded as one.
    { purpose: "ad_audience", needs: "no-objection" },
    { purpose: "sale_or_share", needs: "no-objection" },
    { purpose: "analytics", needs: "no-objection" },
  ],
  elsewhere: [],
};

/** What the admin of a workspace has decided. */
export interface LawPolicy {
  /** The opt-out rules of a person's country may be used: the notice that they ask for was given. */
  optOutRules: boolean;
  /** Where the law expects a provable consent, nothing less counts. */
  strictProof: boolean;
}

export const CAREFUL: LawPolicy = { optOutRules: false, strictProof: false };

/** What the law of a person asks of a yes, and where it asks for none. */
export interface Law {
  /** Consent that a purchase or an inquiry implies is one (Canada: CASL, section 10). */
  acceptsImplied: boolean;
  /** E-mail marketing needs a yes that the person gave themselves, at a known time. */
  asksForProof: boolean;
  /** Uses that need no yes, only that nobody objected, beyond the general table. */
  optOut?: readonly Use[];
  /** The regimes it is the strictest of, for people. */
  regimes?: readonly Regime[];
}

export const STRICTEST_LAW: Law = { acceptsImplied: false, asksForProof: false };

/** Uses for which a regime may ask for less than the general table. */
const NEGOTIABLE: readonly Use[] = [
  { purpose: "marketing", channel: "email" },
  { purpose: "ad_audience", channel: "ads" },
  { purpose: "sale_or_share", channel: "any" },
  { purpose: "analytics", channel: "any" },
];

/**
 * The strictest plausible law of a person.
 *
 * @param jurisdictions of every address, number, residence and statement of theirs; none: it may be any
 */
export function lawOf(jurisdictions: Iterable<string>, policy: LawPolicy): Law {
  const regimes = [...new Set(Array.from(jurisdictions, regimeOf))].toSorted();
  if (regimes.length === 0) return { ...STRICTEST_LAW, asksForProof: policy.strictProof };
  return {
    acceptsImplied: regimes.every((regime) => regime === "canada" || regime === "usa"),
    asksForProof: policy.strictProof && regimes.some((regime) => needOf(regime, EMAIL_MARKETING) === "verified"),
    optOut: policy.optOutRules
      ? NEGOTIABLE.filter((use) => strictest(regimes.map((regime) => needOf(regime, use))) === "no-objection")
      : [],
    regimes,
  };
}

const EMAIL_MARKETING: Use = { purpose: "marketing", channel: "email" };

export const needOf = (regime: Regime, use: Use): Requirement =>
  (match(REGIME_RULES[regime], use) ?? match(CONSENT_RULES, use))?.needs ?? "yes";

/** What the general table asks. */
export const generalNeed = (use: Use): Requirement => match(CONSENT_RULES, use)?.needs ?? "yes";

const match = (rules: readonly ConsentRule[], use: Use): ConsentRule | undefined =>
  rules.find(({ purpose, channel }) => purpose === use.purpose && (channel === undefined || channel === use.channel));

const strictest = (needs: readonly Requirement[]): Requirement =>
  STRICTEST_FIRST.find((need) => needs.includes(need)) ?? "yes";

/** Whose numbers begin like this; several countries share a code. Null: it is no international number. */
export function countryOfNumber(number: string): string | null {
  const parsed = parsePhoneNumberFromString(number);
  if (parsed === undefined) return null;
  // +1 without a known area is anybody's who shares it: the strictest of them.
  return parsed.country ?? (parsed.countryCallingCode === "1" ? "CA" : null);
}
