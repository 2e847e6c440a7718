/** What a marketer would see of a profile: our properties first, then who it is, what it did, and how it may be reached. */
import { fields, listPage, markup, page } from "#connectors/core/twin/html.ts";
import type { KlaviyoAccount, ProfileRow } from "./account.ts";
import { instant } from "./lists.ts";

const nameOf = ({ id, attributes }: ProfileRow): string =>
  [attributes.first_name, attributes.last_name].filter(Boolean).join(" ") || (attributes.email ?? id);

export function profilePage(account: KlaviyoAccount, id: string): string | null {
  const profile = account.profiles.get(id);
  if (profile === undefined) return null;
  const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));
  const properties = Object.entries(profile.properties).map(([name, value]): [string, string] => [name, text(value)]);
  const { first_name, last_name, email, phone_number, organization } = profile.attributes;
  const known = Object.entries({ first_name, last_name, email, phone_number, organization }).map(
    ([name, value]): [string, string | null] => [name, value ?? null],
  );
  const done = [...account.events.values()].filter((event) => event.profile === id);
  const recent = done.sort((a, b) => b.at - a.at).slice(0, 20);
  return page(
    "Klaviyo",
    nameOf(profile),
    markup`<p class="soft">Profile ${id}. ${profile.deleted ? "It is deleted." : ""}</p>
${fields("Custom properties", properties, true)}${fields("Profile", known)}
${fields("Subscriptions", [["as the API shows them", text(profile.subscriptions)]])}
${fields(
  "Activity",
  recent.map(({ metricId, at }): [string, string] => [account.metrics.get(metricId)?.name ?? metricId, instant(at)]),
)}<p><a href="/profiles">All profiles</a></p>`,
  );
}

export function profileListPage(account: KlaviyoAccount, query: URLSearchParams): string {
  const { byUpdate } = account;
  return listPage(
    {
      ...{ vendor: "Klaviyo", title: "Profiles", path: "/profiles", heads: ["Name", "E-mail", "Id"] },
      row: (profile: ProfileRow) => [
        markup`<a href="/profiles/${profile.id}">${nameOf(profile)}</a>`,
        profile.attributes.email ?? "",
        profile.id,
      ],
      words: (profile) => `${nameOf(profile)} ${profile.attributes.email ?? ""} ${profile.id}`,
    },
    byUpdate.slice(0, byUpdate.length).reverse(),
    query,
  );
}
