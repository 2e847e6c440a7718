/** The endpoints that write. */
import type { StripeAccount } from "./account.ts";
import type { Endpoints } from "./endpoint.ts";
import { invalid, missing } from "./errors.ts";
import type { Params } from "#connectors/core/twin/form.ts";
import type { CustomerState } from "./objects.ts";
import { clearableParam, integerParam, mergeMetadata, objectParam, rejectUnknown, textParam } from "./params.ts";
import { render } from "./render.ts";

const CUSTOMER_PARAMS = ["address", "description", "email", "metadata", "name", "phone"];

export function writeEndpoints(account: StripeAccount): Endpoints {
  return {
    "POST /v1/customers": {
      permission: "rak_customer_write",
      params: CUSTOMER_PARAMS,
      answer({ params, call }) {
        const fresh: CustomerState = {
          ...{ id: account.newId("cus"), created: account.seconds(), email: null, name: null, phone: null },
          ...{ description: null, country: null, postcode: null, city: null, metadata: {} },
        };
        const state = { ...fresh, ...customerFields(params), metadata: mergeMetadata({}, params) };
        return account.save("customers", state, "customer.created", call);
      },
    },
    "POST /v1/customers/:id": {
      permission: "rak_customer_write",
      params: CUSTOMER_PARAMS,
      answer({ params, id, call }) {
        const before = account.find("customers", id);
        if (before === undefined) throw missing("customer", id);
        const after = { ...before, ...customerFields(params), metadata: mergeMetadata(before.metadata, params) };
        const silent = account.faults.silentNoOp.has(id);
        return silent
          ? render("customers", before, account.livemode)
          : account.save("customers", after, "customer.updated", call);
      },
    },
    "DELETE /v1/customers/:id": {
      permission: "rak_customer_write",
      params: [],
      answer({ id, call }) {
        if (account.find("customers", id) === undefined) throw missing("customer", id);
        account.deleteCustomer(id, call);
        return { id, object: "customer", deleted: true };
      },
    },
    "POST /v1/refunds": {
      permission: "rak_charge_write",
      params: ["amount", "charge"],
      expandable: ["charge", "charge.customer"],
      answer({ params, call }) {
        const id = textParam(params, "charge") ?? "";
        const charge = account.find("charges", id);
        if (charge === undefined) throw missing("charge", id, "charge", 400);
        const left = charge.amount - charge.amountRefunded;
        const amount = integerParam(params, "amount") ?? left;
        if (left === 0) throw invalid(`Charge ${id} has already been refunded.`, "charge_already_refunded", "charge");
        if (amount < 1 || amount > left)
          throw invalid("Refund amount is greater than unrefunded amount on charge.", "amount_too_large", "amount");
        return account.shown("refunds", account.refund(id, amount, call)) ?? {};
      },
    },
  };
}

function customerFields(params: Params): Partial<CustomerState> {
  const address = objectParam(params, "address") ?? {};
  rejectUnknown(address, ["city", "country", "line1", "line2", "postal_code", "state"]);
  const given = {
    email: clearableParam(params, "email"),
    name: clearableParam(params, "name"),
    phone: clearableParam(params, "phone"),
    description: clearableParam(params, "description"),
    country: clearableParam(address, "country"),
    postcode: clearableParam(address, "postal_code"),
    city: clearableParam(address, "city"),
    line1: clearableParam(address, "line1"),
    line2: clearableParam(address, "line2"),
    state: clearableParam(address, "state"),
  };
  if (typeof given.email === "string" && !given.email.includes("@"))
    throw invalid(`Invalid email address: ${given.email}`, "email_invalid", "email");
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}
