import { connectorOf } from "#connectors/registry.ts";
import type { RejectReason } from "#profile/store/views/health.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import type { Overview, StreamRow } from "#profile/store/views/read.ts";
import type { Run } from "#profile/store/runs.ts";
import { describeOutcome, describeStep } from "../../run-steps.ts";
import { describeStream } from "../../stream-state.ts";
import { traitTitle, valueWords } from "../../trait-words.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { badge, count, empty, instant, section, table } from "./layout.ts";

interface OverviewInput {
  overview: Overview;
  streams: StreamRow[];
  run: Run | undefined;
  rejects: RejectReason[];
  waiting: PlanSummary[];
}

const SPREADS = ["lifecycle_stage", "next_best_action", "churn_risk_band"];

export function overviewPage({ overview, streams, run, rejects, waiting }: OverviewInput): Html {
  return html`
    <h1>Overview</h1>
    <p class="lead">
      ${run === undefined ? "No run yet: tributary sync starts one." : html`Last run ${instant(run.startedAt)}: ${describeOutcome(run)}`}
    </p>
    ${waiting.map(
      (plan) =>
        html`<p class="notice">
          A plan is waiting for you: ${count(plan.changes)} records to change in ${connectorOf(plan.connector).title}.
          <a href="/plans/${plan.planId}">See what would be written</a>
        </p>`,
    )}
    <div class="cards">
      ${card(overview.profiles, "customers")} ${card(overview.profiles + overview.duplicates, "records they come from")}
      ${card(overview.duplicates, "duplicates resolved")} ${card(overview.orders, "orders")}
      ${card(overview.openRejects, "rows not taken, kept with their reason")}
    </div>
    <div class="columns">
      ${SPREADS.map((trait) => section(traitTitle(trait), spread(overview, trait)))}
      ${section("Consent", consents(overview))}
    </div>
    ${section("Streams", streams.length === 0 ? empty("No tool has been read yet.") : streamTable(streams))}
    ${rejects.length === 0 ? null : section("Rows not taken, and remarks on rows that were", rejectTable(rejects))}
    ${run === undefined ? null : section("Last run, step by step", steps(run))}
  `;
}

const card = (value: number, words: string): Html =>
  html`<div class="card"><b>${count(value)}</b><span class="label">${words}</span></div>`;

function spread(overview: Overview, trait: string): Html {
  const rows = overview.traits.filter(({ name }) => name === trait);
  if (rows.length === 0) return empty("Not scored yet.");
  const most = Math.max(...rows.map(({ profiles }) => profiles));
  return table(
    traitTitle(trait),
    [traitTitle(trait), "", { number: "Customers" }],
    rows.map(
      ({ value, profiles }) =>
        html`<tr>
          <th scope="row">${valueWords(trait, value) ?? html`<span class="soft">Too little is known</span>`}</th>
          <td class="bar">
            <svg class="bar" aria-hidden="true">
              <rect width="${((100 * profiles) / most).toFixed(1)}%" height="100%" />
            </svg>
          </td>
          <td class="number">${count(profiles)}</td>
        </tr>`,
    ),
  );
}

const STATES = ["granted", "denied", "withdrawn", "unknown"];

function consents({ consents: rows }: Overview): Html {
  if (rows.length === 0)
    return empty("No consent is on record. Without it, marketing by e-mail or text message is not allowed.");
  const groups = Map.groupBy(rows, ({ purpose, channel }) =>
    channel === "any" ? purpose : `${purpose} by ${channel}`,
  );
  return html`${table(
      "Consent by purpose and channel",
      ["What for", ...STATES.map((state) => ({ number: state }))],
      [...groups].map(
        ([name, states]) =>
          html`<tr>
            <th scope="row">${name}</th>
            ${STATES.map((state) => html`<td class="number">${count(states.find((row) => row.state === state)?.profiles ?? 0)}</td>`)}
          </tr>`,
      ),
    )}
    <p class="soft small">Unknown is not yes. Customers of whom nothing is recorded are not counted here.</p>`;
}

function streamTable(streams: StreamRow[]): Html {
  return table(
    "Streams",
    ["Tool", "Stream", "State", { number: "Rows read" }, { number: "At the tool" }, { number: "Here" }, "Up to date"],
    streams.map((stream) => {
      const { mood, words } = describeStream(stream);
      return html`<tr>
        <td>${connectorOf(stream.connector).title} <span class="soft">${stream.connectionName}</span></td>
        <td>${stream.stream}</td>
        <td>${badge(mood === "busy" ? "plain" : mood, words)}</td>
        <td class="number">${count(stream.recordsRead)}</td>
        <td class="number">${stream.vendorCount === null ? "–" : count(stream.vendorCount)}</td>
        <td class="number">${stream.storedCount === null ? "–" : count(stream.storedCount)}</td>
        <td class="nowrap">${instant(stream.lastSuccessAt)}</td>
      </tr>`;
    }),
  );
}

function rejectTable(rejects: RejectReason[]): Html {
  return table(
    "Rows not understood",
    ["Tool", "Stream", "Reason", { number: "Rows" }],
    rejects.map(
      ({ connector, connection, stream, reason, rows }) =>
        html`<tr>
          <td>${connectorOf(connector).title} <span class="soft">${connection}</span></td>
          <td>${stream}</td>
          <td class="wrap">${reason}</td>
          <td class="number">${count(rows)}</td>
        </tr>`,
    ),
  );
}

function steps({ steps: list }: Run): Html {
  return table(
    "Steps of the last run",
    ["Step", "Did", { number: "Seconds" }, { number: "Per second" }],
    list.map(describeStep).map(
      ({ step, did, seconds, perSecond }) =>
        html`<tr>
          <td class="nowrap">${step}</td>
          <td class="wrap">${did}</td>
          <td class="number">${seconds === null ? "…" : seconds.toFixed(1)}</td>
          <td class="number">${perSecond === null ? "–" : count(perSecond)}</td>
        </tr>`,
    ),
  );
}
