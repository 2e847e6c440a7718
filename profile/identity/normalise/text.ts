import anyAscii from "any-ascii";
import { type Normalised, unusable } from "./normalised.ts";

/** Longer fields hold notes. Characters. */
const LONGEST = 200;
// oxlint-disable-next-line no-control-regex -- testing for ASCII is the point
const ASCII = /^[\x00-\x7f]*$/;

const PLACEHOLDERS = new Set(
  `test|testing|none|null|na|n a|nil|unknown|not known|not given|not provided|not specified|other|x|xx|xxx|asdf|qwerty|tbc|tbd|
   unbekannt|keine|keine angabe|k a|inconnu|inconnue|aucun|sconosciuto|nessuno|desconocido|ninguno|onbekend|geen`.split(
    /\s*\|\s*/,
  ),
);

/** ASCII, lower case, letters and digits in single spaces: for comparing only. */
export function foldText(raw: string): string {
  const folded = raw.slice(0, LONGEST).normalize("NFKC").slice(0, LONGEST);
  return (ASCII.test(folded) ? folded : anyAscii(folded))
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, " ")
    .trim();
}

/** A town, region, occupation or place of birth as it is compared. */
export function normaliseText(raw: string): Normalised {
  if (raw.length > LONGEST) return unusable("It is too long to be compared.");
  const key = foldText(raw);
  if (key === "") return unusable("It says nothing.");
  if (PLACEHOLDERS.has(key)) return { key, quality: "blocked", reason: "It is a placeholder." };
  return { key, quality: "strong", reason: null };
}
