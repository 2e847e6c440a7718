import { connectorOf } from "#connectors/registry.ts";
import type { ProfileExplanation } from "#profile/store/identity/explain.ts";
import type { ProfileRecord, ProfileTrait, ProfileView } from "#profile/store/views/profile.ts";
import { customerName } from "../../customer-name.ts";
import { groupEvidence } from "../../evidence.ts";
import { money } from "../../money.ts";
import { fieldEntries, traitTitle, valueWords } from "../../trait-words.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { badge, count, empty, instant, section, table } from "./layout.ts";
import { riskBadge } from "./risk.ts";

/** Beyond that, a list is folded. */
const SHOWN = 8;

export function profilePage(view: ProfileView, why: ProfileExplanation): Html {
  const { display } = why;
  return html`
    <h1>${display.name ?? customerName(view.records.map(({ person }) => person))}</h1>
    <p class="lead">${[display.email, display.phone].filter(Boolean).join(" · ")}</p>
    ${
      view.traits.length === 0
        ? empty("Not scored yet; the next run does it.")
        : html`<div class="cards wide">${cardsOf(view.traits)}</div>`
    }
    ${section("Known, from where, and why this", known(why.facts))} ${section("Consent", consents(view))}
    ${section("Orders", orders(view))}
    ${section(`Known from ${count(view.records.length)} ${view.records.length === 1 ? "record" : "records"}`, records(view.records))}
    ${section("Why these records are one person", evidence(why.evidence))}
    ${
      why.refusals.length === 0
        ? null
        : section("Kept apart from others although something matches", list(why.refusals))
    }
    ${why.weighed.length === 0 ? null : section("What says less than it seems to", list(why.weighed))}
    ${section("Written into tools", deliveries(view))}
    <p class="soft small">
      Profile <code>${view.profileId}</code>${
        view.aliases.length === 0 ? null : html`, formerly ${view.aliases.map((alias) => html`<code>${alias}</code> `)}`
      }
    </p>
  `;
}

function known(facts: ProfileExplanation["facts"]): Html {
  if (facts.length === 0) return empty("Nothing.");
  return table(
    "Known",
    ["What", "Value", "Record", "Why this one"],
    facts.map(
      ({ title, value, record, why }) =>
        html`<tr>
          <td>${title}</td>
          <td class="wrap">${value}</td>
          <td><code>${record}</code></td>
          <td class="wrap">${why}</td>
        </tr>`,
    ),
  );
}

const ORDER = ["lifecycle_stage", "churn_risk_band", "next_best_action"];

/** The risk's number stands on the card of its band: they are one answer with the same reasons. */
function cardsOf(traits: ProfileTrait[]): Html[] {
  const placeOf = ({ name }: ProfileTrait) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  const risk = traits.find(({ name }) => name === "churn_risk")?.value;
  const banded = traits.some(({ name }) => name === "churn_risk_band");
  return traits
    .filter(({ name }) => name !== "churn_risk" || !banded)
    .toSorted((a, b) => placeOf(a) - placeOf(b))
    .map((trait) => traitCard(trait, trait.name === "churn_risk_band" && typeof risk === "number" ? risk : null));
}

function traitCard({ name, status, value, reasons, method, computedAt }: ProfileTrait, index: number | null): Html {
  const answer = name === "churn_risk_band" ? riskBadge(value) : html`${valueWords(name, value)}`;
  return html`<div class="card">
    <span class="label">${traitTitle(name)}</span>
    <div class="answer">
      ${status === "refused" ? html`<span class="soft">No answer</span>` : answer}
      ${index === null ? null : html`<span class="soft small">${index} of 100</span>`}
      ${status === "low_confidence" ? badge("attention", "not sure") : null}
    </div>
    <ul>
      ${reasons.map((reason) => html`<li>${reason}</li>`)}
    </ul>
    <p class="soft small">${method}, ${instant(computedAt)}</p>
  </div>`;
}

const MOODS: Record<string, "good" | "bad" | "plain"> = { granted: "good", denied: "bad", withdrawn: "bad" };

function consents({ consents: rows }: ProfileView): Html {
  if (rows.length === 0) return empty("Nothing is on record: marketing by e-mail or text message is not allowed.");
  return table(
    "Consent",
    ["What for", "State", "Since", "Why"],
    rows.map(
      ({ purpose, channel, state, effectiveAt, reason }) =>
        html`<tr>
          <td>${channel === "any" ? purpose : `${purpose} by ${channel}`}</td>
          <td>${badge(MOODS[state] ?? "plain", state)}</td>
          <td>${effectiveAt === null ? "–" : instant(effectiveAt)}</td>
          <td class="wrap">${reason}</td>
        </tr>`,
    ),
  );
}

function orders({ orders: rows }: ProfileView): Html {
  if (rows.length === 0) return empty("No order is known.");
  return table(
    "Orders by currency",
    [{ number: "Orders" }, { number: "Worth after refunds" }, "First", "Last"],
    rows.map(
      (row) =>
        html`<tr>
          <td class="number">${count(row.count)}</td>
          <td class="number">${money(row.netMinor, row.currency)}</td>
          <td>${instant(row.firstAt)}</td>
          <td>${instant(row.lastAt)}</td>
        </tr>`,
    ),
  );
}

function records(all: ProfileRecord[]): Html {
  const tableOf = (rows: ProfileRecord[]) =>
    table(
      "Records",
      ["Tool", "Record", "Name", "E-mail", "Phone", "First seen"],
      rows.map(
        ({ connector, connection, stream, vendorId, person, deleted, firstSeenAt }) =>
          html`<tr>
            <td>${connectorOf(connector).title} <span class="soft">${connection}</span></td>
            <td><code>${stream}/${vendorId}</code> ${deleted ? badge("attention", "deleted there") : null}</td>
            <td>${[person.firstName, person.lastName].filter(Boolean).join(" ") || "–"}</td>
            <td>${person.emails.join(", ") || "–"}</td>
            <td class="nowrap">${person.phones.join(", ") || "–"}</td>
            <td class="nowrap">${instant(firstSeenAt)}</td>
          </tr>`,
      ),
    );
  return folded(all, tableOf, (rest) => `${count(rest)} more records`);
}

function evidence(sentences: string[]): Html {
  if (sentences.length === 0) return empty("A single record: nothing was joined.");
  return html`<ul class="plain">
    ${groupEvidence(sentences).map(({ reason, pairs }) =>
      pairs.length === 1
        ? html`<li>${pairs[0] ?? ""}: ${reason}</li>`
        : html`<li>
            <details>
              <summary>${count(pairs.length)} times ${reason}</summary>
              ${list(pairs)}
            </details>
          </li>`,
    )}
  </ul>`;
}

function deliveries({ deliveries: rows }: ProfileView): Html {
  if (rows.length === 0) return empty("Nothing yet.");
  return html`<div class="cards wide">
    ${rows.map(
      ({ connector, vendorId, values, deliveredAt, planId }) =>
        html`<div class="card">
          <span class="label">
            ${connectorOf(connector).title} <code>${vendorId}</code>, ${instant(deliveredAt)},
            <a href="/plans/${planId}">plan ${planId.slice(0, 8)}</a>
          </span>
          <dl>
            ${fieldEntries(values).map(
              ([field, value]) =>
                html`<dt><code>${field}</code></dt>
                  <dd>${value ?? html`<span class="soft">cleared</span>`}</dd>`,
            )}
          </dl>
        </div>`,
    )}
  </div>`;
}

function list(lines: string[]): Html {
  const listOf = (some: string[]) =>
    html`<ul>
      ${some.map((line) => html`<li>${line}</li>`)}
    </ul>`;
  return folded(lines, listOf, (rest) => `${count(rest)} more`);
}

/** The first few, the others behind a click. */
function folded<Item>(items: Item[], show: (items: Item[]) => Html, words: (rest: number) => string): Html {
  const rest = items.slice(SHOWN);
  if (rest.length === 0) return show(items);
  return html`${show(items.slice(0, SHOWN))}
    <details>
      <summary>${words(rest.length)}</summary>
      ${show(rest)}
    </details>`;
}
