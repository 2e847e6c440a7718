import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Joins, LARGEST_CLUSTER, tighten, type WeighedEdge } from "./tighten.ts";

const edge = (a: number, b: number, weight: number, joins: Joins = "alone"): WeighedEdge => ({ a, b, weight, joins });
const alone = (count: number): number[] => Array.from({ length: count }, () => 1);

/** Records of each cluster, by number. */
function clusters(sizes: readonly number[], edges: readonly WeighedEdge[]): string[] {
  const at = sizes.map((_, node) => node);
  for (const { a, b } of tighten(sizes, edges).edges) {
    const [from, to] = [at[a], at[b]];
    at.forEach((cluster, node) => {
      if (cluster === to) at[node] = from ?? 0;
    });
  }
  return [...Map.groupBy(at.keys(), (node) => at[node]).values()].map((nodes) => nodes.join(" "));
}

it("keeps together what is close, with a spanning tree of the heaviest edges", () => {
  const edges = [edge(0, 1, 8), edge(1, 2, 9), edge(0, 2, 12)];
  expect(clusters(alone(3), edges)).toEqual(["0 1 2"]);
  expect(tighten(alone(3), edges).edges.map(({ weight }) => weight)).toEqual([12, 9]);
});

it("takes a chain apart at its weakest links", () => {
  const two = [edge(0, 1, 20), edge(1, 2, 20), edge(0, 2, 20), edge(3, 4, 20), edge(4, 5, 20), edge(3, 5, 20)];
  expect(clusters(alone(6), [...two, edge(2, 3, 7)])).toEqual(["0 1 2", "3 4 5"]);
});

it("lets doubtful pairs speak for a cluster, and join nobody", () => {
  const chain = [edge(0, 1, 9), edge(1, 2, 9), edge(2, 3, 9), edge(3, 4, 9)];
  expect(clusters(alone(5), chain)).not.toEqual(["0 1 2 3 4"]);
  const likely = [edge(0, 2, 8, "never"), edge(1, 3, 8, "never"), edge(2, 4, 8, "never")];
  expect(clusters(alone(5), [...chain, ...likely])).toEqual(["0 1 2 3 4"]);
  expect(clusters(alone(5), likely)).toEqual(["0", "1", "2", "3", "4"]);
});

it("lets what is nearly as likely join where most pairs between two clusters say so", () => {
  const [one, other] = [edge(0, 1, 9), edge(2, 3, 9)];
  const pairs = [edge(0, 2, 4, "together"), edge(1, 2, 4, "together"), edge(1, 3, 4, "together")];
  expect(clusters(alone(4), [one, other, ...pairs])).toEqual(["0 1 2 3"]);
  expect(clusters(alone(4), [one, other, ...pairs.slice(0, 1)])).toEqual(["0 1", "2 3"]);
  expect(clusters(alone(2), [edge(0, 1, 4, "together")])).toEqual(["0", "1"]);
});

it("reports what is too loose at every level instead of guessing", () => {
  const ring = Array.from({ length: 40 }, (_, node) => edge(node, (node + 1) % 40, 30));
  const { edges, loose } = tighten(alone(40), ring);
  expect(edges).toEqual([]);
  expect(loose).toEqual([Array.from({ length: 40 }, (_, node) => node)]);
});

it("holds every cluster within its size and gives the same whatever the order", () => {
  const graph = fc.array(
    fc
      .tuple(
        fc.nat(59),
        fc.nat(59),
        fc.integer({ min: 4, max: 25 }),
        fc.constantFrom<Joins>("alone", "together", "never"),
      )
      .filter(([a, b]) => a !== b),
    { maxLength: 300 },
  );
  fc.assert(
    fc.property(graph, fc.infiniteStream(fc.nat()), (drawn, shuffle) => {
      const unique = new Map(
        drawn.map(([a, b, weight, joins]) => [
          `${Math.min(a, b)} ${Math.max(a, b)}`,
          edge(Math.min(a, b), Math.max(a, b), weight, joins),
        ]),
      );
      const edges = [...unique.values()];
      const found = clusters(alone(60), edges);
      const mixed = edges.map((one) => ({ one, key: shuffle.next().value ?? 0 })).toSorted((x, y) => x.key - y.key);
      expect(
        clusters(
          alone(60),
          mixed.map(({ one }) => one),
        ),
      ).toEqual(found);
      expect(Math.max(...found.map((cluster) => cluster.split(" ").length))).toBeLessThanOrEqual(LARGEST_CLUSTER);
    }),
  );
});
