/** Taking clusters apart along the weakest evidence, so that two records a human told apart end up apart. */

export interface Edge {
  a: number;
  b: number;
}

/**
 * Removes edges from the forest until no cut's two ends are connected: for each cut in turn the last edge in `edges` on
 * the path between its ends goes. A removal only ever separates, so a further cut at the end never joins anything.
 *
 * @param edges a forest, strongest evidence first
 * @returns positions of the removed edges, and the cuts that removed them
 */
export function applyCuts(edges: readonly Edge[], cuts: readonly Edge[]): { removed: Set<number>; used: Edge[] } {
  const removed = new Set<number>();
  const used: Edge[] = [];
  if (cuts.length === 0) return { removed, used };
  const adjacency = new Map<number, { to: number; edge: number }[]>();
  const connect = (from: number, to: number, edge: number): void => {
    const known = adjacency.get(from);
    if (known === undefined) adjacency.set(from, [{ to, edge }]);
    else known.push({ to, edge });
  };
  edges.forEach(({ a, b }, edge) => {
    connect(a, b, edge);
    connect(b, a, edge);
  });

  for (const cut of cuts) {
    const weakest = weakestOnPath(adjacency, removed, cut);
    if (weakest === null) continue;
    removed.add(weakest);
    used.push(cut);
  }
  return { removed, used };
}

function weakestOnPath(
  adjacency: ReadonlyMap<number, { to: number; edge: number }[]>,
  removed: ReadonlySet<number>,
  cut: Edge,
): number | null {
  // For each node reached: the weakest edge on the way to it.
  const reached = new Map<number, number>([[cut.a, -1]]);
  const queue = [cut.a];
  for (let head = 0; head < queue.length; head++) {
    const node = queue[head] ?? cut.a;
    const sofar = reached.get(node) ?? -1;
    if (node === cut.b) return sofar === -1 ? null : sofar;
    for (const { to, edge } of adjacency.get(node) ?? []) {
      if (removed.has(edge) || reached.has(to)) continue;
      reached.set(to, Math.max(sofar, edge));
      queue.push(to);
    }
  }
  return null;
}
