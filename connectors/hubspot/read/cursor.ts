import { z } from "zod";
import { idPosition } from "../../core/id-walk.ts";

const instantMs = z.number().int();

/**
 * Where a read stands. All times are epoch milliseconds.
 *
 * `settledAt` is the instant up to which the search index was surely complete when this read began (its start less the
 * overlap): the next incremental read begins there, however long this one takes or whenever it is resumed.
 * `since`: only what was archived from then on is news; null in a full read.
 */
export const objectCursor = z.discriminatedUnion("phase", [
  z.strictObject({ phase: z.literal("live"), after: z.string(), settledAt: instantMs }),
  z.strictObject({
    phase: z.literal("archived"),
    after: z.string().nullable(),
    settledAt: instantMs,
    since: instantMs.nullable(),
  }),
  /** At rest between two reads. */
  z.strictObject({ phase: z.literal("rest"), settledAt: instantMs }),
  /** Searching what changed from `since` on. */
  idPosition.extend({ phase: z.literal("changes"), settledAt: instantMs, since: instantMs }),
]);
export type ObjectCursor = z.infer<typeof objectCursor>;
