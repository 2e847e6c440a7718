/**
 * Nothing that names a person goes to Google or comes from there: not as a dimension or an event's parameter, and not in what
 * sites let slip into page addresses. Google deletes a property's data where it finds such.
 */
import { ConnectorError } from "#connectors/core/errors.ts";

/** Also percent-encoded, once or twice, as in the address of a page. */
const ADDRESS = /[\p{L}\p{N}._%+-]+(?:@|%40|%2540)[\p{L}\p{N}-]+(?:\.|%2E)[\p{L}\p{N}.-]*\p{L}{2,}/giu;
/** A telephone number with its country, or ten digits and more in groups. */
const PHONE = /(?:\+|%2B)\d[\d\s().-]{8,}\d|\b\d{2,5}[\s.-]\d{3,5}[\s.-]\d{3,5}\b/i;

export const REMOVED = "(address removed)";

export const holdsAddress = (text: string): boolean => new RegExp(ADDRESS.source, "iu").test(text);

/** The same with addresses taken out, wherever they stand. */
export function withoutPeople(value: unknown): unknown {
  if (typeof value === "string") return value.replace(ADDRESS, REMOVED);
  if (Array.isArray(value)) return value.map((one) => withoutPeople(one));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withoutPeople(one)]));
}

/** Words that say whose a value is. */
const PERSONAL =
  /(^|_)(e?_?mail|phone|tel|mobile|first_?name|last_?name|full_?name|surname|address|user_?id|customer_?id|crm_?id|client_?id)($|_)/i;

/**
 * @throws ConnectorError `invalid_record` for a parameter that names a person by its name or its value; the value is not told
 */
export function refusePeople(params: Readonly<Record<string, string | number>>): void {
  for (const [name, value] of Object.entries(params)) {
    const text = String(value);
    if (PERSONAL.test(name) || holdsAddress(text) || (typeof value === "string" && PHONE.test(text)))
      throw new ConnectorError(
        "invalid_record",
        `The parameter "${PERSONAL.test(name) ? name : name.slice(0, 40)}" would tell Google who somebody is, which Google forbids. It is not sent.`,
      );
  }
}
