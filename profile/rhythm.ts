/** How often a workspace is refreshed where nobody has said how often. Pure. */

/** As long as news come, and to begin with. */
export const USUAL_MINUTES = 15;

/** However quiet it is: what time alone changes (scores, consent that runs out) is to be seen on the same day. */
export const MOST_MINUTES = 240;

/** What was quiet for a day is seen an hour later at most. */
const PART_OF_QUIET = 24;

/** Where webhooks tell of changes, reading is there for what they have missed. */
const PART_WITH_WEBHOOKS = 4;

export interface Quiet {
  /** Since reading by ourselves last brought something new. */
  quietMs: number;
  /** Webhooks arrive for everything that is read. */
  toldByWebhooks: boolean;
}

/** Doubled as often as the quiet allows, so that a schedule changes a few times and not with each look. */
export function refreshMinutesAfter({ quietMs, toldByWebhooks }: Quiet): number {
  const part = toldByWebhooks ? PART_WITH_WEBHOOKS : PART_OF_QUIET;
  const most = Math.min(MOST_MINUTES, quietMs / 60_000 / part);
  let minutes = USUAL_MINUTES;
  while (2 * minutes <= most) minutes *= 2;
  return minutes;
}
