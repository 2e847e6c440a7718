/** The part of Google's query language that is asked in, as strictly as Google reads it. */
import { queryError, requestError } from "./errors.ts";

export interface Query {
  fields: string[];
  resource: string;
  /** First and last day, both included; null: not asked for by day. */
  days: [first: string, last: string] | null;
}

/** What may be selected, by the resource it is asked of. Metrics and segments stand in the same list. */
const FIELDS: Record<string, readonly string[]> = {
  customer_client: ["id", "level", "manager", "status", "currency_code", "time_zone", "descriptive_name"]
    .concat(["test_account", "hidden", "client_customer"])
    .map((name) => `customer_client.${name}`),
  campaign: [
    ...["campaign.id", "campaign.name", "campaign.status", "segments.date", "metrics.cost_micros", "metrics.clicks"],
    ...["metrics.impressions", "metrics.conversions", "metrics.conversions_value"],
  ],
  click_view: [
    ...["click_view.gclid", "click_view.ad_group_ad", "click_view.keyword", "click_view.keyword_info.text"],
    ...["segments.date", "segments.click_type", "campaign.id", "campaign.name", "ad_group.id"],
  ],
};

const FORM = /^SELECT (?<fields>[a-z_., ]+) FROM (?<resource>[a-z_]+)(?: WHERE (?<where>.+?))?$/;
const DAY = String.raw`'(\d{4}-\d\d-\d\d)'`;
const BETWEEN = new RegExp(`^segments\\.date BETWEEN ${DAY} AND ${DAY}$`);
const EQUALS = new RegExp(`^segments\\.date = ${DAY}$`);

export function parseQuery(text: string): Query {
  const { fields: list = "", resource = "", where } = FORM.exec(text)?.groups ?? {};
  if (list === "") throw queryError("UNEXPECTED_INPUT", `Error in query: unexpected input near ${text.slice(0, 30)}.`);
  const known = FIELDS[resource];
  if (known === undefined)
    throw queryError("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE", `'${resource}' is not a valid resource name.`);
  const fields = list.split(",").map((field) => field.trim());
  for (const field of fields)
    if (!known.includes(field)) throw queryError("UNRECOGNIZED_FIELD", `Unrecognized field in the query: '${field}'.`);
  if (where === undefined) return { fields, resource, days: null };
  if (/ OR /.test(where)) throw queryError("UNEXPECTED_INPUT", "Error in query: unexpected input OR.");
  const [, first, last = first] = BETWEEN.exec(where) ?? EQUALS.exec(where) ?? [];
  if (first === undefined || last === undefined)
    throw queryError("BAD_OPERATOR", `Error in WHERE clause: ${where.slice(0, 40)}.`);
  if (!fields.includes("segments.date"))
    throw queryError("EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE", "segments.date must be in the SELECT clause.");
  if (first > last) throw queryError("INVALID_VALUE_WITH_BETWEEN_OPERATOR", "The first day is after the last one.");
  return { fields, resource, days: [first, last] };
}

/** Only what was selected, under camel-case names, and the resource's own name besides. */
export function selected(fields: readonly string[], values: Record<string, unknown>): Record<string, unknown> {
  const row: Record<string, Record<string, unknown>> = {};
  for (const field of fields) {
    const path = field.split(".").map(camel);
    let place: Record<string, unknown> = row;
    for (const part of path.slice(0, -1)) place = (place[part] ??= {}) as Record<string, unknown>;
    const value = values[field];
    // What there is not is left out, not null.
    if (value !== undefined) place[path.at(-1) ?? ""] = value;
  }
  for (const [name, value] of Object.entries(values))
    if (name.endsWith(".resource_name")) {
      const owner = row[camel(name.split(".")[0] ?? "")];
      if (owner !== undefined) owner["resourceName"] = value;
    }
  return row;
}

const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

export function positionOf(token: string | undefined): number {
  if (token === undefined) return 0;
  const [, at] = /^at:(\d+)$/.exec(Buffer.from(token, "base64url").toString()) ?? [];
  if (at === undefined) throw requestError("INVALID_PAGE_TOKEN", "Page token is invalid.");
  return Number(at);
}

export const tokenAt = (at: number): string => Buffer.from(`at:${at}`).toString("base64url");
