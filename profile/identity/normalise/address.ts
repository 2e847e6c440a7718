/** House numbers and streets as they are compared, and the household behind them. */
import anyAscii from "any-ascii";
import { type Normalised, unusable } from "./normalised.ts";

export interface NormalisedStreet extends Normalised {
  /** `12`, `12a`, `12-14`; null where the line has none. */
  houseNumber: string | null;
  /** Abbreviations expanded; null where the line names none. */
  street: string | null;
}

/** Longer lines hold notes. Characters. */
const LONGEST = 200;

/** What stands for what at the end of a street's name, or anywhere in it. Data: extend it here. */
const ABBREVIATIONS = new Map(
  Object.entries({
    ...{ rd: "road", ave: "avenue", av: "avenue", ln: "lane", la: "lane", dr: "drive", drv: "drive", ct: "court" },
    ...{ cres: "crescent", cr: "crescent", crs: "crescent", pl: "place", sq: "square", tce: "terrace", ter: "terrace" },
    ...{ terr: "terrace", hwy: "highway", hgwy: "highway", blvd: "boulevard", bvd: "boulevard", bd: "boulevard" },
    ...{
      pde: "parade",
      cl: "close",
      gr: "grove",
      gdns: "gardens",
      gdn: "gardens",
      pk: "park",
      wy: "way",
      cct: "circuit",
    },
    ...{ cir: "circle", pkwy: "parkway", hts: "heights", mt: "mount", ft: "fort", esp: "esplanade", prom: "promenade" },
    ...{
      str: "strasse",
      plz: "platz",
      avda: "avenida",
      avd: "avenida",
      ctra: "carretera",
      pza: "plaza",
      fbg: "faubourg",
    },
    ...{ imp: "impasse", chem: "chemin", rte: "route", vle: "viale", pzza: "piazza", cso: "corso" },
  }),
);
const AT_THE_START = new Map(
  Object.entries({ n: "north", s: "south", e: "east", w: "west", c: "calle", r: "rue", v: "via", st: "saint" }),
);

const UNIT =
  /^(?:flat|apartment|apt|unit|suite|ste|room|rm|level|floor|shop|wohnung|whg|app|appt|appartement|interno|int|piso|puerta|bus) ?#? ?[a-z0-9-]{1,6}(?: |$)/;
const POST_BOX =
  /^(?:p ?o ?box|post ?box|gpo box|postfach|boite postale|bp|casella postale|apartado(?: de correos)?|postbus) ?(\d{1,8})$/;
const NUMBER_IN_FRONT = /^(\d{1,6} ?[a-z]?(?: ?[-/] ?\d{1,6} ?[a-z]?)?) (?=[a-z])/;
const NUMBER_BEHIND = /^(.*[a-z]) (?:no )?(\d{1,5} ?[a-z]?(?: ?[-/] ?\d{1,5} ?[a-z]?)?)$/;

/**
 * Takes a line of an address apart: "Flat 2, 12a Mill Ln", "Hauptstr. 7", "PO Box 12". The key is number and street, as far
 * as there are any.
 */
export function normaliseStreet(raw: string): NormalisedStreet {
  const none = { houseNumber: null, street: null };
  if (raw.length > LONGEST) return { ...unusable("It is too long for a street."), ...none };
  const folded = anyAscii(raw.normalize("NFKC").slice(0, LONGEST)).toLowerCase();
  const line = folded
    .replace(/[^a-z0-9/-]+/g, " ")
    .trim()
    .replace(UNIT, "");
  if (!/[a-z0-9]/.test(line)) return { ...unusable("It says nothing."), ...none };
  const [, box] = POST_BOX.exec(line) ?? [];
  if (box !== undefined) {
    const street = "po box";
    return {
      key: `${street} ${box}`,
      quality: "weak",
      reason: "It is a post box, not a house.",
      houseNumber: box,
      street,
    };
  }
  if (PLACEHOLDERS.has(line)) return { key: line, quality: "blocked", reason: "It is a placeholder.", ...none };
  const front = NUMBER_IN_FRONT.exec(line);
  const behind = front === null ? NUMBER_BEHIND.exec(line) : null;
  const number = front?.[1] ?? behind?.[2] ?? (/^\d{1,6}[a-z]?$/.test(line) ? line : undefined);
  const rest = front === null ? (behind?.[1] ?? (number === undefined ? line : "")) : line.slice(front[0].length);
  const houseNumber = number?.replaceAll(" ", "") ?? null;
  const street = expanded(rest);
  const key = [houseNumber, street].filter((part) => part !== null).join(" ");
  if (street === null) return { key, quality: "weak", reason: "It names no street.", houseNumber, street };
  if (houseNumber === null) return { key, quality: "weak", reason: "It has no house number.", houseNumber, street };
  return { key, quality: "strong", reason: null, houseNumber, street };
}

const PLACEHOLDERS = new Set(["na", "n/a", "none", "unknown", "test", "x", "xx", "xxx", "null", "not known", "tbc"]);

function expanded(text: string): string | null {
  const words = text
    .replace(/[/-]+/g, " ")
    .split(" ")
    .filter((word) => word !== "");
  const street = words.map((word, at) => {
    if (word === "st" && at > 0) return at === words.length - 1 ? "street" : "saint";
    if (at === 0 && words.length > 1 && AT_THE_START.has(word)) return AT_THE_START.get(word);
    const whole = at > 0 ? ABBREVIATIONS.get(word) : undefined;
    // "Hauptstr." is written as one word.
    return whole ?? (/^[a-z]{3,}str$/.test(word) ? `${word}asse` : word);
  });
  return street.length === 0 ? null : street.join(" ");
}

/**
 * Who may live together: country, postcode, house number and the first five letters of the street. Families and neighbours
 * share it, so it never says who somebody is. Null where a part is missing.
 */
export function householdKeyOf(
  country: string | null,
  postcode: string | null,
  { houseNumber, street }: Pick<NormalisedStreet, "houseNumber" | "street">,
): string | null {
  if (country === null || postcode === null || houseNumber === null || street === null) return null;
  return [country, postcode, houseNumber, street.replaceAll(" ", "").slice(0, 5)].join("|");
}
