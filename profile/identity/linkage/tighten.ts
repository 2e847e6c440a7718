import { UnionFind } from "../union-find.ts";
import { weightOf } from "./model.ts";

export interface WeighedEdge {
  a: number;
  b: number;
  weight: number;
  /** Joins its ends. Others only say that two who are joined by something else may well be one. */
  joins: boolean;
}

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
 * of which those that are too large or too loose lose their weakest edges, again and again.
 *
 * @param sizes records behind each node; more than one where certain evidence has joined them
 */
export function tighten<Edge extends WeighedEdge>(sizes: readonly number[], edges: readonly Edge[]): Tightened<Edge> {
  const result: Tightened<Edge> = { edges: [], loose: [] };
  const ordered = edges.toSorted((x, y) => y.weight - x.weight || x.a - y.a || x.b - y.b);
  for (const component of componentsOf(sizes.length, ordered)) process(component, -1);
  result.edges.sort((x, y) => y.weight - x.weight || x.a - y.a || x.b - y.b);
  return result;

  function process(inside: Edge[], level: number): void {
    if (isTight(sizes, inside)) {
      const sets = new Map<number, number>();
      for (const edge of inside) if (edge.joins && join(sets, edge)) result.edges.push(edge);
      return;
    }
    const next = LEVELS.findIndex((least, at) => at > level && least > (inside.at(-1)?.weight ?? -Infinity));
    if (next === -1) {
      result.loose.push([...new Set(inside.flatMap(({ a, b }) => [a, b]))].toSorted((x, y) => x - y));
      return;
    }
    const least = LEVELS[next] ?? Infinity;
    const left = inside.filter(({ weight }) => weight >= least);
    for (const component of componentsOf(sizes.length, left)) process(component, next);
  }
}

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

/** The edges within each component that is held together by edges that join, in their order. */
function componentsOf<Edge extends WeighedEdge>(nodes: number, edges: readonly Edge[]): Edge[][] {
  const sets = new UnionFind(nodes);
  for (const { a, b, joins } of edges) if (joins) sets.union(a, b);
  const inside = edges.filter(({ a, b }) => sets.find(a) === sets.find(b));
  return [...Map.groupBy(inside, ({ a }) => sets.find(a)).values()];
}

function join(parents: Map<number, number>, { a, b }: WeighedEdge): boolean {
  const rootOf = (node: number): number => {
    let at = node;
    for (let up = parents.get(at); up !== undefined; up = parents.get(at)) at = up;
    return at;
  };
  const [rootA, rootB] = [rootOf(a), rootOf(b)];
  if (rootA === rootB) return false;
  parents.set(Math.max(rootA, rootB), Math.min(rootA, rootB));
  return true;
}
