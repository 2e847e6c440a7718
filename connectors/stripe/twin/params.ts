/** Checks parameters as strictly as Stripe does: an unknown one fails the request. */
import { invalid, stripeError } from "./errors.ts";
import type { Param, Params } from "#connectors/core/twin/form.ts";

const METADATA_KEYS = 50;
const METADATA_KEY_LENGTH = 40;
const METADATA_VALUE_LENGTH = 500;
const MAX_LIMIT = 100;
const MAX_TYPES = 20;
const MAX_EXPAND_DEPTH = 4;

export function rejectUnknown(params: Params, known: readonly string[]): void {
  const unknown = Object.keys(params).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`Received unknown parameter: ${unknown}`, "parameter_unknown", unknown);
}

export function textParam(params: Params, name: string): string | undefined {
  const value = params[name];
  if (value === undefined || typeof value === "string") return value;
  throw invalid("Invalid string", "parameter_invalid_string", name);
}

/** Stripe clears a field that is sent empty. */
export function clearableParam(params: Params, name: string): string | null | undefined {
  const value = textParam(params, name);
  return value === "" ? null : value;
}

export function integerParam(params: Params, name: string): number | undefined {
  const value = textParam(params, name);
  if (value === undefined) return undefined;
  if (!/^-?\d+$/.test(value)) throw invalid(`Invalid integer: ${value}`, "parameter_invalid_integer", name);
  return Number(value);
}

export function limitParam(params: Params): number {
  const limit = integerParam(params, "limit") ?? 10;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw invalid(`This value must be between 1 and ${MAX_LIMIT}.`, "parameter_invalid_integer", "limit");
}

/** `created`: one second, or an object of bounds; both ends inclusive in the answer. */
export function createdParam(params: Params): { from?: number | undefined; to?: number | undefined } {
  const value = params.created;
  if (value === undefined) return {};
  if (typeof value === "string") {
    const exactly = integerParam(params, "created");
    return { from: exactly, to: exactly };
  }
  rejectUnknown(value, ["gt", "gte", "lt", "lte"]);
  const after = integerParam(value, "gt");
  const before = integerParam(value, "lt");
  return {
    from: integerParam(value, "gte") ?? (after === undefined ? undefined : after + 1),
    to: integerParam(value, "lte") ?? (before === undefined ? undefined : before - 1),
  };
}

export function typesParam(params: Params): string[] | undefined {
  if (params.types === undefined) return undefined;
  const types = listOf(params.types, "types");
  if (types.length <= MAX_TYPES) return types;
  throw invalid(`Array must contain at most ${MAX_TYPES} elements.`, "array_too_large", "types");
}

export function expandParam(params: Params, expandable: readonly string[]): string[] {
  const paths = params.expand === undefined ? [] : listOf(params.expand, "expand");
  const wrong = paths.find((path) => path.split(".").length > MAX_EXPAND_DEPTH || !expandable.includes(path));
  if (wrong === undefined) return paths;
  throw stripeError(400, `This property cannot be expanded (${wrong}).`, { param: "expand" });
}

export function objectParam(params: Params, name: string): Params | undefined {
  const value = params[name];
  if (value === undefined || value === "") return undefined;
  if (typeof value === "object") return value;
  throw invalid("Invalid object", "parameter_invalid_object", name);
}

/** Merges key by key; an empty value removes a key, an empty `metadata` removes all. */
export function mergeMetadata(present: Readonly<Record<string, string>>, params: Params): Record<string, string> {
  if (params.metadata === "") return {};
  const merged: Record<string, string> = { ...present };
  for (const [key, value] of Object.entries(objectParam(params, "metadata") ?? {})) {
    const refuse = (why: string) => invalid(why, "parameter_invalid_string", `metadata[${key}]`);
    if (typeof value !== "string") throw refuse("Metadata values must be strings.");
    if (key.length > METADATA_KEY_LENGTH)
      throw refuse(`Metadata keys can have up to ${METADATA_KEY_LENGTH} characters.`);
    if (value.length > METADATA_VALUE_LENGTH)
      throw refuse(`Metadata values can have up to ${METADATA_VALUE_LENGTH} characters. Invalid value: ${value}`);
    if (value === "") delete merged[key];
    else merged[key] = value;
  }
  if (Object.keys(merged).length <= METADATA_KEYS) return merged;
  throw stripeError(400, `Metadata can have up to ${METADATA_KEYS} keys.`, { param: "metadata" });
}

/** The SDK sends `types[0]=a&types[1]=b`, others `types[]=a`. */
function listOf(value: Param, name: string): string[] {
  const items = typeof value === "string" ? [value] : Object.values(value);
  return items.map((item) => {
    if (typeof item === "string") return item;
    throw invalid("Invalid array", "parameter_invalid_array", name);
  });
}
