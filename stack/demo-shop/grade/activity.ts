/** Whether everything the tools tell of is there, and each click, figure and sale is what it is. */
import type { Stored } from "./stored.ts";
import type { Truth } from "./truth.ts";

/** Rows that there are and rows that were found. */
export interface Completeness {
  rows: number;
  found: number;
}

export interface ActivityGrade {
  /** By `source/stream`; of people those the tool still lists. */
  streams: Record<string, Completeness>;
  /**
   * Clicks on adverts. `known`: one contact alone holds the id, and it is of the person who clicked; `joined` of these to it.
   * `wrong`: joined to anybody else; `outOfSight`: but the one contact that holds it is of somebody whom the link was passed to.
   */
  clicks: { clicks: number; known: number; joined: number; wrong: number; outOfSight: number };
  /** Sums of a day that are exactly right, of those that were read. */
  figures: { sums: number; right: number };
  /** Sales that two tools tell of; `counted`: those that stand in one profile as two orders. */
  twice: { sales: number; counted: number };
}

export function activityGrade(truth: Truth, stored: Stored): ActivityGrade {
  return {
    streams: completeness(truth, stored),
    clicks: clickGrade(truth, stored),
    figures: figureGrade(truth, stored),
    twice: {
      sales: truth.twice.length,
      counted: truth.twice.filter(({ records: [first, second] }) => {
        const profile = stored.profileOfOrder.get(first);
        return profile !== undefined && profile === stored.profileOfOrder.get(second);
      }).length,
    },
  };
}

function completeness(truth: Truth, stored: Stored): ActivityGrade["streams"] {
  const streams: ActivityGrade["streams"] = {};
  const nothing = (): Completeness => ({ rows: 0, found: 0 });
  for (const [key, { source, stream, state }] of truth.records) {
    // A guest's person and a sale's are made of the payment or the sale, which is counted by itself.
    if (state !== "live" || truth.counts.has(`${source}/${stream}`)) continue;
    const held = (streams[`${source}/${stream}`] ??= nothing());
    held.rows += 1;
    if (stored.profileOf.has(key)) held.found += 1;
  }
  for (const [stream, rows] of truth.counts) streams[stream] = { rows, found: stored.counts.get(stream) ?? 0 };
  for (const [key, value] of truth.figures) {
    const [source = "", stream = ""] = key.split(" ");
    const held = (streams[`${source}/${stream}`] ??= nothing());
    held.rows += 1;
    if (stored.figures.has(key) || value === 0) held.found += 1;
  }
  return streams;
}

function clickGrade(truth: Truth, stored: Stored): ActivityGrade["clicks"] {
  const result = { clicks: truth.clicks.length, known: 0, joined: 0, wrong: 0, outOfSight: 0 };
  for (const { gclid, person, holders } of truth.clicks) {
    const only = holders.length === 1 ? holders[0] : undefined;
    const isKnown = only !== undefined && only.person === person;
    const found = stored.personOfClick.get(gclid) ?? null;
    if (isKnown) result.known += 1;
    if (found === null) continue;
    if (only === undefined || found !== `contacts/${only.contact}`) result.wrong += 1;
    else if (isKnown) result.joined += 1;
    else result.outOfSight += 1;
  }
  return result;
}

function figureGrade(truth: Truth, stored: Stored): ActivityGrade["figures"] {
  let right = 0;
  // Money comes as decimals and is kept in millionths.
  for (const [key, value] of truth.figures) if (Math.abs((stored.figures.get(key) ?? 0) - value) < 1) right += 1;
  return { sums: truth.figures.size, right };
}
