/** HubSpot's `country` is free text; ours is ISO 3166-1 alpha-2. */

/** Common spellings that are no English country name of the standard. */
const SYNONYMS: Record<string, string> = {
  uk: "GB",
  "great britain": "GB",
  england: "GB",
  scotland: "GB",
  wales: "GB",
  "northern ireland": "GB",
  usa: "US",
  "united states of america": "US",
  america: "US",
  holland: "NL",
  "the netherlands": "NL",
  "republic of ireland": "IE",
  deutschland: "DE",
  "czech republic": "CZ",
  turkey: "TR",
};

const byName = new Map<string, string>(Object.entries(SYNONYMS));
const codes = new Set<string>();
const names = new Intl.DisplayNames(["en"], { type: "region", fallback: "none" });
const letters = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
/** Codes the name table knows that are groups of countries or placeholders. */
const NO_COUNTRY = new Set(["EU", "EZ", "UN", "XA", "XB", "ZZ", "QO"]);
for (const code of letters.flatMap((first) => letters.map((second) => first + second))) {
  const name = names.of(code)?.toLowerCase();
  if (name === undefined || NO_COUNTRY.has(code)) continue;
  codes.add(code);
  // Withdrawn codes share the name of their successor, which is the canonical form of its locale.
  if (!byName.has(name)) byName.set(name, new Intl.Locale(`und-${code}`).region ?? code);
}

/** Null where the text names no country we recognise. */
export function countryCodeOf(text: string | null): string | null {
  if (text === null) return null;
  const upper = text.trim().toUpperCase();
  if (upper.length === 2 && upper !== "UK" && codes.has(upper)) return upper;
  return byName.get(text.trim().toLowerCase()) ?? null;
}
