/** Acme's replies: only what is read, everything else is let be. */
import { z } from "zod";

export const accountReply = z.object({ id: z.string(), name: z.string(), mode: z.enum(["live", "test"]) });

export const pageReply = z.object({ data: z.array(z.unknown()), next_cursor: z.string().nullable() });

/** All that is left of a person who was deleted. */
export const stub = z.object({ id: z.string(), deleted: z.literal(true), deleted_at: z.iso.datetime().optional() });

export const personRow = z.object({
  id: z.string(),
  email: z.string().nullable(),
  phone: z.string().nullable(),
  first_name: z.string().nullable(),
  last_name: z.string().nullable(),
  created_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
  marketing_email: z.object({ status: z.string(), changed_at: z.iso.datetime().nullable() }),
});
export type PersonRow = z.infer<typeof personRow>;

export const orderRow = z.object({
  id: z.string(),
  person_id: z.string().nullable(),
  /** Decimal text: `12.50`. */
  total: z.string(),
  refunded: z.string(),
  currency: z.string(),
  status: z.enum(["open", "paid", "void"]),
  placed_at: z.iso.datetime(),
  updated_at: z.iso.datetime(),
});
export type OrderRow = z.infer<typeof orderRow>;

export const fieldsReply = z.object({
  data: z.array(
    z.object({
      name: z.string(),
      label: z.string(),
      type: z.string(),
      options: z.array(z.string()).default([]),
      ours: z.boolean(),
    }),
  ),
});
export type Field = z.infer<typeof fieldsReply>["data"][number];

export const lookupReply = z.object({
  data: z.array(
    z.union([
      stub,
      z.object({
        id: z.string(),
        deleted: z.literal(false).default(false),
        fields: z.record(z.string(), z.union([z.string(), z.number(), z.null()])),
      }),
    ]),
  ),
});

export const updateReply = z.object({ results: z.array(z.object({ id: z.string(), status: z.string() })) });
