import type { Overview, StreamRow } from "#profile/store/read.ts";
import type { Run } from "#profile/store/runs.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { empty, instant } from "./layout.ts";

export function overviewPage(overview: Overview, streams: StreamRow[], run: Run | undefined): Html {
  return html`
    <h1>Overview</h1>
    <p class="lead">${run === undefined ? "No run yet." : html`Last run ${instant(run.startedAt)}: ${outcome(run)}`}</p>
    <div class="cards">
      ${card(overview.profiles, "customers")} ${card(overview.personRecords, "records they are known from")}
      ${card(overview.duplicates, "duplicates resolved")} ${card(overview.orders, "orders")}
      ${card(overview.openRejects, "rows not understood, kept")}
    </div>
    <h2>Streams</h2>
    ${streams.length === 0 ? empty("No tool has been read yet.") : streamTable(streams)}
    <h2>Lifecycle stage</h2>
    ${spread(overview, "lifecycle_stage")}
    <h2>Churn risk</h2>
    ${spread(overview, "churn_risk_band")}
    <h2>Next best action</h2>
    ${spread(overview, "next_best_action")}
    <h2>Consent</h2>
    ${
      overview.consents.length === 0
        ? empty("No statement about consent is known. Without one, marketing is not allowed.")
        : html`<table>
            <thead>
              <tr>
                <th>Purpose</th>
                <th>Channel</th>
                <th>State</th>
                <th class="number">Customers</th>
              </tr>
            </thead>
            <tbody>
              ${overview.consents.map(
                (row) =>
                  html`<tr>
                    <td>${row.purpose}</td>
                    <td>${row.channel}</td>
                    <td>${row.state}</td>
                    <td class="number">${count(row.profiles)}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
    ${
      run === undefined
        ? null
        : html`<h2>Last run, step by step</h2>
            ${steps(run)}`
    }
  `;
}

function outcome({ outcome: known, message }: Run): string {
  if (known === null) return "under way";
  return known === "ok" ? "all went well" : (message ?? "failed");
}

const card = (value: number, words: string): Html =>
  html`<div class="card"><b>${count(value)}</b><span>${words}</span></div>`;

function streamTable(streams: StreamRow[]): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Tool</th>
        <th>Stream</th>
        <th>State</th>
        <th class="number">At the vendor</th>
        <th class="number">Here</th>
        <th>Up to date</th>
      </tr>
    </thead>
    <tbody>
      ${streams.map(
        (stream) =>
          html`<tr>
            <td>${stream.connector} <span class="soft">${stream.connectionName}</span></td>
            <td>${stream.stream}</td>
            <td>${state(stream)}</td>
            <td class="number">${stream.vendorCount === null ? "–" : count(stream.vendorCount)}</td>
            <td class="number">${stream.storedCount === null ? "–" : count(stream.storedCount)}</td>
            <td>${instant(stream.lastSuccessAt)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function state(stream: StreamRow): Html {
  if (stream.errorMessage !== null) return html`<span class="warn">${stream.errorMessage}</span>`;
  if (!stream.complete) return html`being read`;
  const difference = (stream.vendorCount ?? 0) - (stream.storedCount ?? 0);
  return difference === 0 ? html`complete` : html`<span class="warn">counts differ by ${Math.abs(difference)}</span>`;
}

function spread(overview: Overview, trait: string): Html {
  const rows = overview.traits.filter(({ name }) => name === trait);
  if (rows.length === 0) return empty("Not scored yet.");
  const most = Math.max(...rows.map(({ profiles }) => profiles));
  return html`<table>
    <tbody>
      ${rows.map(
        ({ value, profiles }) =>
          html`<tr>
            <td>${value ?? html`<span class="soft">no answer</span>`}</td>
            <td>
              <div class="bar"><i style="width:${Math.round((100 * profiles) / most)}%"></i></div>
            </td>
            <td class="number">${count(profiles)}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

function steps({ steps: list }: Run): Html {
  return html`<table>
    <thead>
      <tr>
        <th>Step</th>
        <th>Did</th>
        <th class="number">Seconds</th>
      </tr>
    </thead>
    <tbody>
      ${list.map(
        ({ step, counts, startedAt, finishedAt }) =>
          html`<tr>
            <td>${step}</td>
            <td>
              ${
                Object.entries(counts)
                  .filter(([, value]) => value !== 0)
                  .map(([name, value]) => `${name} ${count(value)}`)
                  .join(", ") || "nothing to do"
              }
            </td>
            <td class="number">
              ${finishedAt === null ? "…" : ((finishedAt.getTime() - startedAt.getTime()) / 1000).toFixed(1)}
            </td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}

const count = (value: number): string => value.toLocaleString("en");
