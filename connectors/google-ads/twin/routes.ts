/** The calls of the Google Ads API that there are here. */
import { z } from "zod";
import { dayAfter } from "#connectors/core/figures.ts";
import { dayAt } from "#connectors/core/local-time.ts";
import { ok } from "#connectors/core/twin/route.ts";
import type { Call, Routes } from "#connectors/core/twin/route.ts";
import type { GoogleAdsAccount } from "./account.ts";
import { adsError, queryError, requestError, unreachable } from "./errors.ts";
import { parseQuery, positionOf, selected, tokenAt } from "./gaql.ts";
import type { Query } from "./gaql.ts";
import type { AccountSeed } from "./seed.ts";

export const ADS_SCOPE = "https://www.googleapis.com/auth/adwords";
const PAGE_ROWS = 10_000;
const CLICK_DAYS = 90;

const searchBody = z.strictObject({
  query: z.string(),
  pageToken: z.string().optional(),
  pageSize: z.unknown().optional(),
  validateOnly: z.boolean().optional(),
});

export function routesOf(account: GoogleAdsAccount, version: string): Routes {
  return {
    // Two colons are one in the path.
    [`GET /${version}/customers::listAccessibleCustomers`]: {
      permission: ADS_SCOPE,
      budget: "operations",
      handle: () =>
        ok({
          resourceNames: [...account.accounts.values()]
            .filter(({ manager }) => manager === null)
            .map(({ id }) => `customers/${id}`),
        }),
    },
    [`POST /${version}/customers/:customer/googleAds::search`]: {
      permission: ADS_SCOPE,
      budget: "operations",
      handle: (call) => ok(search(account, call)),
    },
  };
}

function search(account: GoogleAdsAccount, call: Call): object {
  const { query: text, pageToken, pageSize } = call.body(searchBody);
  if (pageSize !== undefined)
    throw requestError("PAGE_SIZE_NOT_SUPPORTED", "Setting the page size is not supported. Pages have 10000 rows.");
  const asked = customerOf(account, call);
  const query = parseQuery(text);
  const { faults } = account;
  if (pageToken !== undefined && faults.forgetPages)
    throw requestError("EXPIRED_PAGE_TOKEN", "The specified page token has expired.");
  const rows = rowsOf(account, asked, query);
  const from = faults.stuckCursor ? 0 : positionOf(pageToken);
  const to = from + Math.min(PAGE_ROWS, faults.shortPage);
  const more = faults.stuckCursor ? rows.length > 0 : to < rows.length;
  return {
    results: rows.slice(from, to),
    ...(more ? { nextPageToken: tokenAt(to) } : {}),
    fieldMask: query.fields.join(","),
    queryResourceConsumption: "1",
  };
}

/** Whom the call is for: reached directly, or below the manager that the header names. */
function customerOf(account: GoogleAdsAccount, { params, headers }: Call): AccountSeed {
  const id = params.customer ?? "";
  const login = headers["login-customer-id"];
  if (!/^\d{10}$/.test(id)) throw requestError("INVALID_CUSTOMER_ID", "Invalid customer ID.");
  if (login !== undefined && !/^\d{10}$/.test(String(login)))
    throw requestError("INVALID_CUSTOMER_ID", `Invalid login-customer-id '${String(login)}': no dashes.`);
  const asked = account.accounts.get(id);
  if (asked === undefined) throw unreachable();
  const through = login === undefined ? asked : account.accounts.get(String(login));
  const isBelow = through !== undefined && account.below(through.id).some(({ account: each }) => each.id === id);
  if (through === undefined || through.manager !== null || !isBelow) throw unreachable();
  if ((asked.status ?? "ENABLED") !== "ENABLED")
    throw adsError(403, "authorizationError", "CUSTOMER_NOT_ENABLED", "The customer account can't be accessed.");
  if (account.faults.testAccessOnly && !asked.test)
    throw adsError(
      403,
      "authorizationError",
      "CLOUD_PROJECT_NOT_APPROVED_FOR_PRODUCTION",
      "The Google Cloud project is only approved for use with test accounts.",
    );
  return asked;
}

function rowsOf(account: GoogleAdsAccount, asked: AccountSeed, query: Query): Record<string, unknown>[] {
  const { fields, resource, days } = query;
  if (resource === "customer_client")
    return account
      .below(asked.id)
      .map(({ account: each, level }) => selected(fields, clientValues(asked, each, level)));
  if (asked.isManager === true)
    throw queryError("REQUESTED_METRICS_FOR_MANAGER", "Metrics cannot be requested for a manager account.");
  if (days === null) throw queryError("EXPECTED_FILTERS_ON_DATE_RANGE", "Filters on segments.date are expected.");
  const [first, last] = days;
  const campaignValues = (id: string) => ({
    "campaign.resource_name": `customers/${asked.id}/campaigns/${id}`,
    "campaign.id": id,
    "campaign.name": account.campaigns.get(id)?.name,
  });
  if (resource === "campaign")
    return within(account.figures, first, last)
      .filter((row) => row.account === asked.id && row.impressions > 0)
      .map((row) =>
        selected(fields, {
          ...campaignValues(row.campaign),
          "segments.date": row.day,
          "metrics.cost_micros": String(row.costMicros),
          "metrics.clicks": String(row.clicks),
          "metrics.impressions": String(row.impressions),
          "metrics.conversions": row.conversions,
          "metrics.conversions_value": row.conversionsValue,
        }),
      );
  if (first !== last)
    throw adsError(400, "clickViewError", "EXPECTED_FILTER_ON_A_SINGLE_DAY", "Expected a filter on a single day.");
  if (first <= dayAfter(dayAt(account.now(), asked.timeZone), -CLICK_DAYS))
    throw adsError(400, "clickViewError", "DATE_TOO_OLD", "The requested date is too old.");
  return within(account.clicks, first, last)
    .filter((row) => row.account === asked.id)
    .map((row) =>
      selected(fields, {
        ...campaignValues(row.campaign),
        "click_view.resource_name": `customers/${asked.id}/clickViews/${row.day}~${row.gclid ?? ""}`,
        "click_view.gclid": row.gclid ?? undefined,
        "click_view.ad_group_ad": `customers/${asked.id}/adGroupAds/${row.adGroup}~1`,
        "click_view.keyword": row.keyword === undefined ? undefined : `customers/${asked.id}/adGroupCriteria/1~1`,
        "click_view.keyword_info.text": row.keyword,
        "segments.date": row.day,
        "segments.click_type": "URL_CLICKS",
        "ad_group.id": row.adGroup,
      }),
    );
}

function clientValues(asked: AccountSeed, each: AccountSeed, level: number): Record<string, unknown> {
  return {
    "customer_client.resource_name": `customers/${asked.id}/customerClients/${each.id}`,
    "customer_client.client_customer": `customers/${each.id}`,
    "customer_client.id": each.id,
    "customer_client.level": String(level),
    "customer_client.manager": each.isManager === true,
    "customer_client.status": each.status ?? "ENABLED",
    "customer_client.currency_code": each.currency,
    "customer_client.time_zone": each.timeZone,
    "customer_client.descriptive_name": each.name,
    "customer_client.test_account": each.test,
    "customer_client.hidden": false,
  };
}

interface ByDay<Item> {
  readonly length: number;
  firstFrom(key: number): number;
  slice(from: number, to: number): Item[];
}

function within<Item>(view: ByDay<Item>, first: string, last: string): Item[] {
  return view.slice(view.firstFrom(Date.parse(first)), view.firstFrom(Date.parse(last) + 1));
}
