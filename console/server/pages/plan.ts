import { connectorOf } from "#connectors/registry.ts";
import { WRITTEN } from "#profile/plan/types.ts";
import type { PlanView } from "#profile/store/plan/store.ts";
import { fieldEntries } from "../../trait-words.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { count, empty, instant, section, table } from "./layout.ts";
import { stateBadge } from "./plan-state.ts";

export function planPage(plan: PlanView): Html {
  const tool = connectorOf(plan.connector).title;
  return html`
    <h1>${titleOf(plan, tool)}</h1>
    <p class="lead">
      Plan <code>${plan.planId}</code>, made ${instant(plan.createdAt)}
      ${plan.undoOf === null ? null : html`, takes back <a href="/plans/${plan.undoOf}">plan ${plan.undoOf.slice(0, 8)}</a>`}
    </p>
    ${
      plan.status === "waiting"
        ? html`<p class="notice">
            It waits for you. If it is right: <code>npx tributary plan approve ${plan.planId.slice(0, 8)}</code>; if
            not:
            <code>npx tributary plan reject ${plan.planId.slice(0, 8)}</code>
          </p>`
        : null
    }
    <div class="cards">
      ${card(stateBadge(plan.status), "state")} ${card(count(plan.changes), "records to change")}
      ${plan.kind === "undo" ? null : card(count(plan.compared), "compared with the live values")}
      ${card(count(plan.destinationRecords), `records in ${tool}`)}
    </div>
    <p class="soft small">
      ${plan.approvedBy === null ? null : html`Approved by ${plan.approvedBy}, ${instant(plan.approvedAt)}. `}
      ${plan.finishedAt === null ? null : html`Ended ${instant(plan.finishedAt)}. `}
      ${
        plan.prunedAt === null
          ? null
          : html`Its changes are past the time they are kept for and were removed ${instant(plan.prunedAt)}: it can no
            longer be undone. `
      }
      ${plan.digest === null ? null : html`Sealed by <code>${plan.digest}</code>: what is approved is what is written.`}
    </p>
    <div class="columns">
      ${section("Records by state", pairs("Records by state", plan.counts, stateBadge))}
      ${section(
        "Records by field",
        pairs("Records by field", plan.fields, (field) => html`<code>${field}</code>`),
      )}
    </div>
    ${section("The first records, failed ones before others", plan.sample.length === 0 ? empty("None.") : sample(plan))}
  `;
}

function titleOf({ kind, status }: PlanView, tool: string): string {
  if (kind === "undo") return `Taking back what was written into ${tool}`;
  const isOver = WRITTEN.some((written) => written === status);
  return isOver ? `What was written into ${tool}` : `What would be written into ${tool}`;
}

const card = (value: Html | string, words: string): Html =>
  html`<div class="card"><b>${value}</b><span class="label">${words}</span></div>`;

function pairs(label: string, counts: Record<string, number>, show: (name: string) => Html): Html {
  const rows = fieldEntries(counts);
  if (rows.length === 0) return empty("None.");
  return table(
    label,
    ["", { number: "Records" }],
    rows.map(
      ([name, value]) =>
        html`<tr>
          <td>${show(name)}</td>
          <td class="number">${count(value)}</td>
        </tr>`,
    ),
  );
}

function sample({ sample: changes }: PlanView): Html {
  return table(
    "Changes",
    ["Record", "Field", "Before", "After"],
    changes.flatMap(({ vendorId, before, after, status, reason }) =>
      fieldEntries(after).map(
        ([field, value], index) =>
          html`<tr class="${index === 0 ? "group" : ""}">
            <td>
              ${
                index === 0
                  ? html`<code>${vendorId}</code> ${stateBadge(status)}
                      ${reason === null ? null : html`<div class="soft small">${reason}</div>`}`
                  : null
              }
            </td>
            <td><code>${field}</code></td>
            <td class="wrap">${before[field] ?? html`<span class="soft">empty</span>`}</td>
            <td class="wrap">${value ?? html`<span class="soft">empty</span>`}</td>
          </tr>`,
      ),
    ),
  );
}
