/** What the JSON columns and aggregates of plans hold, checked as it is read. */
import { z } from "zod";
import { consentChannel, consentPurpose, consentStateName } from "#connectors/core/records.ts";
import { OWNERSHIPS } from "#profile/plan/types.ts";

export const fieldValues = z.record(z.string(), z.string().nullable());
export const uses = z.array(z.strictObject({ purpose: consentPurpose, channel: consentChannel }));
export const counts = z.record(z.string(), z.number());

export const plannableTraits = z.record(
  z.string(),
  z.object({
    status: z.enum(["ok", "low_confidence", "refused"]),
    value: z.unknown(),
    reasons: z.array(z.string()),
    computedAt: z.string(),
  }),
);

export const knownAnswers = z.array(
  z.object({
    purpose: consentPurpose,
    channel: consentChannel,
    state: z.enum([...consentStateName.options, "not_required"]),
    addresses: z.array(z.string().nullable()),
  }),
);

export const destinationFields = z.array(
  z.object({
    field: z.string(),
    source: z.string(),
    ownership: z.enum(OWNERSHIPS),
    label: z.string().nullable(),
    existing: z.boolean(),
    enabled: z.boolean(),
    clearing: z.boolean(),
    retired: z.boolean(),
  }),
);

export const mappedFields = z.array(z.object({ field: z.string(), source: z.string() }));

export const sampledChanges = z.array(
  z.object({
    vendorId: z.string(),
    before: fieldValues,
    after: fieldValues,
    status: z.string(),
    reason: z.string().nullable(),
  }),
);
