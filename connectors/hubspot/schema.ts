/** HubSpot's replies: the parts we read, checked where they enter. Rows are checked one by one, so that a bad one spoils no page. */
import { z } from "zod";

/** The SDK turns times into `Date`; kept as text, a row stays JSON and can be stored as a dead letter. */
const instant = z
  .union([z.date(), z.iso.datetime({ offset: true })])
  .transform((value) => new Date(value).toISOString());
const idText = z.union([z.string(), z.number()]).transform(String);

export const objectRow = z.object({
  id: idText,
  properties: z.record(z.string(), z.string().nullable()),
  createdAt: instant,
  updatedAt: instant,
  archived: z.boolean().optional(),
  archivedAt: instant.optional(),
});
export type ObjectRow = z.infer<typeof objectRow>;

const paging = z.object({ next: z.object({ after: z.string() }).optional() }).optional();

export const listReply = z.object({ results: z.array(z.unknown()), paging });
export const searchReply = z.object({ total: z.number(), results: z.array(z.unknown()) });

const vendorProblem = z.object({
  category: z.string().optional(),
  message: z.string().optional(),
  context: z.record(z.string(), z.unknown()).optional(),
});

export const batchReply = z.object({ results: z.array(objectRow), errors: z.array(vendorProblem).optional() });

const stringList = z.array(z.string());
/** A failed call's body; every field optional, as HubSpot asks clients to treat it. */
export const errorBody = z.object({
  category: z.string().optional(),
  correlationId: z.string().optional(),
  policyName: z.string().optional(),
  errors: z
    .array(
      z.object({
        code: z.string().optional(),
        context: z.record(z.string(), z.union([stringList, z.unknown()])).optional(),
      }),
    )
    .optional(),
});

export const historyReply = z.object({
  results: z.array(
    z.object({
      id: idText,
      propertiesWithHistory: z
        .record(z.string(), z.array(z.object({ value: z.string().nullish(), timestamp: instant })))
        .optional(),
    }),
  ),
});

export const associationsReply = z.object({
  results: z.array(
    z.object({ _from: z.object({ id: idText }), to: z.array(z.object({ toObjectId: idText })), paging }),
  ),
});

const subscriptionStatus = z.object({
  subscriptionId: idText,
  subscriptionName: z.string().nullish(),
  status: z.string(),
  source: z.string().nullish(),
  legalBasis: z.string().nullish(),
  timestamp: z.union([instant, z.number().transform((ms) => new Date(ms).toISOString())]).nullish(),
});
export type SubscriptionStatus = z.infer<typeof subscriptionStatus>;

export const statusesReply = z.object({
  results: z.array(z.object({ subscriberIdString: z.string(), statuses: z.array(subscriptionStatus) })),
});

export const accountReply = z.object({
  portalId: z.number(),
  /** STANDARD, or a kind of test account: DEVELOPER_TEST, SANDBOX, APP_DEVELOPER. */
  accountType: z.string().optional(),
  uiDomain: z.string().optional(),
  companyCurrency: z.string().optional(),
});

export const propertyReply = z.object({
  name: z.string(),
  type: z.string(),
  fieldType: z.string(),
  archived: z.boolean().optional(),
  hubspotDefined: z.boolean().optional(),
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
