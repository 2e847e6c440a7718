import { type ProfileId, profileIdOf, type RecordId } from "#profile/ids.ts";
import { applyCuts, type Edge } from "./cuts.ts";
import { explainRefusal, type RefusalRule } from "./explain.ts";
import type { Identifier } from "./identifiers.ts";
import type { PersonName } from "./names.ts";
import { evidenceGroups } from "./linkage/comparisons.ts";
import { type Joins, tighten } from "./linkage/tighten.ts";
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

/** Two records that are likely one person by what they have in common (`linkage`). */
export interface ScoredLink {
  a: RecordId;
  b: RecordId;
  /** log2 of the odds. */
  weight: number;
  joins: Joins;
  /** Which of `evidenceGroups` speak for it, as bits. */
  clues: number;
}

export interface ResolveInput {
  records: readonly IdentityRecord[];
  /** Values held by too many to say anything, as `valueKeyOf` names them. */
  overflowing: ReadonlySet<string>;
  cuts: readonly HumanLink[];
  mustLinks: readonly HumanLink[];
  scored?: readonly ScoredLink[];
}

/** Why two records ended up together. The links of a cluster form a tree. */
export interface EvidenceLink {
  a: RecordId;
  b: RecordId;
  kind: IdentifierKind | "human" | "score";
  value: string;
  words: string;
}

/** A merge that evidence suggested and protection refused. At most one per rule and value. */
export interface Refusal {
  rule: RefusalRule;
  kind: IdentifierKind | "human" | "score";
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
 * both sides already hold. Scores come after all that is certain, the likeliest first, as far as no cluster grows too large or
 * too loose by them. Cuts come last and take the weakest evidence between two records away.
 */
export function resolve(input: ResolveInput): Resolution {
  const records = input.records.toSorted(byAge);
  const clustering = new Clustering(records);
  for (const link of input.mustLinks.toSorted(byTimeThenIds)) clustering.linkByHand(link);
  for (const node of valueNodes(records, input.overflowing)) clustering.linkByValue(node);
  clustering.linkByScores(input.scored ?? []);
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
    const roots = ends.map((end) => this.#sets.find(end));
    const sides = this.#drafts.sidesOf(ends, roots, rule);
    if (this.#drafts.wouldBurst(ends, roots, rule, sides)) {
      this.#refuse("too_many_identifiers", rule.kind, value, ends);
      return;
    }
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

  linkByScores(scored: readonly ScoredLink[]): void {
    if (scored.length === 0) return;
    // What is certain is one node; of several pairs between two of them the likeliest stands for all.
    const between = new Map<number, { a: number; b: number; weight: number; joins: Joins; link: ScoredLink }>();
    for (const link of scored) {
      const [from, to] = [this.#position.get(link.a), this.#position.get(link.b)];
      if (from === undefined || to === undefined) continue;
      const [rootA, rootB] = [this.#sets.find(from), this.#sets.find(to)];
      if (rootA === rootB) continue;
      const [a, b] = rootA < rootB ? [rootA, rootB] : [rootB, rootA];
      const key = a * 0x4000000 + b;
      const known = between.get(key);
      const better = known === undefined || compareLinks(link, known.link) < 0;
      if (better) between.set(key, { a, b, weight: link.weight, joins: link.joins, link });
    }
    const sizes: number[] = [];
    this.#records.forEach((_, at) => {
      const root = this.#sets.find(at);
      sizes[root] = (sizes[root] ?? 0) + 1;
    });
    const { edges, loose } = tighten(sizes, [...between.values()]);
    for (const { a, b, link } of edges) {
      const problem = this.#drafts.generationsObjection(this.#sets.find(a), this.#sets.find(b));
      const ends = [link.a, link.b].flatMap((id) => this.#position.get(id) ?? []);
      const [from, to] = ends;
      if (from === undefined || to === undefined) continue;
      if (problem === null) this.#join(from, to, { kind: "score", value: "", words: wordsOfScore(link) });
      else this.#refuse(problem, "score", `${link.a} ${link.b}`, ends);
    }
    for (const nodes of loose) this.#refuse("too_loose", "score", this.#idAt(nodes[0] ?? 0), nodes);
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

const JOINS: readonly Joins[] = ["alone", "together", "never"];

/** What joins before what does not, then the likeliest. */
const compareLinks = (x: ScoredLink, y: ScoredLink): number =>
  JOINS.indexOf(x.joins) - JOINS.indexOf(y.joins) || y.weight - x.weight || compare(x.a, y.a) || compare(x.b, y.b);

/** "name and date of birth; a coincidence is about 1 in 40,000" */
function wordsOfScore({ weight, clues }: ScoredLink): string {
  const words = evidenceGroups.flatMap((group, at) => ((clues & (1 << at)) === 0 ? [] : GROUP_WORDS[group]));
  const coincidence = Math.round(2 ** Math.min(weight, 20));
  const odds = Number(coincidence.toPrecision(1)).toLocaleString("en-GB");
  return `${words.join(", ").replace(/, ([^,]*)$/, " and $1")}; a coincidence is about 1 in ${odds}`;
}

const GROUP_WORDS: Record<(typeof evidenceGroups)[number], string> = {
  name: "name",
  birth: "date of birth",
  contact: "contact details",
  address: "address",
  number: "personal number",
  circumstances: "circumstances",
};

const byTimeThenIds = (a: HumanLink, b: HumanLink): number =>
  compare(a.at, b.at) || compare(a.a, b.a) || compare(a.b, b.b);

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
