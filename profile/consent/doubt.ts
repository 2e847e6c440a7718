import { type ConsentEntry, isOfTheList, isRefusal } from "./ledger.ts";
import { namesConflict, type PersonName } from "#profile/identity/names.ts";
import { jaroWinkler } from "#profile/identity/strings.ts";

/**
 * Whether two people of one postcode may be one person whom identity did not dare to join: family names nearly the same,
 * given names not against it. Nobody is merged because of this; a no from one counts for the other.
 */
export function mayBeSamePerson(names: readonly PersonName[], others: readonly PersonName[]): boolean {
  return names.some((name) =>
    others.some(
      (other) =>
        name.last !== null &&
        other.last !== null &&
        jaroWinkler(name.last, other.last) >= 0.88 &&
        !namesConflict(name, other, "account"),
    ),
  );
}

/** Which of somebody else's entries count in doubt: a no. Their age is theirs, and so are their addresses. */
export const doubtfulRefusals = (entries: readonly ConsentEntry[]): ConsentEntry[] =>
  entries
    .filter((entry) => isRefusal(entry.state) && entry.cause !== "minor" && !isOfTheList(entry))
    .map((entry) => ({ ...entry, inDoubt: true }));
