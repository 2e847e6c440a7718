/** The endpoints that write. */
import type { Account } from "./account.ts";
import { invalid, missing } from "./api-error.ts";
import { expanded } from "./expand.ts";
import { strikes } from "./faults.ts";
import type { Params } from "./form.ts";
import type { Change } from "./journal.ts";
import type { ChargeState, CustomerState } from "./objects.ts";
import {
  clearableParam,
  expandParam,
  integerParam,
  mergeMetadata,
  objectParam,
  rejectUnknown,
  textParam,
} from "./params.ts";
import { deletedCustomer, previousAttributes, render } from "./render.ts";
import type { Rendered } from "./render.ts";
import type { WriteRoute } from "./route.ts";

const CUSTOMER_PARAMS = ["address", "description", "email", "expand", "metadata", "name", "phone"];

export const WRITE_ROUTES: WriteRoute[] = [
  {
    operation: "POST /v1/customers",
    permission: "rak_customer_write",
    params: CUSTOMER_PARAMS,
    expandable: [],
    write({ account, params, request }) {
      const fresh: CustomerState = {
        id: account.newId("cus"),
        created: account.seconds(),
        email: null,
        name: null,
        phone: null,
        description: null,
        country: null,
        postcode: null,
        city: null,
        metadata: {},
      };
      const state = { ...fresh, ...customerFields(params), metadata: mergeMetadata({}, params) };
      return account.save({ kind: "customers", state }, "customer.created", undefined, request);
    },
  },
  {
    operation: "POST /v1/customers/:id",
    permission: "rak_customer_write",
    params: CUSTOMER_PARAMS,
    expandable: [],
    write({ account, faults, params, id, request }) {
      const before = account.customers.get(id);
      if (before === undefined) throw missing("customer", id);
      const metadata = mergeMetadata(before.metadata, params);
      if (strikes(faults, "ignoreWritesNext")) return { kind: "customers", state: before };
      const state: CustomerState = { ...before, ...customerFields(params), metadata };
      // A change that changes nothing leaves no event.
      if (Object.keys(previousAttributes({ ...before }, { ...state })).length === 0)
        return { kind: "customers", state: before };
      return account.save(
        { kind: "customers", state },
        "customer.updated",
        { kind: "customers", state: before },
        request,
      );
    },
  },
  {
    operation: "DELETE /v1/customers/:id",
    permission: "rak_customer_write",
    params: [],
    expandable: [],
    write({ account, id, request }) {
      const customer = account.customers.get(id);
      if (customer === undefined) throw missing("customer", id);
      return account.deleteCustomer(customer, request);
    },
  },
  {
    operation: "POST /v1/charges/:id",
    permission: "rak_charge_write",
    params: ["customer", "expand", "metadata", "receipt_email"],
    expandable: ["customer"],
    write({ account, params, id, request }) {
      const before = account.charges.get(id);
      if (before === undefined) throw missing("charge", id);
      const customer = textParam(params, "customer");
      if (customer !== undefined && before.customer !== null && before.customer !== customer) {
        throw invalid("This charge already has a customer.", "parameter_invalid", "customer");
      }
      if (customer !== undefined && account.customers.get(customer) === undefined) {
        throw missing("customer", customer, "customer", 400);
      }
      const state: ChargeState = {
        ...before,
        customer: customer ?? before.customer,
        receiptEmail: clearableParam(params, "receipt_email") ?? before.receiptEmail,
        metadata: mergeMetadata(before.metadata, params),
      };
      return account.save({ kind: "charges", state }, "charge.updated", { kind: "charges", state: before }, request);
    },
  },
  {
    operation: "POST /v1/refunds",
    permission: "rak_charge_write",
    params: ["amount", "charge", "expand"],
    expandable: ["charge", "charge.customer"],
    write({ account, params, request }) {
      const id = textParam(params, "charge") ?? "";
      const charge = account.charges.get(id);
      if (charge === undefined) throw missing("charge", id, "charge", 400);
      const left = charge.amount - charge.amountRefunded;
      const amount = integerParam(params, "amount") ?? left;
      if (left === 0) throw invalid(`Charge ${id} has already been refunded.`, "charge_already_refunded", "charge");
      if (amount < 1 || amount > left) {
        throw invalid("Refund amount is greater than unrefunded amount on charge.", "amount_too_large", "amount");
      }
      return account.refund(charge, amount, request);
    },
  },
  {
    operation: "DELETE /v1/subscriptions/:id",
    permission: "rak_subscription_write",
    params: [],
    expandable: [],
    write({ account, id, request }) {
      const subscription = account.subscriptions.get(id);
      if (subscription === undefined || subscription.status === "canceled") throw missing("subscription", id);
      return account.cancel(subscription, request);
    },
  },
];

/** The reply to a write, also when it is given again under its idempotency key. */
export function answerOf(account: Account, route: WriteRoute, params: Params, change: Change): Rendered {
  if (change.deleted === true) return deletedCustomer(change.state.id);
  return expanded(account, render(change, account.livemode), expandParam(params, route.expandable));
}

function customerFields(params: Params): Partial<CustomerState> {
  const address = objectParam(params, "address");
  if (address !== undefined) rejectUnknown(address, ["city", "country", "line1", "line2", "postal_code", "state"]);
  const given = {
    email: clearableParam(params, "email"),
    name: clearableParam(params, "name"),
    phone: clearableParam(params, "phone"),
    description: clearableParam(params, "description"),
    country: address === undefined ? undefined : clearableParam(address, "country"),
    postcode: address === undefined ? undefined : clearableParam(address, "postal_code"),
    city: address === undefined ? undefined : clearableParam(address, "city"),
  };
  if (typeof given.email === "string" && !given.email.includes("@")) {
    throw invalid(`Invalid email address: ${given.email}`, "email_invalid", "email");
  }
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
