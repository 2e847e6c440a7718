/** Writes as Klaviyo takes them, encoded once: what is measured is what is sent. */
import type { RecordWrite, WriteContext } from "#connectors/core/contract.ts";
import { PROFILE_BYTES } from "./limits.ts";

export interface Encoded {
  id: string;
  /** One profile of an import, as JSON. */
  json: string;
  bytes: number;
  names: string[];
  /** The values as a read shows them afterwards; null: not set. */
  shown: Record<string, string | null>;
}

const OPENING = '{"data":{"type":"profile-bulk-import-job","attributes":{"profiles":{"data":[';
const CLOSING = "]}}}}";

export const encodedImport = (batch: readonly Encoded[]): string =>
  OPENING + batch.map(({ json }) => json).join(",") + CLOSING;

/**
 * Identified by Klaviyo's id alone, so that nothing is created by accident. A number is a number and a time is written as
 * Klaviyo knows dates; what is cleared is unset, for a null would stay as a property without a value.
 *
 * @returns why it cannot be written, where it cannot
 */
export function encoded(id: string, values: RecordWrite["values"], types: WriteContext["types"]): Encoded | string {
  const properties: Record<string, string | number> = {};
  const shown: Record<string, string | null> = {};
  const unset: string[] = [];
  for (const [name, value] of Object.entries(values)) {
    if (value === null || value === "") {
      unset.push(name);
      shown[name] = null;
      continue;
    }
    const typed = typedValue(value, types[name]);
    if (typed === null) return `The value of ${name} is no ${types[name]}.`;
    properties[name] = typed;
    shown[name] = typeof typed === "number" ? JSON.stringify(typed) : typed;
  }
  const json = JSON.stringify({
    ...{ type: "profile", id, attributes: { properties } },
    ...(unset.length === 0 ? {} : { meta: { patch_properties: { unset } } }),
  });
  // The comma beside it counts, and every entry its share of what is around them.
  const bytes = Buffer.byteLength(json) + 1;
  if (bytes > PROFILE_BYTES) return `The values come to ${bytes} bytes; Klaviyo takes ${PROFILE_BYTES} for a profile.`;
  return { id, json, bytes, names: Object.keys(values), shown };
}

function typedValue(value: string, type: WriteContext["types"][string] | undefined): string | number | null {
  if (type === "number") return value.trim() !== "" && Number.isFinite(Number(value)) ? Number(value) : null;
  if (type !== "datetime") return value;
  const at = new Date(value);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}
