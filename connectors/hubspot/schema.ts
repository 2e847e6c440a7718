/** HubSpot's replies: the parts we read, checked where they enter. Rows are checked one by one, so that a bad one spoils no page. */
import { z } from "zod";

/** The SDK turns times into `Date`; kept as text, a row stays JSON and can be stored as a dead letter. */
const instant = z
  .union([z.date(), z.iso.datetime({ offset: true })])
  .transform((value) => new Date(value).toISOString());
/** A number past what JSON keeps exactly would name another record. */
const idText = z.union([z.string(), z.int()]).transform(String);

export const objectRow = z.object({
  id: idText,
  properties: z.record(z.string(), z.string().nullable()),
  createdAt: instant,
  updatedAt: instant,
  archived: z.boolean().optional(),
  archivedAt: instant.optional(),
});
export type ObjectRow = z.infer<typeof objectRow>;

export const idRow = z.object({ id: idText });

/** The entries of a reply that have the form we know, one by one. Whoever is missing counts as not answered for. */
export function readable<Entry>(schema: z.ZodType<Entry>, entries: unknown[]): Entry[] {
  return entries.flatMap((entry) => schema.safeParse(entry).data ?? []);
}

const rows = z.array(z.unknown());
const paging = z.object({ next: z.object({ after: idText }).nullish() }).nullish();

export const listReply = z.object({ results: rows, paging });
const total = z
  .union([z.int(), z.string().regex(/^\d+$/).transform(Number)])
  .refine((count) => count >= 0)
  .optional()
  .catch(undefined);
export const searchReply = z.object({ results: rows, paging, total });

/** Answer of a batch call, 200 or 207. */
export const batchReply = z.object({ results: rows, errors: rows.nullish() });

export const batchProblem = z.object({
  category: z.string().optional(),
  subCategory: z.string().optional().catch(undefined),
  context: z.record(z.string(), z.unknown()).optional().catch(undefined),
});
export type BatchProblem = z.infer<typeof batchProblem>;

const word = z.string().optional().catch(undefined);
/** A failed call's body; every field optional, as HubSpot asks clients to treat it. */
export const errorBody = z.object({
  category: word,
  correlationId: word,
  policyName: word,
  errors: z
    .array(z.object({ code: word, context: z.record(z.string(), z.unknown()).optional().catch(undefined) }))
    .optional()
    .catch(undefined),
});

export const historyRow = z.object({
  id: idText,
  propertiesWithHistory: z.record(
    z.string(),
    z.array(z.object({ value: z.string().nullish(), timestamp: instant.nullable().catch(null) })),
  ),
});

export const associationsRow = z.object({
  _from: z.object({ id: idText }),
  to: z.array(z.object({ toObjectId: idText })),
  paging,
});

const subscriptionStatus = z.object({
  subscriptionId: idText,
  businessUnitId: idText.nullish(),
  subscriptionName: z.string().nullish(),
  status: z.string(),
  channel: z.string().nullish().catch(null),
  source: z.string().nullish(),
  legalBasis: z.string().nullish(),
  timestamp: z
    .union([instant, z.number().transform((ms) => new Date(ms).toISOString())])
    .nullish()
    .catch(null),
});
export type SubscriptionStatus = z.infer<typeof subscriptionStatus>;

/** An entry in a form we do not know counts as null: it may be a no, and costs no other no beside it. */
export const statusesRow = z.object({
  subscriberIdString: z.string(),
  statuses: z.array(subscriptionStatus.nullable().catch(null)),
});

export const accountReply = z.object({
  portalId: z.number(),
  /** STANDARD, or a kind of test account: DEVELOPER_TEST, SANDBOX, APP_DEVELOPER. */
  accountType: z.string().optional(),
  companyCurrency: z.string().optional(),
  timeZone: z.string().optional(),
});

export const propertyReply = z.object({
  name: z.string(),
  label: z.string().optional().catch(undefined),
  groupName: z.string().optional().catch(undefined),
  type: z.string(),
  fieldType: z.string(),
  archived: z.boolean().optional(),
  hubspotDefined: z.boolean().optional(),
  calculated: z.boolean().optional().catch(undefined),
  hasUniqueValue: z.boolean().optional().catch(undefined),
  externalOptions: z.boolean().optional().catch(undefined),
  modificationMetadata: z.object({ readOnlyValue: z.boolean().optional() }).optional().catch(undefined),
  options: z.array(
    z.object({
      value: z.string(),
      label: z.string(),
      hidden: z.boolean().optional(),
      displayOrder: z.number().optional(),
      description: z.string().optional(),
    }),
  ),
});
export type PropertyReply = z.infer<typeof propertyReply>;
export const propertiesReply = z.object({ results: z.array(propertyReply) });
