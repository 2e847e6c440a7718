import type { PersonRecord } from "#connectors/core/records.ts";

/** What a list calls a customer whose records are these. */
export function customerName(people: readonly PersonRecord[]): string {
  const named = people.find(({ firstName, lastName }) => firstName !== null || lastName !== null);
  const name = [named?.firstName, named?.lastName].filter(Boolean).join(" ");
  return name || people.flatMap(({ emails }) => emails)[0] || "Unnamed customer";
}
