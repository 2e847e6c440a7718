/** Checks parameters as strictly as Stripe does: an unknown one fails the request. */
import { ApiError, invalid } from "./api-error.ts";
import type { Param, Params } from "./form.ts";

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
  if (limit > MAX_LIMIT)
    throw invalid(`This value must be less than or equal to ${MAX_LIMIT}.`, "parameter_invalid_integer", "limit");
  if (limit < 1) throw invalid("This value must be greater than or equal to 1.", "parameter_invalid_integer", "limit");
  return limit;
}

/** `created`: one second, or an object of bounds; both ends inclusive in the answer. */
export function createdParam(params: Params): { from?: number; to?: number } {
  const value = params.created;
  if (value === undefined) return {};
  if (typeof value === "string") {
    const exactly = integerParam(params, "created");
    return exactly === undefined ? {} : { from: exactly, to: exactly };
  }
  const bounds = objectOf(value, "created");
  rejectUnknown(bounds, ["gt", "gte", "lt", "lte"]);
  const gt = integerParam(bounds, "gt");
  const lt = integerParam(bounds, "lt");
  const from = integerParam(bounds, "gte") ?? (gt === undefined ? undefined : gt + 1);
  const to = integerParam(bounds, "lte") ?? (lt === undefined ? undefined : lt - 1);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

export function typesParam(params: Params): string[] | undefined {
  if (params.types === undefined) return undefined;
  const types = listOf(params.types, "types");
  if (types.length > MAX_TYPES)
    throw invalid(`Array must contain at most ${MAX_TYPES} elements.`, "array_too_large", "types");
  return types;
}

export function expandParam(params: Params, expandable: readonly string[]): string[] {
  const paths = params.expand === undefined ? [] : listOf(params.expand, "expand");
  for (const path of paths) {
    if (path.split(".").length > MAX_EXPAND_DEPTH || !expandable.includes(path)) {
      const message = `This property cannot be expanded (${path}).`;
      throw new ApiError(400, { type: "invalid_request_error", message, param: "expand" });
    }
  }
  return paths;
}

export function objectParam(params: Params, name: string): Params | undefined {
  const value = params[name];
  return value === undefined || value === "" ? undefined : objectOf(value, name);
}

/** Merges key by key; an empty value removes a key, an empty `metadata` removes all. */
export function mergeMetadata(present: Readonly<Record<string, string>>, params: Params): Record<string, string> {
  if (params.metadata === undefined) return { ...present };
  if (params.metadata === "") return {};
  const merged: Record<string, string> = { ...present };
  const given = objectOf(params.metadata, "metadata");
  for (const key of Object.keys(given)) {
    const value = given[key];
    const param = `metadata[${key}]`;
    if (typeof value !== "string") throw invalid("Metadata values must be strings.", "parameter_invalid_string", param);
    if (key.length > METADATA_KEY_LENGTH) {
      throw invalid(
        `Metadata keys can have up to ${METADATA_KEY_LENGTH} characters.`,
        "parameter_invalid_string",
        param,
      );
    }
    if (value.length > METADATA_VALUE_LENGTH) {
      throw invalid(
        `Metadata values can have up to ${METADATA_VALUE_LENGTH} characters. Invalid value: ${value}`,
        "parameter_invalid_string",
        param,
      );
    }
    if (value === "") delete merged[key];
    else merged[key] = value;
  }
  if (Object.keys(merged).length > METADATA_KEYS) {
    throw new ApiError(400, {
      type: "invalid_request_error",
      message: `Metadata can have up to ${METADATA_KEYS} keys.`,
      param: "metadata",
    });
  }
  return merged;
}

function objectOf(value: Param, name: string): Params {
  if (typeof value === "object") return value;
  throw invalid("Invalid object", "parameter_invalid_object", name);
}

/** The SDK sends `types[0]=a&types[1]=b`, others `types[]=a`. */
function listOf(value: Param, name: string): string[] {
  const items = typeof value === "string" ? [value] : Object.values(value);
  return items.map((item) => {
    if (typeof item === "string") return item;
    throw invalid("Invalid array", "parameter_invalid_array", name);
  });
}
