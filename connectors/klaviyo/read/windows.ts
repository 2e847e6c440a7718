/** What the three streams share: where a read begins, and pages that are walked by cursor to their end. */
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import { settledAt } from "#connectors/core/walk.ts";
import type { KlaviyoClient, Listed } from "../client.ts";

/** Instants as filters take them. Only "greater than" and "less than" exist for most fields, so bounds lie a second apart. */
export const secondBefore = (ms: number): string =>
  `${new Date((Math.floor(ms / 1_000) - 1) * 1_000).toISOString().slice(0, 19)}Z`;
export const secondAfter = (ms: number): string => secondBefore(ms + 2_000);

/** Up to when a read that began at `startedAt` surely sees everything. */
export function settledOf(
  { settings }: KlaviyoClient,
  startedAt: number,
  { servedAt }: Pick<Listed, "servedAt">,
  overlapMinutes = settings.overlapMinutes,
): number {
  return settledAt({ startedAt, servedAt, overlapMs: overlapMinutes * 60_000 });
}

/** Where a walk of a window stands. `anew`: how often it was begun anew, so that places of another walk are others. */
export const placeInWindow = { after: z.string().nullable(), anew: z.number().int() };
export interface PlaceInWindow {
  after: string | null;
  anew: number;
}

export const WINDOW_START: PlaceInWindow = { after: null, anew: 0 };

/** A window that is begun anew more often than this has something else than an old cursor. */
const MOST_ANEW = 5;

/**
 * A page at a cursor. Cursors expire: then the window is begun anew, which reads some of it twice and loses nothing.
 *
 * @throws ConnectorError `cursor_expired` where that does not help
 */
export async function pageOrAnew(
  { after, anew }: PlaceInWindow,
  page: (after: string | null) => Promise<Listed>,
): Promise<Listed & { anew: number }> {
  try {
    return { ...(await page(after)), anew };
  } catch (error) {
    const expired = error instanceof ConnectorError && error.kind === "cursor_expired";
    if (!expired || after === null || anew >= MOST_ANEW) throw error;
    return { ...(await page(null)), anew: anew + 1 };
  }
}
