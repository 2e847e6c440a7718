/** From events to the objects they changed; pure. */
import type { StripeEvent } from "./schema.ts";

/** Our own metadata keys begin with this; the product's field names do. */
const OUR_PREFIX = "tributary_";

/** The last thing that happened to an object, as far as a page of events tells. */
export interface Change {
  id: string;
  /** As in the event; null: it does not show the object itself (a charge's dispute). */
  body: object | null;
  /** Seconds. */
  changedAt: number;
  livemode: boolean | undefined;
  deleted: boolean;
  /** A charge that was a guest's until now, and has been given a customer. */
  formerGuest: boolean;
  /** The API version the body is written in. */
  apiVersion: string | null;
}

/** The last state of each object, in order of its last change, in whatever order they come; one listed twice counts once. */
export function latestChanges(events: StripeEvent[]): Change[] {
  const changes = new Map<string, Change>();
  for (const event of events.toSorted((a, b) => a.created - b.created)) {
    if (isOwnEcho(event)) continue;
    const { object, previous_attributes: previous } = event.data;
    const ofCharge = event.type.startsWith("charge.dispute.") ? idOf(object.charge) : null;
    const id = ofCharge ?? object.id;
    const earlier = changes.get(id);
    // Ids are never given out again, so nothing comes after a deletion, whatever the order within one second.
    if (earlier?.deleted === true) continue;
    changes.delete(id);
    changes.set(id, {
      id,
      body: ofCharge === null ? object : null,
      changedAt: event.created,
      livemode: event.livemode,
      deleted: event.type === "customer.deleted",
      formerGuest: earlier?.formerGuest === true || (event.type === "charge.updated" && previous?.customer === null),
      apiVersion: event.api_version ?? null,
    });
  }
  return [...changes.values()];
}

/** A customer update in which nothing but our own metadata keys changed is our own write coming back. */
export function isOwnEcho(event: StripeEvent): boolean {
  if (event.type !== "customer.updated") return false;
  const { metadata, ...others } = event.data.previous_attributes ?? {};
  if (typeof metadata !== "object" || metadata === null || Object.keys(others).length > 0) return false;
  const keys = Object.keys(metadata);
  return keys.length > 0 && keys.every((key) => key.startsWith(OUR_PREFIX));
}

export function idOf(reference: string | { id: string } | null | undefined): string | null {
  return typeof reference === "string" ? reference : (reference?.id ?? null);
}
