/** How well a number tells two groups apart. */

export interface Ranking {
  leavers: number;
  stayers: number;
  /** People about whom the score said nothing. */
  unscored: number;
  /**
   * Chance that a leaver has a higher value than somebody who stayed, ties counting half (area under the ROC curve by
   * the Mann-Whitney statistic); null when a group is empty.
   */
  auc: number | null;
}

export function rankingOf(people: Iterable<{ value: number | null; left: boolean }>): Ranking {
  const scored: { value: number; left: boolean }[] = [];
  let unscored = 0;
  for (const { value, left } of people) {
    if (value === null) unscored++;
    else scored.push({ value, left });
  }
  scored.sort((a, b) => a.value - b.value);
  let leavers = 0;
  let rankSum = 0;
  for (let from = 0; from < scored.length;) {
    let to = from;
    while (to < scored.length && scored[to]?.value === scored[from]?.value) to++;
    const tied = scored.slice(from, to).filter((person) => person.left).length;
    leavers += tied;
    rankSum += tied * ((from + 1 + to) / 2);
    from = to;
  }
  const stayers = scored.length - leavers;
  const auc = leavers === 0 || stayers === 0 ? null : (rankSum - (leavers * (leavers + 1)) / 2) / (leavers * stayers);
  return { leavers, stayers, unscored, auc };
}
