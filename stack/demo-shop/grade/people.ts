/** Which people lie in which profiles. */
import type { Stored } from "./stored.ts";
import type { Truth } from "./truth.ts";

export interface People {
  /** Person -> profiles, the one with most of their records first. */
  profilesOf: Map<string, string[]>;
  /** Profile -> persons with a live record in it. */
  personsOf: Map<string, Set<string>>;
}

export function peopleOf(truth: Truth, stored: Stored): People {
  const counts = new Map<string, Map<string, number>>();
  const personsOf = new Map<string, Set<string>>();
  for (const [key, { person, state }] of truth.records) {
    const profile = stored.profileOf.get(key);
    if (person === null || profile === undefined) continue;
    const held = counts.get(person) ?? new Map<string, number>();
    counts.set(person, held.set(profile, (held.get(profile) ?? 0) + 1));
    if (state === "live") personsOf.set(profile, (personsOf.get(profile) ?? new Set()).add(person));
  }
  const profilesOf = new Map<string, string[]>();
  for (const [person, held] of counts) {
    const mostFirst = [...held].toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
    profilesOf.set(
      person,
      mostFirst.map(([profile]) => profile),
    );
  }
  return { profilesOf, personsOf };
}
