import type { ProfileRow } from "#profile/store/views/profile.ts";
import { customerName } from "../../customer-name.ts";
import { valueWords } from "../../trait-words.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { empty, table } from "./layout.ts";
import { riskBadge } from "./risk.ts";

interface ProfilesInput {
  rows: ProfileRow[];
  /** This is the first page. */
  first: boolean;
  /** Where the next page starts; null at the end. */
  next: string | null;
  /** The search that found nothing. */
  query?: string;
}

export function profilesPage({ rows, first, next, query }: ProfilesInput): Html {
  return html`
    <h1>Customers</h1>
    <p class="lead">One profile per customer, from all connected tools.</p>
    <form action="/profiles/find" role="search">
      <input
        type="search"
        name="q"
        value="${query ?? ""}"
        aria-label="E-mail, phone or id"
        placeholder="E-mail, phone or id"
      />
      <button>Find</button>
    </form>
    ${rows.length === 0 ? nobody(query, first) : list(rows)}
    <p class="pages">
      ${first ? null : html`<a href="/profiles">First page</a>`}
      ${next === null ? null : html`<a href="/profiles?after=${next}" rel="next">Next page</a>`}
      ${query === undefined ? null : html`<a href="/profiles">All customers</a>`}
    </p>
  `;
}

function nobody(query: string | undefined, first: boolean): Html {
  if (query === "") return empty("Enter an e-mail address, a phone number or an id.");
  if (query !== undefined)
    return empty(
      "No customer has that. Try another address, a phone number with its country code, or an id as a tool shows it.",
    );
  return empty(first ? "No customers yet. They appear when the first run has read a tool." : "That was the last page.");
}

function list(rows: ProfileRow[]): Html {
  return table(
    "Customers",
    ["Customer", "E-mail", "Stage", "Churn risk", "Next best action", { number: "Records" }],
    rows.map((row) => {
      const people = row.people ?? [];
      return html`<tr>
        <td><a href="/profiles/${row.profileId}">${customerName(people)}</a></td>
        <td>${people.flatMap(({ emails }) => emails)[0] ?? html`<span class="soft">–</span>`}</td>
        <td>${traitOf(row, "lifecycle_stage")}</td>
        <td>${riskBadge(row.traits?.["churn_risk_band"]?.value)}</td>
        <td>${traitOf(row, "next_best_action")}</td>
        <td class="number">${people.length}</td>
      </tr>`;
    }),
  );
}

function traitOf(row: ProfileRow, name: string): Html {
  return html`${valueWords(name, row.traits?.[name]?.value) ?? html`<span class="soft">–</span>`}`;
}
