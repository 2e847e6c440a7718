import { connectorOf } from "#connectors/registry.ts";
import type { PlanSummary } from "#profile/store/plan/rows.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { count, empty, instant, table } from "./layout.ts";
import { stateBadge } from "./plan-state.ts";

export function plansPage(plans: PlanSummary[]): Html {
  return html`
    <h1>Plans</h1>
    <p class="lead">
      What was or would be written into a tool, value by value. The first plan of a tool waits for a person, and so does
      the next one after an undo; whatever was written can be undone as long as its plan is kept.
    </p>
    ${
      plans.length === 0
        ? empty("No plan yet. A run of the loop makes one when a tool's values differ from ours.")
        : table(
            "Plans, newest first",
            [
              "Plan",
              "Tool",
              "What",
              "State",
              { number: "Records to change" },
              { number: "Compared" },
              "Made",
              "Approved by",
            ],
            plans.map(
              (plan) =>
                html`<tr>
                  <td>
                    <a href="/plans/${plan.planId}"><code>${plan.planId.slice(0, 8)}</code></a>
                  </td>
                  <td>${connectorOf(plan.connector).title} <span class="soft">${plan.connection}</span></td>
                  <td>${plan.kind === "undo" ? "take back" : "write"}</td>
                  <td>${stateBadge(plan.status)}</td>
                  <td class="number">${count(plan.changes)}</td>
                  <td class="number">${plan.kind === "undo" ? "–" : count(plan.compared)}</td>
                  <td class="nowrap">${instant(plan.createdAt)}</td>
                  <td>${plan.approvedBy ?? "–"}</td>
                </tr>`,
            ),
          )
    }
  `;
}
