/** Klaviyo's filter language, as far as its description allows it for a field: anything else is refused. */
import { invalid } from "./errors.ts";

export interface Condition {
  operator: string;
  field: string;
  value: string | number | string[];
}

/** `and(a(x,1),b(y,"2"))` or one condition alone. `allowed`: operators by field. */
export function parseFilter(text: string, allowed: Record<string, readonly string[]>): Condition[] {
  const inner = /^and\((.*)\)$/s.exec(text.trim())?.[1] ?? text;
  return apart(inner).map((part) => {
    const [, operator = "", field = "", raw = ""] = /^([a-z-]+)\(([\w.]+),(.*)\)$/s.exec(part.trim()) ?? [];
    if (allowed[field]?.includes(operator) !== true)
      throw refusal(`"${part.slice(0, 80)}" is not a filter this endpoint takes.`);
    return { operator, field, value: valueOf(raw, operator) };
  });
}

/** At commas that lie in no bracket. */
function apart(text: string): string[] {
  const parts = [""];
  let depth = 0;
  for (const character of text) {
    if (character === "(" || character === "[") depth += 1;
    if (character === ")" || character === "]") depth -= 1;
    if (character === "," && depth === 0) parts.push("");
    else parts[parts.length - 1] += character;
  }
  return parts;
}

function valueOf(raw: string, operator: string): Condition["value"] {
  if (operator === "any") {
    const list: unknown = jsonOf(raw);
    if (Array.isArray(list) && list.length > 0 && list.every((one) => typeof one === "string")) return list;
    throw refusal("`any` takes a list of texts.");
  }
  if (raw.startsWith('"')) return String(jsonOf(raw));
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(raw) ? Date.parse(raw) : Number.NaN;
  if (Number.isNaN(at)) throw refusal(`"${raw.slice(0, 40)}" is no instant with a zone.`);
  return at;
}

/** Whether a row's value, milliseconds or text, meets a condition. Nothing meets a bound that it has no value for. */
export function meets(found: string | number | null, { operator, value }: Condition): boolean {
  if (found === null) return false;
  switch (operator) {
    case "any":
      return Array.isArray(value) && value.includes(String(found));
    case "equals":
      return found === value;
    case "greater-than":
      return found > value;
    case "greater-or-equal":
      return found >= value;
    case "less-than":
      return found < value;
    default:
      return found <= value;
  }
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw refusal("The filter's value cannot be read.");
  }
}

const refusal = (detail: string) => invalid(detail, { parameter: "filter" });
