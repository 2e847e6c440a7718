import type { RefusalRule } from "./explain.ts";
import { type Care, namesAgree, namesConflict, type PersonName } from "./names.ts";
import type { IdentityRecord } from "./resolve.ts";
import { type LinkRule, linkRules } from "./rules.ts";
import { jaroWinkler } from "./strings.ts";

/** What the records joined so far hold: what a further merge is checked against. */
interface Draft {
  /** Ids of different names, ascending. */
  names: number[];
  postcodes: string[];
  /** Different values by what is counted (`email`, `account_id` of one connection). */
  counted: Map<string, Set<string>>;
}

export interface Sides {
  /** Whether the names seen around this value forbid joining the two; null: they do not. */
  objection(a: number, b: number): RefusalRule | null;
}

const NO_OBJECTION: Sides = { objection: () => null };
const limits = new Map(
  linkRules.filter((rule) => rule.maxPerProfile !== null).map((rule) => [`${rule.kind} ${rule.quality}`, rule]),
);

/** What protects merges: names, counts of identifiers, households. */
export class ProfileDrafts {
  readonly #records: readonly IdentityRecord[];
  readonly #drafts: (Draft | undefined)[];
  readonly #nameIds = new Map<string, number>();
  readonly #names: PersonName[] = [];
  readonly #conflicts: Record<Care, Map<number, boolean>> = {
    account: new Map(),
    typos: new Map(),
    household: new Map(),
  };

  constructor(records: readonly IdentityRecord[]) {
    this.#records = records;
    this.#drafts = Array.from({ length: records.length });
  }

  /**
   * Why a value can join none of its holders, whatever else is known about them: more people hold it than may, or the
   * names on the records themselves conflict, each with every other. Profiles only gain names, so no other evidence lifts
   * this. Null: it may join some.
   *
   * Answered from the holders alone: who is gathered to be resolved leans on that.
   */
  standoff(holders: readonly number[], rule: LinkRule): RefusalRule | null {
    if (rule.reuseLimit !== null && this.#differentPeople(holders, rule) > rule.reuseLimit) return "shared_value";
    if (rule.names === "ignore") return null;
    const names = new Set(holders.map((holder) => this.#nameAt(holder)));
    if (names.size < holders.length || names.has(null)) return null;
    const list = [...names].filter((name) => name !== null);
    const care = careOf(rule);
    const apart = list.every((name, at) => list.slice(at + 1).every((other) => this.#conflict(name, other, care)));
    if (!apart) return null;
    return rule.names === "agree" ? "names_needed" : "names_conflict";
  }

  /** People told apart by the names on the records themselves; nameless ones do not count. */
  #differentPeople(holders: readonly number[], rule: LinkRule): number {
    const distinct = new Set(holders.map((holder) => this.#nameAt(holder)).filter((name) => name !== null));
    const people: number[] = [];
    for (const name of [...distinct].toSorted((a, b) => this.#compareNames(a, b))) {
      if (people.every((other) => this.#conflict(name, other, careOf(rule)))) people.push(name);
    }
    return people.length;
  }

  /**
   * Looks at everybody who holds a value at once. Where names conflict, a side that fits both of two conflicting ones (a
   * record without a name, an initial) could be either, so it joins none of them.
   *
   * @param ends one position per profile
   * @param roots the profile of each end
   */
  sidesOf(ends: readonly number[], roots: readonly number[], rule: LinkRule): Sides {
    if (rule.names === "ignore") return NO_OBJECTION;
    const care = careOf(rule);
    const signatures = roots.map((root) => this.#draft(root).names.join(" "));
    const classes = new Map(signatures.map((signature, index) => [signature, this.#draft(roots[index] ?? 0).names]));
    if (classes.size < 2) return NO_OBJECTION;
    const opponents = new Map<string, string>();
    for (const [signature, names] of classes) {
      const against = [...classes]
        .filter(([, others]) => this.#anyConflict(names, others, care))
        .map(([other]) => other);
      opponents.set(signature, against.toSorted().join("|"));
    }
    if ([...opponents.values()].every((against) => against === "")) return NO_OBJECTION;
    const signatureOf = new Map(ends.map((end, index) => [end, signatures[index] ?? ""]));
    return {
      objection: (a, b) => {
        const againstA = opponents.get(signatureOf.get(a) ?? "") ?? "";
        const againstB = opponents.get(signatureOf.get(b) ?? "") ?? "";
        if (againstA === "" || againstB === "") return "ambiguous";
        return againstA === againstB ? null : "names_conflict";
      },
    };
  }

  /** Whether protection forbids this merge. Names are asked again: what joined meanwhile counts. */
  objection(rootA: number, rootB: number, rule: LinkRule): RefusalRule | null {
    return this.#objectionBetween(this.#draft(rootA), this.#draft(rootB), rule);
  }

  #objectionBetween(a: Draft, b: Draft, rule: LinkRule): RefusalRule | null {
    if (rule.names === "agree" && !this.#fullNamesAgree(a.names, b.names)) return "names_needed";
    if (rule.names !== "ignore" && this.#anyConflict(a.names, b.names, careOf(rule))) return "names_conflict";
    // A household shares phones, sometimes names too: where each has an address or number of their own, only a mobile and
    // given names on both sides will do.
    if (rule.kind === "phone" && holdTheirOwn(a, b) && (rule.quality === "weak" || !this.#bothNamed(a, b))) {
      return "own_addresses";
    }
    if (rule.needsHousehold && !this.#sameHousehold(a, b)) return "household_needed";
    return this.#holdTooMany(a, b) ? "too_many_identifiers" : null;
  }

  /** More identifiers of one kind than a person has, where no full names on both sides say that it is one all the same. */
  #holdTooMany(a: Draft, b: Draft): boolean {
    if ([a, b].every(({ names }) => names.some((id) => this.#isFull(id)))) return false;
    for (const [counted, values] of a.counted) {
      const others = b.counted.get(counted);
      const limit = limitOf(counted);
      // A record that alone holds more than the limit must still be found by its own values.
      if (others !== undefined && values.union(others).size > Math.max(limit, values.size, others.size)) return true;
    }
    return false;
  }

  /**
   * Whether whoever would come together at a value would hold more than one person has. The value is shared then, and says
   * nothing of any of them: which ones fitted in would be left to chance.
   *
   * @param ends one position per profile
   * @param roots the profile of each end
   */
  wouldBurst(ends: readonly number[], roots: readonly number[], rule: LinkRule, sides: Sides): boolean {
    const drafts = roots.map((root) => this.#draft(root));
    const most = new Map<string, number>();
    for (const { counted } of drafts)
      for (const [kind, values] of counted) most.set(kind, (most.get(kind) ?? 0) + values.size);
    if ([...most].every(([kind, count]) => count <= limitOf(kind))) return false;
    const groups: { end: number; draft: Draft }[] = [];
    for (const [at, end] of ends.entries()) {
      const draft = drafts[at];
      if (draft === undefined) continue;
      let joined = false;
      for (const group of groups) {
        const problem = sides.objection(group.end, end) ?? this.#objectionBetween(group.draft, draft, rule);
        if (problem === "too_many_identifiers") return true;
        if (problem !== null) continue;
        group.draft = merged(group.draft, draft);
        joined = true;
        break;
      }
      if (!joined) groups.push({ end, draft });
    }
    return false;
  }

  /** Father and son resemble each other in all but that. */
  generationsObjection(rootA: number, rootB: number): RefusalRule | null {
    const generations = [rootA, rootB].map(
      (root) => new Set(this.#draft(root).names.flatMap((id) => this.#name(id).generation ?? [])),
    );
    const [a, b] = generations;
    if (a === undefined || b === undefined || a.size === 0 || b.size === 0) return null;
    return a.isDisjointFrom(b) ? "names_conflict" : null;
  }

  merge(rootA: number, rootB: number, root: number): void {
    const a = this.#draft(rootA);
    const b = this.#draft(rootB);
    for (const [counted, values] of b.counted) {
      const known = a.counted.get(counted);
      if (known === undefined) a.counted.set(counted, values);
      else for (const value of values) known.add(value);
    }
    a.names = [...new Set([...a.names, ...b.names])].toSorted((x, y) => x - y);
    a.postcodes = [...new Set([...a.postcodes, ...b.postcodes])];
    this.#drafts[rootA] = undefined;
    this.#drafts[rootB] = undefined;
    this.#drafts[root] = a;
  }

  #draft(root: number): Draft {
    const known = this.#drafts[root];
    if (known !== undefined) return known;
    const record = this.#records[root];
    const counted = new Map<string, Set<string>>();
    for (const { kind, value, quality } of record?.identifiers ?? []) {
      if (!limits.has(`${kind} ${quality}`)) continue;
      // Numbers from different shops do not count against one another.
      const scoped = kind === "account_id" || kind === "loyalty_id" || kind === "card_fingerprint";
      const key = scoped ? `${kind} ${value.slice(0, value.indexOf(":"))}` : kind;
      counted.set(key, (counted.get(key) ?? new Set()).add(value));
    }
    const name = this.#nameAt(root);
    const postcode = record?.postcode ?? null;
    const draft = { names: name === null ? [] : [name], postcodes: postcode === null ? [] : [postcode], counted };
    this.#drafts[root] = draft;
    return draft;
  }

  #nameAt(position: number): number | null {
    const name = this.#records[position]?.name;
    if (name === undefined || (name.first === null && name.last === null)) return null;
    const key = keyOf(name);
    const known = this.#nameIds.get(key);
    if (known !== undefined) return known;
    const id = this.#names.push(name) - 1;
    this.#nameIds.set(key, id);
    return id;
  }

  #name(id: number): PersonName {
    return this.#names[id] ?? { first: null, last: null };
  }

  #compareNames(a: number, b: number): number {
    const keys = [a, b].map((id) => keyOf(this.#name(id)));
    return (keys[0] ?? "") < (keys[1] ?? "") ? -1 : 1;
  }

  #anyConflict(names: readonly number[], others: readonly number[], care: Care): boolean {
    return names.some((name) => others.some((other) => this.#conflict(name, other, care)));
  }

  #conflict(a: number, b: number, care: Care): boolean {
    if (a === b) return false;
    const [low, high] = a < b ? [a, b] : [b, a];
    const key = low * 0x4000000 + high;
    const known = this.#conflicts[care].get(key);
    if (known !== undefined) return known;
    const conflict = namesConflict(this.#name(low), this.#name(high), care);
    this.#conflicts[care].set(key, conflict);
    return conflict;
  }

  #fullNamesAgree(names: readonly number[], others: readonly number[]): boolean {
    return names.some((name) => others.some((other) => namesAgree(this.#name(name), this.#name(other))));
  }

  #isFull(id: number): boolean {
    const { first, last } = this.#name(id);
    return first !== null && last !== null;
  }

  #bothNamed(a: Draft, b: Draft): boolean {
    return [a, b].every(({ names }) => names.some((id) => this.#name(id).first !== null));
  }

  #sameHousehold(a: Draft, b: Draft): boolean {
    if (a.postcodes.some((postcode) => b.postcodes.includes(postcode))) return true;
    const lastNames = (names: number[]): string[] =>
      names.map((id) => this.#name(id).last).filter((last) => last !== null);
    const others = lastNames(b.names);
    return lastNames(a.names).some((last) => others.some((other) => jaroWinkler(last, other) >= 0.92));
  }
}

/** Weak evidence tells names apart as carefully as a phone does. */
const careOf = ({ names }: LinkRule): Care => (names === "typos" || names === "account" ? names : "household");

/** Each an address, or each another number of one shop. */
function holdTheirOwn(a: Draft, b: Draft): boolean {
  if (a.counted.has("email") && b.counted.has("email")) return true;
  for (const [counted, values] of a.counted) {
    const others = counted.startsWith("account_id ") ? b.counted.get(counted) : undefined;
    if (others?.isDisjointFrom(values) === true) return true;
  }
  return false;
}

const limitOf = (counted: string): number =>
  limits.get(`${counted.split(" ", 1)[0]} strong`)?.maxPerProfile ?? Infinity;

function merged(a: Draft, b: Draft): Draft {
  const counted = new Map(a.counted);
  for (const [kind, values] of b.counted) counted.set(kind, values.union(counted.get(kind) ?? new Set()));
  return {
    names: [...new Set([...a.names, ...b.names])].toSorted((x, y) => x - y),
    postcodes: [...new Set([...a.postcodes, ...b.postcodes])],
    counted,
  };
}

const keyOf = ({ first, last, generation }: PersonName): string => [first, last, generation].join("|");
