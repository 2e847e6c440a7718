/** What a record says, in a form that can be compared, and that Postgres can hold. */

/** JSON with sorted keys: equal texts for equal values. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null";
  const pairs = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${pairs.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join()}}`;
}

/** How JSON writes NUL and halves of surrogate pairs, after any escaped backslashes. */
const UNSTORABLE = /(?<!\\)((?:\\\\)*)\\u(0000|d[89a-f][0-9a-f]{2})/g;

/**
 * JSON text without what Postgres refuses in text and jsonb: NUL characters go, broken surrogates become U+FFFD. One such
 * character in one name must not hold up the whole stream.
 */
export function storable(json: string): string {
  if (!json.includes("\\u")) return json;
  return json.replace(UNSTORABLE, (_, before: string, code: string) => before + (code === "0000" ? "" : "\ufffd"));
}
