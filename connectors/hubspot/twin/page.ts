/** What a marketer would see of a contact: one plain page, properties by group. */
import type { Account } from "./account.ts";
import type { PropertyDefinition } from "./journal.ts";
import { valueOf } from "./object-store.ts";
import type { StoredObject } from "./object-store.ts";

const STYLE = `
:root{color-scheme:light dark;--ink:#1f2933;--soft:#52606d;--line:#d9e2ec;--paper:#fff;--back:#f5f7fa;--accent:#b3431e}
@media(prefers-color-scheme:dark){:root{--ink:#f0f4f8;--soft:#9fb3c8;--line:#334e68;--paper:#1b2a3a;--back:#102030;--accent:#ff9e73}}
*{box-sizing:border-box}body{margin:0;background:var(--back);color:var(--ink);font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem}h1{margin:.2rem 0 0;font-size:1.6rem}a{color:var(--accent)}
.soft{color:var(--soft)}section{background:var(--paper);border:1px solid var(--line);border-radius:.6rem;margin:1rem 0;padding:1rem 1.25rem}
section.ours{border-color:var(--accent);border-width:2px}h2{font-size:1.05rem;margin:0 0 .5rem}
dl{display:grid;grid-template-columns:minmax(10rem,16rem) 1fr;gap:.35rem 1.25rem;margin:0}dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
@media(max-width:34rem){dl{grid-template-columns:1fr}dd{margin-bottom:.5rem}}
table{width:100%;border-collapse:collapse}th,td{text-align:left;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
form{display:flex;gap:.5rem;margin:1rem 0}input{flex:1;min-width:0;font:inherit;padding:.5rem .7rem;border:1px solid var(--line);border-radius:.4rem;background:var(--paper);color:inherit}
button{font:inherit;padding:.5rem 1rem;border:0;border-radius:.4rem;background:var(--accent);color:var(--paper)}`;

const LISTED = 50;

export function contactPage(account: Account, id: string): string | null {
  const found = account.contact(id);
  if (found === undefined) return null;
  const contact = account.winnerOf(found);
  const { definitions, groups } = account.catalogues.contacts;
  const byGroup = new Map<string, PropertyDefinition[]>();
  for (const definition of definitions.values())
    byGroup.set(definition.groupName, [...(byGroup.get(definition.groupName) ?? []), definition]);
  // Groups an app made come first: they are what one came to look at.
  const sections = [...groups.values()]
    .filter((group) => byGroup.has(group.name))
    .sort((a, b) => a.displayOrder - b.displayOrder)
    .map((group) => {
      const own = group.displayOrder < 0;
      const rows = (byGroup.get(group.name) ?? [])
        .map((definition) => ({ definition, text: display(definition, valueOf("contacts", contact, definition.name)) }))
        .filter(({ text }) => own || text !== null)
        .map(
          ({ definition, text }) =>
            `<dt title="${escaped(definition.name)}">${escaped(definition.label)}</dt><dd>${text === null ? '<span class="soft">not set</span>' : escaped(text)}</dd>`,
        );
      return `<section${own ? ' class="ours"' : ""}><h2>${escaped(group.label)}</h2><dl>${rows.join("")}</dl></section>`;
    });
  const subscriptions = contact.statuses.map(
    (status) =>
      `<dt>${escaped(status.subscriptionName)}</dt><dd>${escaped(status.status)} <span class="soft">${escaped(status.source)}, ${escaped(status.timestamp)}</span></dd>`,
  );
  const note = [
    contact === found ? "" : `Record ${found.id} was merged into this one.`,
    contact.archivedAt === null ? "" : "This contact is deleted.",
  ].join(" ");
  return page(
    nameOf(contact),
    `<p><a href="/contacts">All contacts</a></p><h1>${escaped(nameOf(contact))}</h1>
<p class="soft">Contact ${escaped(contact.id)}. ${escaped(note)}</p>${sections.join("")}
${subscriptions.length === 0 ? "" : `<section><h2>Subscriptions</h2><dl>${subscriptions.join("")}</dl></section>`}`,
  );
}

export function contactListPage(account: Account, query: string): string {
  const wanted = query.trim().toLowerCase();
  const rows: StoredObject[] = [];
  for (const { object } of account.stores.contacts.index()) {
    if (rows.length === LISTED) break;
    if (
      wanted === "" ||
      `${nameOf(object)} ${object.properties.email ?? ""} ${object.id}`.toLowerCase().includes(wanted)
    )
      rows.push(object);
  }
  const body = rows.map(
    (contact) =>
      `<tr><td><a href="/contacts/${encodeURIComponent(contact.id)}">${escaped(nameOf(contact))}</a></td><td>${escaped(contact.properties.email ?? "")}</td><td class="soft">${escaped(contact.id)}</td></tr>`,
  );
  const count =
    rows.length === LISTED
      ? `the first ${LISTED} of ${account.stores.contacts.index().length} contacts`
      : `${rows.length} contacts`;
  return page(
    "Contacts",
    `<h1>Contacts</h1><form action="/contacts"><input type="search" name="q" aria-label="Search by name, e-mail or id" placeholder="Name, e-mail or id" value="${escaped(query)}"><button>Search</button></form>
<p class="soft">Showing ${count}${wanted === "" ? "" : ` matching “${escaped(query)}”`}.</p><section><table><thead><tr><th>Name</th><th>E-mail</th><th>Id</th></tr></thead><tbody>${body.join("")}</tbody></table></section>`,
  );
}

function page(title: string, body: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escaped(title)} – HubSpot twin</title><style>${STYLE}</style></head><body><main>${body}</main></body></html>`;
}

function nameOf({ properties, id }: StoredObject): string {
  const name = [properties.firstname, properties.lastname].filter(Boolean).join(" ");
  return name === "" ? (properties.email ?? `Contact ${id}`) : name;
}

function display(definition: PropertyDefinition, value: string | null): string | null {
  if (value === null || value === "") return null;
  if (definition.type !== "enumeration" || definition.options.length === 0) return value;
  return value
    .split(";")
    .map((part) => definition.options.find((option) => option.value === part)?.label ?? part)
    .join(", ");
}

function escaped(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };
  return text.replace(/[&<>"']/g, (character) => names[character] ?? "");
}
