/** The endpoints that read: lists newest first, single objects, events, the account. */
import type { Account, EventState } from "./account.ts";
import { invalid, missing } from "./api-error.ts";
import type { Collection, Stored } from "./collection.ts";
import { expanded, objectOf } from "./expand.ts";
import type { Params } from "./form.ts";
import type { Change } from "./journal.ts";
import type { Kind, States } from "./objects.ts";
import { createdParam, expandParam, limitParam, textParam, typesParam } from "./params.ts";
import { render } from "./render.ts";
import type { Rendered } from "./render.ts";
import type { Context, ReadRoute } from "./route.ts";

const LIST_PARAMS = ["created", "ending_before", "expand", "limit", "starting_after"];

/** What Stripe calls one in messages, which ids can be expanded, and which filters its list takes. */
const KINDS: { [K in Kind]: { noun: string; expandable: string[]; filters: string[]; permission: string } } = {
  customers: { noun: "customer", expandable: [], filters: ["email"], permission: "rak_customer" },
  charges: { noun: "charge", expandable: ["customer"], filters: ["customer"], permission: "rak_charge" },
  refunds: { noun: "refund", expandable: ["charge", "charge.customer"], filters: ["charge"], permission: "rak_charge" },
  subscriptions: {
    noun: "subscription",
    expandable: ["customer"],
    filters: ["customer", "status"],
    permission: "rak_subscription",
  },
};

export const READ_ROUTES: ReadRoute[] = [
  listRoute("customers", (params) => {
    const email = textParam(params, "email");
    return email === undefined ? undefined : (customer) => customer.email === email;
  }),
  listRoute("charges", (params) => {
    const customer = textParam(params, "customer");
    return customer === undefined ? undefined : (charge) => charge.customer === customer;
  }),
  listRoute("refunds", (params) => {
    const charge = textParam(params, "charge");
    return charge === undefined ? undefined : (refund) => refund.charge === charge;
  }),
  listRoute("subscriptions", (params) => {
    const customer = textParam(params, "customer");
    const status = textParam(params, "status");
    return (subscription) =>
      (customer === undefined || subscription.customer === customer) &&
      // Cancelled ones are left out unless asked for.
      (status === undefined ? subscription.status !== "canceled" : status === "all" || subscription.status === status);
  }),
  ...(["customers", "charges", "refunds", "subscriptions"] as const).map(retrieveRoute),
  {
    operation: "GET /v1/events",
    permission: "rak_event_read",
    params: [...LIST_PARAMS, "type", "types"],
    expandable: [],
    read: listEvents,
  },
  {
    operation: "GET /v1/account",
    permission: "rak_accounts_kyc_basic_read",
    params: ["expand"],
    expandable: [],
    read: () => ({
      id: "acct_1TwinTwinTwinTwin",
      object: "account",
      business_profile: { name: "Stripe twin" },
      country: "GB",
      default_currency: "gbp",
      settings: { dashboard: { display_name: "Stripe twin", timezone: "Europe/London" } },
    }),
  },
];

function listRoute<K extends Kind>(
  kind: K,
  filter: (params: Params) => ((state: States[K]) => boolean) | undefined,
): ReadRoute {
  const { noun, expandable, filters, permission } = KINDS[kind];
  const inData = expandable.map((path) => `data.${path}`);
  return {
    operation: `GET /v1/${kind}`,
    permission: `${permission}_read`,
    params: [...LIST_PARAMS, ...filters],
    expandable: inData,
    read({ account, params }) {
      const paths = expandParam(params, inData).map((path) => path.slice("data.".length));
      // Each kind's collection holds that kind's states; TypeScript cannot follow the index.
      const collection = account[kind] as unknown as Collection<States[K]>;
      const matches = filter(params);
      const { rows, hasMore } = pageOf(collection, noun, params, matches);
      const data = rows.map((state) => expanded(account, render({ kind, state } as Change, account.livemode), paths));
      return { object: "list", data, has_more: hasMore, url: `/v1/${kind}` };
    },
  };
}

function retrieveRoute(kind: Kind): ReadRoute {
  const { noun, expandable, permission } = KINDS[kind];
  return {
    operation: `GET /v1/${kind}/:id`,
    permission: `${permission}_read`,
    params: ["expand"],
    expandable,
    read({ account, params, id }) {
      const paths = expandParam(params, expandable);
      const found = objectOf(account, kind, id);
      if (found === undefined) throw missing(noun, id);
      return expanded(account, found, paths);
    },
  };
}

function pageOf<State extends Stored>(
  collection: Collection<State>,
  noun: string,
  params: Params,
  matches?: (state: State) => boolean,
) {
  const startingAfter = textParam(params, "starting_after");
  const endingBefore = textParam(params, "ending_before");
  if (startingAfter !== undefined && endingBefore !== undefined) {
    throw invalid("You cannot provide both starting_after and ending_before.", "parameter_invalid", "starting_after");
  }
  const page = collection.page({
    limit: limitParam(params),
    ...createdParam(params),
    ...(startingAfter === undefined ? {} : { startingAfter }),
    ...(endingBefore === undefined ? {} : { endingBefore }),
    ...(matches === undefined ? {} : { matches }),
  });
  if (page !== undefined) return page;
  throw missing(
    noun,
    startingAfter ?? endingBefore ?? "",
    startingAfter === undefined ? "ending_before" : "starting_after",
    400,
  );
}

function listEvents({ account, faults, params }: Context): Rendered {
  const type = textParam(params, "type");
  const types = typesParam(params);
  if (type !== undefined && types !== undefined) {
    throw invalid("You may pass either type or types, but not both.", "parameter_invalid", "type");
  }
  const wanted = (event: EventState) => {
    if (types !== undefined) return types.includes(event.type);
    if (type === undefined) return true;
    return type.endsWith("*") ? event.type.startsWith(type.slice(0, -1)) : event.type === type;
  };
  const now = account.now();
  const oldest = account.seconds() - 30 * 24 * 3600;
  const { rows, hasMore } = pageOf(
    account.events,
    "event",
    params,
    (event) => event.visibleAt <= now && event.created >= oldest && wanted(event),
  );
  const data = rows.map((event) => renderEvent(account, event));
  return {
    object: "list",
    data: faults.eventsTwice ? data.flatMap((event) => [event, event]) : data,
    has_more: hasMore,
    url: "/v1/events",
  };
}

function renderEvent(account: Account, event: EventState): Rendered {
  const { about, previous } = event;
  return {
    id: event.id,
    object: "event",
    api_version: event.apiVersion,
    created: event.created,
    data: {
      object: render(about, account.livemode),
      ...(previous === undefined ? {} : { previous_attributes: previous }),
    },
    livemode: account.livemode,
    pending_webhooks: 0,
    request: event.request,
    type: event.type,
  };
}
