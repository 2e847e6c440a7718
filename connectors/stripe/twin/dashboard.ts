/** Two plain pages in the manner of Stripe's Dashboard, so that what a merchant would see can be looked at. */
import { listPage, markup, page, table } from "#connectors/core/twin/html.ts";
import { pageByIdCursor } from "#connectors/core/twin/paging.ts";
import type { StripeAccount } from "./account.ts";
import type { CustomerState } from "./objects.ts";

const CHARGES_SHOWN = 20;

export function customerList(account: StripeAccount, query: URLSearchParams): string {
  const { listed } = account.collections.customers;
  return listPage(
    {
      ...{
        vendor: "Stripe",
        title: "Customers",
        path: "/dashboard/customers",
        heads: ["Customer", "E-mail", "Created"],
      },
      row: ({ id, name, email, created }: CustomerState) => [
        markup`<a href="/dashboard/customers/${id}">${name ?? id}</a>`,
        email ?? "",
        dateOf(created),
      ],
      words: ({ id, name, email }) => `${id} ${name ?? ""} ${email ?? ""}`,
    },
    listed.slice(0, listed.length).reverse(),
    query,
  );
}

export function customerPage(account: StripeAccount, id: string): string | null {
  const customer = account.collections.customers.table.get(id);
  if (customer === undefined) return null;
  if (customer.deleted === true) return page("Stripe", "Deleted customer", markup`<p>${id} was deleted.</p>`);
  const { email, phone, city, postcode, country, metadata } = customer;
  const details = Object.entries({ "Customer id": id, "E-mail": email, Phone: phone, City: city, Postcode: postcode })
    .concat([
      ["Country", country],
      ["Created", dateOf(customer.created)],
    ])
    .map(([name, value]) => [name, value ?? ""]);
  const charges = pageByIdCursor(account.collections.charges.listed, {
    limit: CHARGES_SHOWN,
    matches: (charge) => charge.customer === id,
  });
  const payments = (charges?.rows ?? []).map((charge) => [
    charge.id,
    `${charge.amount} ${charge.currency}`,
    charge.status,
    dateOf(charge.created),
  ]);
  return page(
    "Stripe",
    customer.name ?? id,
    markup`<h2>Details</h2>${table(["Field", "Value"], details)}
<h2>Metadata</h2>${table(["Key", "Value"], Object.entries(metadata))}
<h2>Payments</h2>${table(["Payment", "Amount (smallest unit)", "Status", "Date"], payments)}
<p><a href="/dashboard/customers">All customers</a></p>`,
  );
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}
