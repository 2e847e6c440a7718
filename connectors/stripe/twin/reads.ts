/** The endpoints that read: lists newest first, single objects, events, the account. */
import { pageByIdCursor } from "#connectors/core/twin/paging.ts";
import type { Call } from "#connectors/core/twin/route.ts";
import type { Row } from "#connectors/core/twin/table.ts";
import type { Collection, EventState, StripeAccount } from "./account.ts";
import type { Endpoints } from "./endpoint.ts";
import { invalid, missing } from "./errors.ts";
import type { Params } from "#connectors/core/twin/form.ts";
import type { Kind, States } from "./objects.ts";
import { createdParam, limitParam, textParam, typesParam } from "./params.ts";
import { render } from "./render.ts";
import type { Rendered } from "./render.ts";

/** What a key needs to see whose it is. */
export const WHO_AM_I = "rak_accounts_kyc_basic_read";

const LIST_PARAMS = ["created", "ending_before", "limit", "starting_after"];
const EVENTS_KEPT_SECONDS = 30 * 24 * 3600;

interface Listing<State> {
  /** What Stripe calls one in messages. */
  noun: string;
  permission: string;
  expandable: string[];
  filters: string[];
  /** Which rows a list gives. */
  matches(state: State, params: Params): boolean;
}

const same = (params: Params, name: string, value: unknown): boolean => {
  const wanted = textParam(params, name);
  return wanted === undefined || wanted === value;
};

const LISTINGS: { [K in Kind]: Listing<States[K]> } = {
  customers: {
    ...{ noun: "customer", permission: "rak_customer_read", expandable: [], filters: ["email"] },
    matches: ({ email }, params) => same(params, "email", email),
  },
  charges: {
    ...{ noun: "charge", permission: "rak_charge_read", expandable: ["customer"], filters: ["customer"] },
    matches: ({ customer }, params) => same(params, "customer", customer),
  },
  refunds: {
    ...{ noun: "refund", permission: "rak_charge_read", filters: ["charge"] },
    expandable: ["charge", "charge.customer"],
    matches: ({ charge }, params) => same(params, "charge", charge),
  },
  subscriptions: {
    ...{ noun: "subscription", permission: "rak_subscription_read", expandable: ["customer"] },
    filters: ["customer", "status"],
    matches: ({ customer, status }, params) => {
      const wanted = textParam(params, "status");
      // Cancelled ones are left out unless asked for.
      const fits = wanted === undefined ? status !== "canceled" : wanted === "all" || wanted === status;
      return fits && same(params, "customer", customer);
    },
  },
};

export function readEndpoints(account: StripeAccount, accountOf: (call: Call) => string): Endpoints {
  return {
    ...listing(account, "customers"),
    ...listing(account, "charges"),
    ...listing(account, "refunds"),
    ...listing(account, "subscriptions"),
    "GET /v1/events": {
      permission: "rak_event_read",
      params: [...LIST_PARAMS, "types"],
      answer: ({ params }) => listEvents(account, params),
    },
    "GET /v1/account": {
      permission: WHO_AM_I,
      params: [],
      answer: ({ call }) => ({
        ...{ id: accountOf(call), object: "account", country: "GB", default_currency: "gbp" },
        business_profile: { name: "Stripe twin" },
        settings: { dashboard: { display_name: "Stripe twin", timezone: "Europe/London" } },
      }),
    },
  };
}

function listing<K extends Kind>(account: StripeAccount, kind: K): Endpoints {
  const { noun, permission, expandable, filters, matches } = LISTINGS[kind];
  // Each kind's collection holds that kind's states; TypeScript cannot follow the index.
  const collection = account.collections[kind] as unknown as Collection<States[K]>;
  return {
    [`GET /v1/${kind}`]: {
      permission,
      params: [...LIST_PARAMS, ...filters],
      expandable: expandable.map((path) => `data.${path}`),
      answer: ({ params }) => {
        const { rows, more } = pageOf(account, collection, noun, params, (state) => matches(state, params));
        const { leftOut, turnedPages } = account.faults;
        const shown = rows.filter((state) => !leftOut.has(state.id));
        const data = (turnedPages ? shown.reverse() : shown).map((state) => render(kind, state, account.livemode));
        return { object: "list", data, has_more: more, url: `/v1/${kind}` };
      },
    },
    [`GET /v1/${kind}/:id`]: {
      permission,
      params: [],
      expandable,
      answer: ({ id }) => {
        const found = account.shown(kind, id);
        if (found === undefined) throw missing(noun, id);
        return found;
      },
    },
  };
}

function pageOf<State extends Row>(
  account: StripeAccount,
  { listed }: Collection<State>,
  noun: string,
  params: Params,
  matches: (state: State) => boolean,
  oldest?: number,
) {
  const startingAfter = textParam(params, "starting_after");
  const endingBefore = textParam(params, "ending_before");
  if (startingAfter !== undefined && endingBefore !== undefined)
    throw invalid("You cannot provide both starting_after and ending_before.", "parameter_invalid", "starting_after");
  const { from = oldest, to } = createdParam(params);
  const limit = Math.min(limitParam(params), account.faults.shortPage);
  const page = pageByIdCursor(listed, {
    ...{ limit, startingAfter, endingBefore, to, matches },
    from: from === undefined || oldest === undefined ? from : Math.max(from, oldest),
  });
  if (page !== null) return page;
  const param = startingAfter === undefined ? "ending_before" : "starting_after";
  throw missing(noun, startingAfter ?? endingBefore ?? "", param, 400);
}

function listEvents(account: StripeAccount, params: Params): Rendered {
  const types = typesParam(params);
  const wanted = (event: EventState) => types?.includes(event.type) ?? true;
  const oldest = account.seconds() - EVENTS_KEPT_SECONDS;
  const { rows, more } = pageOf(account, account.events, "event", params, wanted, oldest);
  const data = rows.map((event) => renderEvent(account, event));
  return {
    object: "list",
    data: account.faults.eventsTwice ? data.flatMap((event) => [event, event]) : data,
    has_more: more,
    url: "/v1/events",
  };
}

/** As listed, and as sent to endpoints. */
export function renderEvent({ livemode }: StripeAccount, event: EventState): Rendered {
  const { id, created, type, request, kind, object, previous, apiVersion } = event;
  return {
    ...{ id, object: "event", api_version: apiVersion, created, livemode, pending_webhooks: 0, request, type },
    data: {
      object: render(kind, object, livemode),
      ...(previous === undefined ? {} : { previous_attributes: previous }),
    },
  };
}
