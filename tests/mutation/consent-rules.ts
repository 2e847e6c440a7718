/** The rules of consent, each with an edit that removes it from the engine: a test of `profile/consent` must notice. */
import { type Mistake, mistake } from "#connectors/core/contract-suite/mistake.ts";

export const consentRules: readonly Mistake[] = [
  // Most restrictive wins
  mistake("a no of any record counts for the person", "ledger.ts", [
    "  if (refusal !== undefined) {",
    "  if (refusal === null) {",
  ]),
  mistake("only an explicit yes lifts a no", "ledger.ts", [
    "entry.explicit && dated && effective > refusal.effective",
    "dated && effective > refusal.effective",
  ]),
  mistake("only a later yes lifts a no", "ledger.ts", ["dated && effective > refusal.effective", "dated"]),
  mistake("at one instant it is a no", "ledger.ts", [
    "effective > refusal.effective",
    "effective >= refusal.effective",
  ]),
  mistake("only a dated yes lifts a no", "ledger.ts", [
    "entry.explicit && dated && effective",
    "entry.explicit && effective",
  ]),
  mistake("a yes to anything lifts no no", "ledger.ts", [" && permits(entry)", ""]),
  mistake("a no covers what is narrower", "ledger.ts", ['named === asked || named === "any"', "named === asked"]),
  mistake("a yes covers what it names", "ledger.ts", [
    "said.filter(({ entry }) => entry.channel === channel && entry.purpose === purpose)",
    "said.filter(() => true)",
  ]),
  mistake("a source that says something else suspends its yes", "ledger.ts", [
    ".filter((one) => !last.some((other) => supersedes(other, one)))",
    "",
  ]),
  mistake("an undated yes is suspended by what came with it", "ledger.ts", [
    "later.recorded >= earlier.recorded;",
    "later.recorded > earlier.recorded;",
  ]),
  mistake("another record's word suspends nothing", "ledger.ts", [
    "if (a === b || a.recordId !== b.recordId) return false;",
    "if (a === b) return false;",
  ]),
  // Addresses
  mistake("a yes does not travel to another address", "decide.ts", [
    'if (recipient !== "anywhere" && !holdsFor(exact, addressFor(use, recipient)))',
    "if (recipient === null)",
  ]),
  mistake("a suppressed address takes its yes with it", "ledger.ts", [
    " && !suppressed.some((other) => meets(other, one))",
    "",
  ]),
  mistake("a suppressed address takes a yes that names none", "ledger.ts", [
    "if (entry.address === null) return true;",
    "if (entry.address === null) return false;",
  ]),
  mistake("a suppressed address is told by what identity makes of it", "ledger.ts", [
    "  return entry.addressId === suppressed.addressId;",
    "  return entry.address === suppressed.address;",
  ]),
  mistake("a release is one of its address", "ledger.ts", [
    " && other.recorded > one.recorded && isSamePlace(other, one)",
    " && other.recorded > one.recorded",
  ]),
  mistake("a release is one of what came before", "ledger.ts", [
    " && other.recorded > one.recorded && isSamePlace",
    " && isSamePlace",
  ]),
  mistake("a neighbour's dead address is theirs", "doubt.ts", [" && !isOfTheList(entry)", ""]),
  mistake("a neighbour's age is theirs", "doubt.ts", [' && entry.cause !== "minor"', ""]),
  // Age
  mistake("a child is left alone whoever says yes", "ledger.ts", [
    'if (underAge !== undefined) return settled("denied", [underAge]);',
    "",
  ]),
  mistake("a child's yes is no adult's", "ledger.ts", ["isOfAge(one, minority) && ", ""]),
  mistake("whoever came of age is free again", "ledger.ts", [
    "minority.findLast(({ expires }) => !isPast(expires, atMs))",
    "minority.at(-1)",
  ]),
  mistake("nobody comes of age too early", "age.ts", ["OF_AGE + 1", "OF_AGE"]),
  // Time
  mistake("a yes dated in the future permits nothing", "ledger.ts", [
    'const believed = exact.filter(({ entry, impossible }) => entry.state !== "granted" || !impossible);',
    "const believed = exact;",
  ]),
  mistake("a yes dated in the future takes no other away", "ledger.ts", [
    'const last = lastWords(said.filter(({ entry, impossible }) => entry.state !== "granted" || !impossible));',
    "const last = lastWords(said);",
  ]),
  mistake("clocks differ by minutes, not by years", "timed.ts", [
    "const CLOCK_SKEW_MS = 5 * 60_000;",
    "const CLOCK_SKEW_MS = 500 * 86_400_000;",
  ]),
  mistake("nothing was said later than it reached us", "timed.ts", [
    "dated ? Math.min(claimed, recorded) : recorded",
    "dated ? claimed : recorded",
  ]),
  mistake("a yes known by its day counts from the day's end", "timed.ts", [
    "Math.max(effective, Date.parse(countsFrom))",
    "effective",
  ]),
  mistake("a no counts although clocks differ", "timed.ts", ["effective - CLOCK_SKEW_MS", "effective"]),
  mistake("what ends has ended", "ledger.ts", [
    'entry.state === "granted" && !isPast(expires, atMs)',
    'entry.state === "granted"',
  ]),
  mistake("a question is over after a week", "timed.ts", ["UNCONFIRMED_DAYS = 7", "UNCONFIRMED_DAYS = 700"]),
  mistake("implied consent ends", "timed.ts", [
    'if (state !== "granted" || (basis',
    'if (state === "granted" || (basis',
  ]),
  mistake("a purchase implies consent for two years", "timed.ts", ["purchase: 24", "purchase: 36"]),
  mistake("an inquiry implies consent for six months", "timed.ts", ["inquiry: 6", "inquiry: 12"]),
  mistake("what nobody knows the cause of ends as an inquiry", "timed.ts", [
    'cause === "purchase" ? "purchase" : "inquiry"',
    'cause === "inquiry" ? "inquiry" : "purchase"',
  ]),
  mistake("an undated implied consent is over", "timed.ts", [
    "if (!dated) return effective;",
    "if (!dated) return own;",
  ]),
  mistake("months end where they end", "timed.ts", ["Math.min(day, date.getUTCDate())", "day"]),
  // Law
  mistake("implied consent is one where the law knows it", "ledger.ts", [
    'if (!acceptsImplied && entry.basis === "implied") return "implied";',
    "",
  ]),
  mistake("the strictest plausible law counts", "law.ts", [
    "regimes.every((regime) => regime ===",
    "regimes.some((regime) => regime ===",
  ]),
  mistake("an unknown law is the strictest", "law.ts", [
    "  if (regimes.length === 0) return",
    "  if (regimes.length < 0) return",
  ]),
  mistake("the strictest need of several regimes counts", "law.ts", [
    "STRICTEST_FIRST.find(",
    "STRICTEST_FIRST.findLast(",
  ]),
  mistake("opt-out rules are for the admin to allow", "law.ts", [
    "optOut: policy.optOutRules\n",
    "optOut: policy.optOutRules !== undefined\n",
  ]),
  mistake("proof is asked for where the law does", "ledger.ts", [
    "!(entry.explicit && dated)",
    "entry.explicit && !dated",
  ]),
  mistake("a word that nobody understood is no consent to opt-out rules", "ledger.ts", [
    " && !isDoubted(begun, { channel, purpose })",
    "",
  ]),
  mistake("what no rule names needs a yes", "law.ts", [
    'export const generalNeed = (use: Use): Requirement => match(CONSENT_RULES, use)?.needs ?? "yes";',
    'export const generalNeed = (use: Use): Requirement => match(CONSENT_RULES, use)?.needs ?? "always";',
  ]),
  mistake("profiling ends when somebody objects", "law.ts", [
    '{ purpose: "personalisation", needs: "no-objection" }',
    '{ purpose: "personalisation", needs: "always" }',
  ]),
  mistake("open tracking needs a yes", "law.ts", [
    '{ purpose: "open_tracking", needs: "yes" }',
    '{ purpose: "open_tracking", needs: "no-objection" }',
  ]),
  mistake("audiences need a yes", "law.ts", [
    '{ purpose: "ad_audience", needs: "yes" }',
    '{ purpose: "ad_audience", needs: "no-objection" }',
  ]),
  mistake("a no to the sale of data is one to advertising", "ledger.ts", [
    'return entry.purpose === "sale_or_share" && purpose === "ad_audience" && isRefusal(entry.state);',
    "return false;",
  ]),
  mistake("a no to the sale of data counts where advertising was never asked about", "decide.ts", [
    " || sells(answer, use));",
    ");",
  ]),
  mistake("a wider no counts where the very use was never asked about", "decide.ts", [
    "return covered && exact === undefined;",
    "return false;",
  ]),
  // The ledger
  mistake("a statement said again makes no entry", "news.ts", [
    "return known.some((entry) => saying(entry) === words) ? [] : [statement];",
    "return [statement];",
  ]),
  mistake("what is proved anew is not said anew", "news.ts", ["if (entered.has(words)) return [];", ""]),
  // Signals
  mistake("a browser's signal refuses advertising", "signals.ts", [
    '    { ...base, channel: "ads", purpose: "ad_audience" },\n',
    "",
  ]),
  mistake("all three words of consent mode are needed", "signals.ts", ["ads.every(", "ads.some("]),
  mistake("a stop word is one in any case", "stop-words.ts", ["    .toLowerCase()\n", ""]),
];
