/** Klaviyo's replies in its own spelling: the parts we read. Rows are checked one by one, so that a bad one spoils no page. */
import { z } from "zod";

/** Written with an offset, with `Z`, or without either, and then in UTC. Null for what is no instant. */
export function instantOf(text: string | null | undefined): string | null {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d(?:\.\d+)?)(Z|[+-]\d\d:?\d\d)?$/.exec(text?.trim() ?? "");
  if (found === null) return null;
  const at = new Date(`${found[1]}T${found[2]}${found[3] ?? "Z"}`);
  const iso = Number.isNaN(at.getTime()) ? "" : at.toISOString();
  return /^\d{4}-/.test(iso) && iso >= "0001" ? iso : null;
}

const text = z.string().nullish();
const id = z.string().min(1);

/** A list as JSON:API has it. That `next` is missing or null ends it; an address without a cursor does not. */
export const listReply = z.object({
  data: z.array(z.unknown()),
  links: z.object({ next: z.string().nullish() }),
  included: z.array(z.unknown()).optional(),
});

const account = z.object({
  id,
  attributes: z.object({
    test_account: z.boolean().optional(),
    contact_information: z.object({ organization_name: text }).nullish(),
  }),
});
/** A key belongs to one account. */
export const accountReply = z.object({ data: z.tuple([account]) });

/** `consent` is any word; what is not understood is no yes. */
const channel = z.object({
  consent: text,
  consent_timestamp: text,
  method: text.catch(null),
  double_optin: z.boolean().nullish().catch(null),
  can_receive_email_marketing: z.boolean().nullish().catch(null),
  can_receive_sms_marketing: z.boolean().nullish().catch(null),
  can_receive_sms_transactional: z.boolean().nullish().catch(null),
  can_receive_push_marketing: z.boolean().nullish().catch(null),
  can_receive: z.boolean().nullish().catch(null),
  valid_until: text.catch(null),
});
export type Channel = z.infer<typeof channel>;

const suppression = z.object({ reason: z.string().catch("unknown"), timestamp: text.catch(null) });
export type Suppression = z.infer<typeof suppression>;

const emailMarketing = channel.extend({
  /** Missing: not said. An entry of a form we do not know is a suppression all the same. */
  suppression: z.array(suppression.catch({ reason: "unknown", timestamp: null })).nullish(),
  list_suppressions: z.array(z.unknown()).nullish().catch(null),
});
export type EmailMarketing = z.infer<typeof emailMarketing>;

/** What a channel says in a form we do not know may be a no: it counts as a strange word. */
const STRANGE = { consent: "(unknown form)", method: null };
const strange = <Schema extends z.ZodType>(schema: Schema) => schema.nullish().catch(() => schema.parse(STRANGE));
const part = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).nullish();

export const subscriptions = z.object({
  email: part({ marketing: strange(emailMarketing), open_tracking: strange(channel) }),
  sms: part({ marketing: strange(channel), transactional: strange(channel) }),
  mobile_push: part({ marketing: strange(channel) }),
});

const location = z.object({ city: text, country: text, zip: text, address1: text, address2: text, region: text });

export const profileRow = z.object({
  type: z.literal("profile"),
  id,
  attributes: z.object({
    email: text,
    phone_number: text,
    external_id: text,
    first_name: text,
    last_name: text,
    organization: text,
    title: text,
    created: text,
    updated: text,
    location: location.nullish().catch(null),
    /** Absent where it was not asked for; unreadable, it is as good as absent. */
    subscriptions: subscriptions.nullish().catch(null),
  }),
});
export type ProfileRow = z.infer<typeof profileRow>;

/** Our own properties as they stand. Left out they are not known, which is not the same as not set. */
export const liveRow = z.object({ id, attributes: z.object({ properties: z.record(z.string(), z.unknown()) }) });

export const idRow = z.object({ id });

export const metricRow = z.object({ type: z.literal("metric"), id, attributes: z.object({ name: text }) });

const related = z.object({ data: idRow.nullish() }).nullish();

/** `metric` is put beside by us, out of what the page includes. */
export const eventRow = z.object({
  type: z.literal("event"),
  id,
  attributes: z.object({
    datetime: text.catch(null),
    timestamp: z.number().nullish().catch(null),
    event_properties: z.record(z.string(), z.unknown()).nullish().catch(null),
  }),
  relationships: z
    .object({ profile: related.catch(null), metric: related.catch(null) })
    .nullish()
    .catch(null),
  metric: z.string().min(1),
});
export type EventRow = z.infer<typeof eventRow>;

export const listRow = z.object({
  type: z.literal("list"),
  id,
  attributes: z.object({ name: text.catch(null) }),
});
export type ListRow = z.infer<typeof listRow>;

/** `list` is put beside by us. */
export const memberRow = z.object({
  type: z.literal("profile"),
  id,
  attributes: z.object({ joined_group_at: z.string() }),
  list: z.object({ id, name: z.string().nullable() }),
});
export type MemberRow = z.infer<typeof memberRow>;

const count = z.int().min(0).nullish().catch(null);
export const jobReply = z.object({
  data: z.object({
    id,
    attributes: z.object({
      /** `queued`, `processing`, `complete`, `cancelled`; any other word is neither an end nor a success. */
      status: z.string(),
      total_count: count,
      completed_count: count,
      failed_count: count,
    }),
  }),
});
export type JobReply = z.infer<typeof jobReply>["data"]["attributes"];

export const importErrorRow = z.object({
  attributes: z.object({
    code: z.string().catch("unknown"),
    source: z.object({ pointer: z.string().nullish() }).nullish().catch(null),
    original_payload: z
      .looseObject({ id: z.string().nullish().catch(null) })
      .nullish()
      .catch(null),
  }),
});
export type ImportError = z.infer<typeof importErrorRow>["attributes"];
