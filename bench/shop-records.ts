/** The demo shop as canonical records, without the way over HTTP: what is measured is what comes after. */
import type { RecordPage } from "#connectors/core/contract.ts";
import type { OrderRecord, PersonRecord } from "#connectors/core/records.ts";
import { generateCustomers, type Customer } from "#stack/demo-shop/customer.ts";

const NOW = Date.UTC(2026, 10, 1);
const nobody: Omit<PersonRecord, "id" | "createdAt" | "updatedAt"> = {
  kind: "person",
  deleted: false,
  emails: [],
  phones: [],
  firstName: null,
  lastName: null,
  company: null,
  country: null,
  postcode: null,
  city: null,
  externalIds: [],
  mergedInto: null,
};

/** The first `count` person records of the shop's CRM and payment customers. */
export function personsOf(count: number): PersonRecord[] {
  return [
    ...take(count, function* (customer) {
      for (const { id, properties, createdAt, updatedAt } of customer.hubspot.contacts) {
        yield {
          ...nobody,
          id,
          createdAt,
          updatedAt,
          emails: [properties["email"], properties["hs_additional_emails"]].filter(
            (email) => typeof email === "string",
          ),
          phones: properties["phone"] ? [properties["phone"]] : [],
          firstName: properties["firstname"] ?? null,
          lastName: properties["lastname"] ?? null,
          postcode: properties["zip"] ?? null,
          city: properties["city"] ?? null,
        };
      }
      for (const { id, email, phone, name, postcode, city, createdAt } of customer.stripe.customers) {
        const [firstName = null, ...rest] = (name ?? "").split(" ").filter(Boolean);
        yield {
          ...nobody,
          id,
          createdAt,
          updatedAt: null,
          postcode,
          city,
          firstName,
          lastName: rest.join(" ") || null,
          emails: email === null ? [] : [email],
          phones: phone === null ? [] : [phone],
        };
      }
    }),
  ];
}

/** The first `count` orders of the shop's payment customers and guests. */
export function ordersOf(count: number): OrderRecord[] {
  return [
    ...take(count, function* (customer) {
      for (const { id, customer: payer, amount, amountRefunded, currency, status, createdAt } of customer.stripe
        .charges) {
        yield {
          kind: "order" as const,
          id,
          updatedAt: createdAt,
          deleted: false,
          placedAt: createdAt,
          person: payer === null ? { stream: "charges", id } : { stream: "customers", id: payer },
          amountMinor: amount,
          refundedMinor: amountRefunded,
          currency: currency.toUpperCase(),
          status: status === "succeeded" ? ("paid" as const) : status,
          channel: "online" as const,
        };
      }
    }),
  ];
}

function* take<T>(count: number, recordsOf: (customer: Customer) => Iterable<T>): Generator<T> {
  let left = count;
  for (const customer of generateCustomers(count * 20, { seed: 1, now: NOW })) {
    for (const record of recordsOf(customer)) {
      if (left-- <= 0) return;
      yield record;
    }
  }
}

/** Pages as a connector would yield them; the cursor is the page's number. */
export function pagesOf(records: RecordPage["records"], size: number): { from: number | null; page: RecordPage }[] {
  const count = Math.ceil(records.length / size);
  return Array.from({ length: count }, (_, at) => {
    const slice = records.slice(at * size, (at + 1) * size);
    const atEnd = at === count - 1;
    return {
      from: at === 0 ? null : at,
      page: { records: slice, rejects: [], rawCount: slice.length, next: at + 1, atEnd, fullScan: atEnd },
    };
  });
}
