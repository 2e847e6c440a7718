import { type ProfileId, profileIdOf, type RecordId } from "#profile/ids.ts";
import { applyCuts, type Edge } from "./cuts.ts";
import { explainRefusal, type RefusalRule } from "./explain.ts";
import type { Identifier } from "./identifiers.ts";
import type { PersonName } from "./names.ts";
import { ProfileDrafts } from "./profile-drafts.ts";
import type { IdentifierKind } from "./rules.ts";
import { UnionFind } from "./union-find.ts";
import { type ValueNode, valueNodes } from "./value-nodes.ts";

export interface IdentityRecord {
  recordId: RecordId;
  /** When the source made it, milliseconds since the epoch; null when it does not say. */
  createdAtMs: number | null;
  name: PersonName;
  postcode: string | null;
  /** All ever seen on the record: a value it no longer carries was evidence and stays evidence. */
  identifiers: readonly Pick<Identifier, "kind" | "value" | "quality">[];
}

/** A human's word about two records. */
export interface HumanLink {
  a: RecordId;
  b: RecordId;
  /** ISO 8601; cuts apply in this order. */
  at: string;
}

export interface ResolveInput {
  records: readonly IdentityRecord[];
  /** Values held by too many to say anything, as `valueKeyOf` names them. */
  overflowing: ReadonlySet<string>;
  cuts: readonly HumanLink[];
  mustLinks: readonly HumanLink[];
}

/** Why two records ended up together. The links of a cluster form a tree. */
export interface EvidenceLink {
  a: RecordId;
  b: RecordId;
  kind: IdentifierKind | "human";
  value: string;
  words: string;
}

/** A merge that evidence suggested and protection refused. At most one per rule and value. */
export interface Refusal {
  rule: RefusalRule;
  kind: IdentifierKind | "human";
  value: string;
  recordIds: RecordId[];
  explanation: string;
}

export interface Cluster {
  profileId: ProfileId;
  /** The oldest record: smallest (creation time, record id); it names the profile. */
  anchorRecordId: RecordId;
  recordIds: RecordId[];
  evidence: EvidenceLink[];
}

export interface Resolution {
  clusters: Cluster[];
  refusals: Refusal[];
}

/** How many records one refusal names; more would not help the reader. */
const MAX_REFUSAL_RECORDS = 50;

/**
 * Which records are one person: a pure function of the set of records, whatever their order, and of each connected
 * component alone (records that share no value do not influence one another, nor do those that share only a value in
 * standoff).
 *
 * Evidence is taken strongest first, values in a fixed order, holders oldest first; each union is checked against what
 * both sides already hold. Cuts come last and take the weakest evidence between two records away.
 */
export function resolve(input: ResolveInput): Resolution {
  const records = input.records.toSorted(byAge);
  const clustering = new Clustering(records);
  for (const link of input.mustLinks.toSorted(byTimeThenIds)) clustering.linkByHand(link);
  for (const node of valueNodes(records, input.overflowing)) clustering.linkByValue(node);
  return clustering.finish(input.cuts.toSorted(byTimeThenIds));
}

class Clustering {
  readonly #records: readonly IdentityRecord[];
  readonly #position: Map<RecordId, number>;
  readonly #sets: UnionFind;
  readonly #drafts: ProfileDrafts;
  readonly #edges: (Edge & Pick<EvidenceLink, "kind" | "value" | "words">)[] = [];
  readonly #refused: { refusal: Refusal; positions: readonly number[] }[] = [];

  constructor(records: readonly IdentityRecord[]) {
    this.#records = records;
    this.#position = new Map(records.map((record, index) => [record.recordId, index]));
    this.#sets = new UnionFind(records.length);
    this.#drafts = new ProfileDrafts(records);
  }

  linkByHand(link: HumanLink): void {
    const a = this.#position.get(link.a);
    const b = this.#position.get(link.b);
    if (a === undefined || b === undefined || this.#sets.find(a) === this.#sets.find(b)) return;
    this.#join(a, b, { kind: "human", value: "", words: "person, as somebody decided" });
  }

  linkByValue({ rule, value, holders }: ValueNode): void {
    const standoff = this.#drafts.standoff(holders, rule);
    if (standoff !== null) {
      this.#refuse(standoff, rule.kind, value, holders);
      return;
    }
    // One holder per profile so far; the oldest.
    const ends = firstPerSet(holders, this.#sets);
    if (ends.length < 2) return;
    const sides = this.#drafts.sidesOf(
      ends,
      ends.map((end) => this.#sets.find(end)),
      rule,
    );
    const refused = new Set<RefusalRule>();
    const kept: number[] = [];
    for (const end of ends) {
      let joined = false;
      for (const other of kept) {
        const problem =
          sides.objection(other, end) ?? this.#drafts.objection(this.#sets.find(other), this.#sets.find(end), rule);
        if (problem === null) {
          this.#join(other, end, { kind: rule.kind, value, words: rule.words });
          joined = true;
          break;
        }
        refused.add(problem);
      }
      if (!joined) kept.push(end);
    }
    if (kept.length > 1) for (const problem of refused) this.#refuse(problem, rule.kind, value, kept);
  }

  finish(cuts: readonly HumanLink[]): Resolution {
    const apart = cuts.flatMap(({ a, b }) => {
      const from = this.#position.get(a);
      const to = this.#position.get(b);
      return from === undefined || to === undefined ? [] : [{ a: from, b: to }];
    });
    const { removed, used } = applyCuts(this.#edges, apart);
    for (const { a, b } of used) this.#refuse("cut", "human", `${this.#idAt(a)} ${this.#idAt(b)}`, [a, b]);

    const standing = this.#edges.filter((_, index) => !removed.has(index));
    const sets = new UnionFind(this.#records.length);
    for (const { a, b } of standing) sets.union(a, b);
    const clusters = new Map<number, Cluster>();
    this.#records.forEach(({ recordId }, index) => {
      const cluster = clusters.get(sets.find(index));
      if (cluster !== undefined) cluster.recordIds.push(recordId);
      // A set's root is its smallest position, so the anchor is met first.
      else
        clusters.set(index, {
          profileId: profileIdOf(recordId),
          anchorRecordId: recordId,
          recordIds: [recordId],
          evidence: [],
        });
    });
    for (const { a, b, kind, value, words } of standing) {
      clusters.get(sets.find(a))?.evidence.push({ a: this.#idAt(a), b: this.#idAt(b), kind, value, words });
    }
    // Where other evidence brought all of them together, nothing was refused in the end.
    const refusals = this.#refused.filter(({ positions }) => new Set(positions.map((at) => sets.find(at))).size > 1);
    return { clusters: [...clusters.values()], refusals: refusals.map(({ refusal }) => refusal) };
  }

  #join(a: number, b: number, evidence: Pick<EvidenceLink, "kind" | "value" | "words">): void {
    const rootA = this.#sets.find(a);
    const rootB = this.#sets.find(b);
    this.#drafts.merge(rootA, rootB, this.#sets.union(rootA, rootB));
    this.#edges.push({ a, b, ...evidence });
  }

  #refuse(rule: RefusalRule, kind: Refusal["kind"], value: string, positions: readonly number[]): void {
    const recordIds = positions.slice(0, MAX_REFUSAL_RECORDS).map((position) => this.#idAt(position));
    const refusal = { rule, kind, value, recordIds, explanation: explainRefusal(rule, kind) };
    this.#refused.push({ refusal, positions });
  }

  #idAt(position: number): RecordId {
    const record = this.#records[position];
    if (record === undefined) throw new RangeError("No record at this position.");
    return record.recordId;
  }
}

function firstPerSet(holders: readonly number[], sets: UnionFind): number[] {
  const seen = new Set<number>();
  return holders.filter((holder) => {
    const root = sets.find(holder);
    return !seen.has(root) && seen.add(root);
  });
}

function byAge(a: IdentityRecord, b: IdentityRecord): number {
  // Infinity - Infinity is NaN, which falls through to the ids as 0 does.
  return (a.createdAtMs ?? Infinity) - (b.createdAtMs ?? Infinity) || compare(a.recordId, b.recordId);
}

const byTimeThenIds = (a: HumanLink, b: HumanLink): number =>
  compare(a.at, b.at) || compare(a.a, b.a) || compare(a.b, b.b);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
