/** Evidence for a merge, by reason: twenty guest orders with one address are one line, not twenty. */

export interface EvidenceGroup {
  /** As in `joined by the same e-mail address`. */
  reason: string;
  /** The pairs of records it joins. */
  pairs: string[];
}

/** @param evidence sentences of the form `A and B: reason.`, as the identity store says them; the strongest group first */
export function groupEvidence(evidence: readonly string[]): EvidenceGroup[] {
  const said = evidence.map((sentence) => {
    const cut = sentence.lastIndexOf(": ");
    return cut < 0
      ? { reason: sentence, pair: null }
      : { reason: sentence.slice(cut + 2).replace(/\.$/, ""), pair: sentence.slice(0, cut) };
  });
  return [...Map.groupBy(said, ({ reason }) => reason)]
    .map(([reason, group]) => ({ reason, pairs: group.flatMap(({ pair }) => pair ?? []) }))
    .toSorted((a, b) => b.pairs.length - a.pairs.length);
}
