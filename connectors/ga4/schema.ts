/** The forms of Google's replies, the parts we read; everything else is tolerated. */
import { z } from "zod";
import { isTimeZone } from "#connectors/core/local-time.ts";
import { propertyQuota } from "./quota.ts";

const named = z.array(z.looseObject({ name: z.string() }));

export const reportReply = z.object({
  /** Always there: without it, nothing at all would be a day on which nobody came. */
  kind: z.literal("analyticsData#runReport"),
  dimensionHeaders: named.default([]),
  metricHeaders: named.default([]),
  /** Checked one by one, later. */
  rows: z.array(z.unknown()).default([]),
  /** Left out where it is 0. */
  rowCount: z.number().int().nonnegative().default(0),
  metadata: z
    .object({
      subjectToThresholding: z.boolean().optional(),
      dataLossFromOtherRow: z.boolean().optional(),
      samplingMetadatas: z.array(z.unknown()).optional(),
      dataTruncationReasons: z.array(z.unknown()).optional(),
      schemaRestrictionResponse: z
        .object({ activeMetricRestrictions: z.array(z.looseObject({ metricName: z.string() })).optional() })
        .optional(),
      emptyReason: z.string().optional(),
      currencyCode: z.string().optional(),
      timeZone: z.string().optional(),
    })
    .default({}),
  // What cannot be read is not heeded, and no reason to read no figures.
  propertyQuota: propertyQuota.optional().catch(undefined),
});
export type ReportReply = z.infer<typeof reportReply>;

const zone = z.string().refine(isTimeZone, "no time zone");

export const propertyReply = z.object({
  name: z.string().regex(/^properties\/\d+$/),
  displayName: z.string().default(""),
  timeZone: zone,
});
export type Property = z.infer<typeof propertyReply>;

export const summariesReply = z.object({
  accountSummaries: z
    .array(
      z.looseObject({
        propertySummaries: z
          .array(z.looseObject({ property: z.string(), displayName: z.string().default("") }))
          .default([]),
      }),
    )
    .default([]),
  nextPageToken: z.string().optional(),
});

export const audienceExport = z.object({
  name: z.string().regex(/^properties\/\d+\/audienceExports\/[\w-]+$/),
  audience: z.string(),
  state: z.enum(["CREATING", "ACTIVE", "FAILED", "STATE_UNSPECIFIED"]).catch("STATE_UNSPECIFIED"),
  beginCreatingTime: z.iso.datetime({ offset: true }).optional(),
  dimensions: z.array(z.looseObject({ dimensionName: z.string() })).default([]),
  rowCount: z.number().int().nonnegative().default(0),
});
export type AudienceExport = z.infer<typeof audienceExport>;

/** A long-running operation: which export it makes stands in its metadata, or is found in the list. */
export const createdReply = z.object({ name: z.string() });

export const exportsReply = z.object({
  audienceExports: z.array(audienceExport).default([]),
  nextPageToken: z.string().optional(),
});

export const membersReply = z.object({
  audienceRows: z.array(z.unknown()).default([]),
  rowCount: z.number().int().nonnegative().default(0),
});
