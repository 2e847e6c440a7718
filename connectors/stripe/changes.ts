/** From events to the objects they changed; pure. */
import type { StripeRow } from "./mapping.ts";
import type { StripeEvent } from "./schema.ts";

/** Our own metadata keys begin with this; the product's field names do. */
const OUR_PREFIX = "tributary_";

/** A changed object, with the API version its body is written in. */
export interface Change extends StripeRow {
  apiVersion: string | null;
}

/** The last state of each object, in order of its last change. Takes events oldest first; one listed twice counts once. */
export function latestChanges(events: StripeEvent[]): Change[] {
  const changes = new Map<string, Change>();
  for (const event of events) {
    if (isOwnEcho(event)) continue;
    const { object, previous_attributes: previous } = event.data;
    const earlier = changes.get(object.id);
    // Ids are never given out again, so nothing comes after a deletion, whatever the order within one second.
    if (earlier?.deleted === true) continue;
    const formerGuest =
      earlier?.formerGuest === true || (event.type === "charge.updated" && previous?.customer === null);
    changes.delete(object.id);
    changes.set(object.id, {
      id: object.id,
      body: object,
      changedAt: event.created,
      deleted: event.type === "customer.deleted",
      ...(formerGuest ? { formerGuest } : {}),
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
