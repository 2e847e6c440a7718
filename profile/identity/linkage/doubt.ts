/** Pairs that are likely one person by what households, twins or namesakes share: these a person decides. */
import { areDifferentNames } from "../given-names.ts";
import { isGenderedPair, type PersonName } from "../names.ts";
import { jaroWinkler, withinOneEdit } from "../strings.ts";
import { sameInSomeForm } from "./given-name-variants.ts";

/** Whether the given names are those of two people, however much else agrees: twins share all but that. */
export function givenNamesDiffer(a: PersonName, b: PersonName): boolean {
  if (a.first === null || b.first === null) return false;
  const [one, other] = [headOf(a.first), headOf(b.first)];
  if (one === other) return false;
  if (one.length === 1 || other.length === 1) return one[0] !== other[0];
  if (sameInSomeForm(one, other) || areExchanged(a, b)) return false;
  if (isGenderedPair(one, other) || areDifferentNames(one, other)) return true;
  return jaroWinkler(one, other) < 0.8 && !(one.length + other.length > 4 && withinOneEdit(one, other));
}

/** George Hale and George Hale Jr; one may leave it out where both were born on the same day. */
export function generationsDiffer(a: PersonName, b: PersonName, bornTogether: boolean): boolean {
  if (a.generation === b.generation) return false;
  return !bornTogether || (a.generation !== undefined && b.generation !== undefined);
}

const ALIKE = 0.88;

function areExchanged(a: PersonName, b: PersonName): boolean {
  if (a.first === null || b.first === null) return false;
  const forwards = b.last !== null && jaroWinkler(a.first, b.last) >= ALIKE;
  const backwards = a.last !== null && jaroWinkler(b.first, a.last) >= ALIKE;
  // A lone name may stand in the wrong field.
  return (
    (forwards || a.last === null || b.last === null) &&
    (backwards || b.last === null || a.last === null) &&
    (forwards || backwards)
  );
}

function headOf(name: string): string {
  const end = name.search(/[ -]/);
  return end === -1 ? name : name.slice(0, end);
}
