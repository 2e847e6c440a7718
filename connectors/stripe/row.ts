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

/** Looked at for every row: a schema that does not fit would cost more than the row's own. */
const field = (raw: unknown, name: string): unknown =>
  typeof raw === "object" && raw !== null && name in raw ? (raw as Record<string, unknown>)[name] : undefined;

/** `{ id, deleted: true }` is all Stripe has of a deleted customer; its event may show it as it was. */
export function tombstone(raw: unknown): Tombstone | null {
  if (field(raw, "deleted") !== true) return null;
  const [id, gone] = [idOf(raw), goneBody.safeParse(raw).data];
  if (id === null || gone === undefined) return null;
  const { changedAt } = gone.asRead;
  return { id, at: changedAt === null ? null : instantOf(changedAt) };
}

/** Refunds do not say whether they are real; their charge does, and the event that brought them. */
export function modeOf(raw: unknown): Mode | null {
  const said = [raw, field(raw, "charge"), field(raw, "asRead")].map((where) => field(where, "livemode"));
  const livemode = said.find((value) => typeof value === "boolean");
  return livemode === undefined ? null : livemode ? "live" : "test";
}

export function instantOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}
