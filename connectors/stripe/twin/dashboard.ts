/** Two plain pages in the manner of Stripe's Dashboard, so that what a merchant would see can be looked at. */
import type { Account } from "./account.ts";
import type { CustomerState } from "./objects.ts";

const PAGE_SIZE = 50;

/** Null: no such page. */
export function dashboardPage(account: Account, path: string, query: URLSearchParams): string | null {
  if (path === "/dashboard/customers") return customerList(account, query.get("starting_after"));
  const id = /^\/dashboard\/customers\/([^/]+)$/.exec(path)?.[1];
  if (id === undefined) return null;
  if (account.deletedCustomers.has(id)) return html("Deleted customer", `<p>${escape(id)} was deleted.</p>`);
  const customer = account.customers.get(id);
  return customer === undefined ? null : customerPage(account, customer);
}

function customerList(account: Account, startingAfter: string | null): string {
  const request = startingAfter === null ? {} : { startingAfter };
  const page = account.customers.page({ limit: PAGE_SIZE, ...request }) ?? { rows: [], hasMore: false };
  const rows = page.rows.map((customer) => {
    const link = `<a href="/dashboard/customers/${encodeURIComponent(customer.id)}">${escape(customer.name ?? customer.id)}</a>`;
    return row([link, escape(customer.email ?? ""), escape(dateOf(customer.created))]);
  });
  const last = page.rows.at(-1);
  const more =
    page.hasMore && last !== undefined
      ? `<p><a href="/dashboard/customers?starting_after=${encodeURIComponent(last.id)}">Next</a></p>`
      : "";
  return html(
    "Customers",
    `<p>${account.customers.size} customers</p>${table(["Customer", "E-mail", "Created"], rows)}${more}`,
  );
}

function customerPage(account: Account, customer: CustomerState): string {
  const details = (
    [
      ["Customer id", customer.id],
      ["E-mail", customer.email],
      ["Phone", customer.phone],
      ["City", customer.city],
      ["Postcode", customer.postcode],
      ["Country", customer.country],
      ["Created", dateOf(customer.created)],
    ] as const
  ).map(([name, value]) => row([name, escape(value ?? "")]));
  const metadata = Object.entries(customer.metadata).map(([key, value]) => row([escape(key), escape(value)]));
  const charges = account.charges.page({ limit: 20, matches: (charge) => charge.customer === customer.id });
  const payments = (charges?.rows ?? []).map((charge) =>
    row([escape(charge.id), `${charge.amount} ${escape(charge.currency)}`, charge.status, dateOf(charge.created)]),
  );
  return html(
    customer.name ?? customer.id,
    `<h2>Details</h2>${table(["Field", "Value"], details)}` +
      `<h2>Metadata</h2>${metadata.length === 0 ? "<p>No metadata</p>" : table(["Key", "Value"], metadata)}` +
      `<h2>Payments</h2>${table(["Payment", "Amount (smallest unit)", "Status", "Date"], payments)}` +
      `<p><a href="/dashboard/customers">All customers</a></p>`,
  );
}

function html(title: string, body: string): string {
  const style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3rem .8rem .3rem 0;border-bottom:1px solid #ddd}";
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escape(title)} - Stripe twin</title><style>${style}</style><h1>${escape(title)}</h1>${body}</html>`;
}

function table(heads: string[], rows: string[]): string {
  return `<table><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows.join("")}</tbody></table>`;
}

function row(cells: string[]): string {
  return `<tr>${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

function dateOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 10);
}

function escape(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}
