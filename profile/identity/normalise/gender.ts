import { type Normalised, unusable } from "./normalised.ts";
import { foldText } from "./text.ts";

const LONGEST = 60;

/** As files and tools write it, in the languages we read: data, extend it here. */
const WORDS: Record<"female" | "male" | "other", string> = {
  female:
    "f fem female woman girl w weiblich frau femme feminin fille femminile femmina donna mujer femenino vrouw vrouwelijk " +
    "feminino kvinna kvinde kvinne nainen kobieta zena kadin mrs ms miss",
  male:
    "m male man boy mann mannlich maennlich homme masculin garcon maschile maschio uomo hombre masculino mannelijk herr mr " +
    "homem mies mezczyzna muz erkek",
  other: "x d divers diverse other nonbinary nb enby non binary autre altro otro anders andet annat",
};
const meanings = new Map(
  Object.entries(WORDS).flatMap(([meaning, words]) => words.split(" ").map((word) => [word, meaning] as const)),
);

/** `female`, `male` or `other`; what is not said, or not in words we know, is none of them. */
export function normaliseGender(raw: string): Normalised {
  if (raw.length > LONGEST) return unusable("It is too long for a gender.");
  const words = foldText(raw);
  const key = meanings.get(words) ?? meanings.get(words.replaceAll(" ", ""));
  return key === undefined
    ? unusable("It is no word for a gender that we know.")
    : { key, quality: "strong", reason: null };
}
