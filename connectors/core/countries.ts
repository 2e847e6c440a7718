/** Countries as people write them: codes, and names in five languages. */

const LANGUAGES = ["en", "de", "fr", "it", "es"];
/** Spellings Intl does not list. */
const ALIASES: Record<string, string> = {
  uk: "GB",
  "great britain": "GB",
  england: "GB",
  scotland: "GB",
  wales: "GB",
  "northern ireland": "GB",
  eire: "IE",
  "republic of ireland": "IE",
  usa: "US",
  "united states of america": "US",
  america: "US",
  rsa: "ZA",
  "czech republic": "CZ",
  holland: "NL",
  "the netherlands": "NL",
  "hong kong": "HK",
  brd: "DE",
  turkey: "TR",
};
/** Codes that Intl names and ISO 3166-1 does not have as countries. */
const NOT_COUNTRIES = new Set(["EU", "EZ", "UN", "XA", "XB", "ZZ", "QO", "AC", "CP", "DG", "EA", "IC", "TA", "CQ"]);

let names: Map<string, string> | undefined;

function fold(text: string): string {
  return text
    .normalize("NFD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .replace(/[^a-z]+/g, " ")
    .trim();
}

function buildNames(): Map<string, string> {
  const built = new Map<string, string>();
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ".split("");
  const displays = LANGUAGES.map((language) => new Intl.DisplayNames(language, { type: "region", fallback: "none" }));
  for (const code of letters.flatMap((first) => letters.map((second) => first + second))) {
    // Withdrawn codes (DD, SU, UK) are known under their successor.
    if (NOT_COUNTRIES.has(code) || new Intl.Locale(`und-${code}`).region !== code) continue;
    const known = displays.map((display) => display.of(code));
    if (known[0] === undefined) continue;
    built.set(code.toLowerCase(), code);
    for (const name of known) if (name !== undefined && !built.has(fold(name))) built.set(fold(name), code);
  }
  for (const [alias, code] of Object.entries(ALIASES)) built.set(alias, code);
  return built;
}

const seen = new Map<string, string | null>();
const SEEN_KEPT = 2_000;

/** ISO 3166-1 alpha-2, or null where the text names no single country ("Channel Islands"). */
export function countryCodeOf(text: string): string | null {
  const known = seen.get(text);
  if (known !== undefined) return known;
  names ??= buildNames();
  const code = names.get(fold(text)) ?? null;
  if (seen.size >= SEEN_KEPT) seen.clear();
  seen.set(text, code);
  return code;
}
