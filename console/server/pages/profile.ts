import type { ProfileRow, ProfileView } from "#profile/store/profile-view.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { empty, instant } from "./layout.ts";

export function profilesPage(rows: ProfileRow[], query: string, next: string | null): Html {
  return html`
    <h1>Profiles</h1>
    <p class="lead">One per customer, from all connected tools.</p>
    <form action="/profiles/find" role="search">
      <input name="q" value="${query}" aria-label="E-mail, phone or id" placeholder="E-mail, phone or id" />
      <button>Find</button>
    </form>
    ${
      rows.length === 0
        ? empty("No profiles yet. They appear when the first sync has run.")
        : html`<table>
            <thead>
              <tr>
                <th>Customer</th>
                <th>Known from</th>
                <th>Stage</th>
                <th>Churn risk</th>
                <th>Next best action</th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                (row) =>
                  html`<tr>
                    <td><a href="/profiles/${row.profileId}">${nameOf(row)}</a></td>
                    <td>${row.people?.length ?? 0} records</td>
                    <td>${traitOf(row, "lifecycle_stage")}</td>
                    <td>${traitOf(row, "churn_risk_band")}</td>
                    <td>${traitOf(row, "next_best_action")}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    ${next === null ? null : html`<p><a href="/profiles?after=${next}">More</a></p>`}
  `;
}

export function profilePage(view: ProfileView, why: { evidence: string[]; refusals: string[] }): Html {
  const name = view.records
    .map(({ person }) => [person.firstName, person.lastName].filter(Boolean).join(" "))
    .find((text) => text !== "");
  return html`
    <h1>${name ?? "Unnamed customer"}</h1>
    <p class="lead">
      Profile <code>${view.profileId}</code>
      ${view.aliases.length > 0 ? html`, formerly ${view.aliases.map((alias) => html`<code>${alias}</code> `)}` : null}
    </p>
    <h2>Traits</h2>
    ${
      view.traits.length === 0
        ? empty("Not scored yet; the next sync does it.")
        : html`<table>
            <thead>
              <tr>
                <th>Trait</th>
                <th>Value</th>
                <th>Why</th>
                <th>Method</th>
                <th>Computed</th>
              </tr>
            </thead>
            <tbody>
              ${view.traits.map(
                (trait) =>
                  html`<tr>
                    <td>${trait.name}</td>
                    <td>
                      ${trait.status === "refused" ? html`<span class="soft">no answer</span>` : String(trait.value)}
                    </td>
                    <td>
                      <ul>
                        ${trait.reasons.map((reason) => html`<li>${reason}</li>`)}
                      </ul>
                    </td>
                    <td class="soft">${trait.method}</td>
                    <td>${instant(trait.computedAt)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    <h2>Known from</h2>
    <table>
      <thead>
        <tr>
          <th>Tool</th>
          <th>Record</th>
          <th>Name</th>
          <th>E-mail</th>
          <th>Phone</th>
        </tr>
      </thead>
      <tbody>
        ${view.records.map(
          ({ connector, stream, vendorId, person, deleted }) =>
            html`<tr>
              <td>${connector}</td>
              <td>
                <code>${stream}/${vendorId}</code>${deleted ? html` <span class="warn">deleted there</span>` : null}
              </td>
              <td>${[person.firstName, person.lastName].filter(Boolean).join(" ")}</td>
              <td>${person.emails.join(", ")}</td>
              <td>${person.phones.join(", ")}</td>
            </tr>`,
        )}
      </tbody>
    </table>
    <h2>Why they are one person</h2>
    ${list(why.evidence, "A single record; nothing was joined.")}
    ${
      why.refusals.length > 0
        ? html`<h2>Kept apart although something matches</h2>
            ${list(why.refusals, "")}`
        : null
    }
    <h2>Consent</h2>
    ${
      view.consents.length === 0
        ? empty("Nothing recorded: marketing is not allowed.")
        : html`<table>
            <thead>
              <tr>
                <th>Purpose</th>
                <th>Channel</th>
                <th>State</th>
                <th>Why</th>
              </tr>
            </thead>
            <tbody>
              ${view.consents.map(
                (consent) =>
                  html`<tr>
                    <td>${consent.purpose}</td>
                    <td>${consent.channel}</td>
                    <td>${consent.state}</td>
                    <td>${consent.reason}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    <h2>Written back</h2>
    ${
      view.deliveries.length === 0
        ? empty("Nothing yet.")
        : html`<table>
            <thead>
              <tr>
                <th>Tool</th>
                <th>Record</th>
                <th>Values</th>
                <th>When</th>
              </tr>
            </thead>
            <tbody>
              ${view.deliveries.map(
                (delivery) =>
                  html`<tr>
                    <td>${delivery.connector}</td>
                    <td><code>${delivery.vendorId}</code></td>
                    <td>
                      ${Object.entries(delivery.values).map(([field, value]) => html`<div><code>${field}</code> ${value ?? "(cleared)"}</div>`)}
                    </td>
                    <td>${instant(delivery.deliveredAt)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  `;
}

function list(lines: string[], otherwise: string): Html {
  return lines.length === 0
    ? empty(otherwise)
    : html`<ul>
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ul>`;
}

function nameOf(row: ProfileRow): string {
  const person = row.people?.find(({ firstName, lastName }) => firstName !== null || lastName !== null);
  const name = [person?.firstName, person?.lastName].filter(Boolean).join(" ");
  return name === "" ? (row.people?.[0]?.emails[0] ?? "Unnamed customer") : name;
}

function traitOf(row: ProfileRow, name: string): string {
  const value = row.traits?.[name]?.value;
  return value === null || value === undefined ? "–" : String(value);
}
