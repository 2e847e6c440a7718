/** What a marketer would see of a contact: properties by group, ours first. */
import { fields, listPage, markup, page } from "#connectors/core/twin/html.ts";
import { valueOf } from "./account.ts";
import type { HubspotAccount, ObjectRow } from "./account.ts";
import type { PropertyRow } from "./properties.ts";

export function contactPage(account: HubspotAccount, id: string): string | null {
  const found = account.contact(id);
  if (found === undefined) return null;
  const contact = account.winnerOf(found);
  // Groups an app made come first: they are what one came to look at.
  const groups = [...account.groups.values()].sort((a, b) => a.displayOrder - b.displayOrder);
  const sections = groups.map((group) => {
    const ours = group.displayOrder < 0;
    const rows = [...account.properties.values()]
      .filter(({ id, groupName }) => id.startsWith("contacts.") && groupName === group.id)
      .map((property): [string, string | null] => [
        property.label,
        display(property, valueOf("contacts", contact, property.name)),
      ])
      .filter(([, text]) => ours || text !== null);
    return rows.length === 0 ? markup`` : fields(group.label, rows, ours);
  });
  const subscriptions = contact.statuses.map(({ subscriptionName, status, source, timestamp }): [string, string] => [
    subscriptionName,
    `${status} (${source}, ${timestamp})`,
  ]);
  const note = [
    contact === found ? "" : `Record ${found.id} was merged into this one.`,
    contact.archivedAt === null ? "" : "This contact is deleted.",
  ].join(" ");
  return page(
    "HubSpot",
    nameOf(contact),
    markup`<p class="soft">Contact ${contact.id}. ${note}</p>${sections}
${subscriptions.length === 0 ? "" : fields("Subscriptions", subscriptions)}<p><a href="/contacts">All contacts</a></p>`,
  );
}

export function contactListPage(account: HubspotAccount, query: URLSearchParams): string {
  const { search } = account.stores.contacts;
  return listPage(
    {
      ...{ vendor: "HubSpot", title: "Contacts", path: "/contacts", heads: ["Name", "E-mail", "Id"] },
      row: (contact: ObjectRow) => [
        markup`<a href="/contacts/${contact.id}">${nameOf(contact)}</a>`,
        contact.properties.email ?? "",
        contact.id,
      ],
      words: (contact) => `${nameOf(contact)} ${contact.properties.email ?? ""} ${contact.id}`,
    },
    search.slice(0, search.length),
    query,
  );
}

function nameOf({ properties, id }: ObjectRow): string {
  const name = [properties.firstname, properties.lastname].filter(Boolean).join(" ");
  return name === "" ? (properties.email ?? `Contact ${id}`) : name;
}

function display({ type, options }: PropertyRow, value: string | null): string | null {
  if (value === null || value === "") return null;
  if (type !== "enumeration" || options.length === 0) return value;
  const labelOf = (part: string) => options.find((option) => option.value === part)?.label ?? part;
  return value.split(";").map(labelOf).join(", ");
}
