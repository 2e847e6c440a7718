import type { ViewedPerson } from "#profile/store/views/profile.ts";

/** What a list calls a customer whose records are these. */
export function customerName(people: readonly ViewedPerson[]): string {
  const named = people.find(({ firstName, lastName }) => firstName !== null || lastName !== null);
  const name = [named?.firstName, named?.lastName].filter(Boolean).join(" ");
  if (name !== "") return name;
  const [email] = people.flatMap(({ emails }) => emails);
  const account = people.flatMap(({ externalIds }) => externalIds).find(({ kind }) => kind === "account_id");
  return email ?? (account === undefined ? "Unnamed customer" : `Customer ${account.value}`);
}
