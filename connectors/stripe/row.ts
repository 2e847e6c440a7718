/** One object of a stream as Stripe sent it, with what its page or event knows besides. */
import { z } from "zod";
import type { Tombstone } from "#connectors/core/gone.ts";
import { idOf } from "#connectors/core/stream.ts";
import type { Mode } from "#connectors/core/stream.ts";

const asRead = z.object({
  /** Seconds; when the event happened that brought it. Null from a list: objects do not say when they last changed. */
  changedAt: z.number().int().nullable(),
  /** As the event says. */
  livemode: z.boolean().optional(),
  /** A charge that was a guest's until now, and has been given a customer. */
  formerGuest: z.boolean().optional(),
});
type AsRead = z.infer<typeof asRead>;

export type Row<Body> = Body & { asRead: AsRead };

export function rowOf<Body>(body: z.ZodType<Body>): z.ZodType<Row<Body>> {
  return body.and(z.object({ asRead }));
}

/** What is no object stays what it is, and is refused as a row. */
export function withReading(body: unknown, read: AsRead): unknown {
  return typeof body === "object" && body !== null ? { ...body, asRead: read } : body;
}

const goneBody = z.object({ deleted: z.literal(true), asRead });

/** `{ id, deleted: true }` is all Stripe has of a deleted customer; its event may show it as it was. */
export function tombstone(raw: unknown): Tombstone | null {
  const [id, gone] = [idOf(raw), goneBody.safeParse(raw).data];
  if (id === null || gone === undefined) return null;
  const { changedAt } = gone.asRead;
  return { id, at: changedAt === null ? null : instantOf(changedAt) };
}

const said = z.object({ livemode: z.boolean() });
const withCharge = z.object({ charge: said });
const withReadingOf = z.object({ asRead: said });

/** Refunds do not say whether they are real; their charge does, and the event that brought them. */
export function modeOf(raw: unknown): Mode | null {
  const charge = withCharge.safeParse(raw).data?.charge;
  const event = withReadingOf.safeParse(raw).data?.asRead;
  const livemode = (said.safeParse(raw).data ?? charge ?? event)?.livemode;
  return livemode === undefined ? null : livemode ? "live" : "test";
}

export function instantOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
