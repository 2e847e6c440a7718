import { UnionFind } from "../union-find.ts";
import { weightOf } from "./model.ts";

export interface WeighedEdge {
  a: number;
  b: number;
  weight: number;
  joins: Joins;
}

/**
 * Whether a pair joins by itself, or together with others between the same two clusters; or only says that two who are joined
 * by something else may well be one.
 */
export type Joins = "alone" | "together" | "never";

export interface Tightened<Edge extends WeighedEdge> {
  /** Edges that hold: a forest, the heaviest first. */
  edges: Edge[];
  /** Nodes of components that were too loose at every level, which were taken apart. */
  loose: number[][];
}

/** Twice the records that nearly everybody has at most. */
export const LARGEST_CLUSTER = 25;
/** Of all pairs within a cluster, the share that must be evidence themselves: a chain of likely pairs is no likely person. */
const LEAST_DENSITY = 0.5;
const LEVELS = [0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999, 0.999999].map(weightOf);

/**
 * Which scored edges may join, so that no cluster is larger or looser than one person's records are: connected components,
 * of which those that are too large or too loose lose their weakest edges, again and again. Then what is nearly as likely
 * joins two clusters where most of the pairs between them say so.
 *
 * @param sizes records behind each node; more than one where certain evidence has joined them
 */
export function tighten<Edge extends WeighedEdge>(sizes: readonly number[], edges: readonly Edge[]): Tightened<Edge> {
  const result: Tightened<Edge> = { edges: [], loose: [] };
  const ordered = edges.toSorted(byWeight);
  for (const whole of componentsOf(sizes.length, ordered, ({ joins }) => joins !== "never")) {
    const held: Edge[] = [];
    for (const component of componentsOf(sizes.length, whole, joinsAlone)) process(component, -1, held);
    result.edges.push(...held, ...together(sizes, whole, held));
  }
  result.edges.sort(byWeight);
  return result;

  function process(inside: Edge[], level: number, held: Edge[]): void {
    if (isTight(sizes, inside)) {
      const sets = new Sets();
      for (const edge of inside) if (joinsAlone(edge) && sets.join(edge.a, edge.b)) held.push(edge);
      return;
    }
    const next = LEVELS.findIndex((least, at) => at > level && least > (inside.at(-1)?.weight ?? -Infinity));
    if (next === -1) {
      result.loose.push([...new Set(inside.flatMap(({ a, b }) => [a, b]))].toSorted((x, y) => x - y));
      return;
    }
    const least = LEVELS[next] ?? Infinity;
    const left = inside.filter(({ weight }) => weight >= least);
    for (const component of componentsOf(sizes.length, left, joinsAlone)) process(component, next, held);
  }
}

/** It takes two pairs, and most of those between two clusters. */
const LEAST_TOGETHER = 2;

/** Edges that join the clusters made by `held` further, the likeliest first. */
function together<Edge extends WeighedEdge>(
  sizes: readonly number[],
  whole: readonly Edge[],
  held: readonly Edge[],
): Edge[] {
  const sets = new Sets();
  for (const { a, b } of held) sets.join(a, b);
  const records = new Map<number, number>();
  for (const node of new Set(whole.flatMap(({ a, b }) => [a, b])))
    records.set(sets.rootOf(node), (records.get(sets.rootOf(node)) ?? 0) + (sizes[node] ?? 1));
  const found: Edge[] = [];
  for (let again = true; again;) {
    again = false;
    const between = new Map<string, { first: Edge; pairs: number; a: number; b: number }>();
    for (const edge of whole) {
      const [a, b] = [sets.rootOf(edge.a), sets.rootOf(edge.b)];
      if (edge.joins === "never" || a === b) continue;
      const key = a < b ? `${a} ${b}` : `${b} ${a}`;
      const known = between.get(key) ?? { first: edge, pairs: 0, a, b };
      between.set(key, { ...known, pairs: known.pairs + (sizes[edge.a] ?? 1) * (sizes[edge.b] ?? 1) });
    }
    for (const { first, pairs, a, b } of between.values()) {
      const [one, other] = [records.get(a) ?? 1, records.get(b) ?? 1];
      if (pairs < LEAST_TOGETHER || pairs < one * other * LEAST_DENSITY || one + other > LARGEST_CLUSTER) continue;
      sets.join(a, b);
      records.set(sets.rootOf(a), one + other);
      found.push(first);
      // What lies between clusters has changed.
      again = true;
      break;
    }
  }
  return found;
}

const joinsAlone = ({ joins }: WeighedEdge): boolean => joins === "alone";

const byWeight = (x: WeighedEdge, y: WeighedEdge): number => y.weight - x.weight || x.a - y.a || x.b - y.b;

function isTight(sizes: readonly number[], edges: readonly WeighedEdge[]): boolean {
  const nodes = new Set(edges.flatMap(({ a, b }) => [a, b]));
  let records = 0;
  let linked = 0;
  for (const node of nodes) {
    const size = sizes[node] ?? 1;
    records += size;
    linked += (size * (size - 1)) / 2;
  }
  if (records <= 2 || nodes.size === 2) return true;
  // What is certain of some of a node's records is certain of all of them.
  for (const { a, b } of edges) linked += (sizes[a] ?? 1) * (sizes[b] ?? 1);
  return records <= LARGEST_CLUSTER && linked / ((records * (records - 1)) / 2) >= LEAST_DENSITY;
}

/** The edges within each component that is held together by edges that count, in their order. */
function componentsOf<Edge extends WeighedEdge>(
  nodes: number,
  edges: readonly Edge[],
  counts: (edge: Edge) => boolean,
): Edge[][] {
  const sets = new UnionFind(nodes);
  for (const edge of edges) if (counts(edge)) sets.union(edge.a, edge.b);
  const inside = edges.filter(({ a, b }) => sets.find(a) === sets.find(b));
  return [...Map.groupBy(inside, ({ a }) => sets.find(a)).values()];
}

/** Disjoint sets of a few nodes out of many. */
class Sets {
  readonly #parents = new Map<number, number>();

  rootOf(node: number): number {
    let at = node;
    for (let up = this.#parents.get(at); up !== undefined; up = this.#parents.get(at)) at = up;
    return at;
  }

  /** @returns false when they were one already */
  join(a: number, b: number): boolean {
    const [rootA, rootB] = [this.rootOf(a), this.rootOf(b)];
    if (rootA === rootB) return false;
    this.#parents.set(Math.max(rootA, rootB), Math.min(rootA, rootB));
    return true;
  }
}
