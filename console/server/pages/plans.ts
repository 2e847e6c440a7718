import type { PlanSummary } from "#profile/store/plans-rows.ts";
import type { PlanView } from "#profile/store/plans.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { empty, instant } from "./layout.ts";

export function plansPage(plans: PlanSummary[]): Html {
  return html`
    <h1>Plans</h1>
    <p class="lead">What was or would be written into a tool. The first plan of a tool waits for a person.</p>
    ${
      plans.length === 0
        ? empty("No plan yet. One is made when a tool's values differ from ours.")
        : html`<table>
            <thead>
              <tr>
                <th>Plan</th>
                <th>Tool</th>
                <th>Kind</th>
                <th>State</th>
                <th class="number">Changes</th>
                <th>Made</th>
                <th>Approved by</th>
              </tr>
            </thead>
            <tbody>
              ${plans.map(
                (plan) =>
                  html`<tr>
                    <td>
                      <a href="/plans/${plan.planId}"><code>${plan.planId.slice(0, 8)}</code></a>
                    </td>
                    <td>${plan.connector}</td>
                    <td>${plan.kind}</td>
                    <td>${plan.status.replaceAll("_", " ")}</td>
                    <td class="number">${plan.changes.toLocaleString("en")}</td>
                    <td>${instant(plan.createdAt)}</td>
                    <td>${plan.approvedBy ?? "–"}</td>
                  </tr>`,
              )}
            </tbody>
          </table>`
    }
  `;
}

export function planPage(plan: PlanView): Html {
  return html`
    <h1>Plan for ${plan.connector}</h1>
    <p class="lead">
      ${plan.status.replaceAll("_", " ")}; ${plan.changes.toLocaleString("en")} of
      ${plan.destinationRecords.toLocaleString("en")} records, ${plan.compared.toLocaleString("en")} compared, made
      ${instant(plan.createdAt)}
    </p>
    ${plan.status === "waiting" ? html`<p>If it is right: <code>npx tributary plan approve ${plan.planId}</code></p>` : null}
    ${plan.digest === null ? null : html`<p class="soft">Digest <code>${plan.digest}</code></p>`}
    <h2>Records by state</h2>
    ${pairs(plan.counts)}
    <h2>Records by field</h2>
    ${pairs(plan.fields)}
    <h2>The first records</h2>
    <table>
      <thead>
        <tr>
          <th>Record</th>
          <th>State</th>
          <th>Field</th>
          <th>Before</th>
          <th>After</th>
        </tr>
      </thead>
      <tbody>
        ${plan.sample.flatMap(({ vendorId, before, after, status, reason }) =>
          Object.keys(after).map(
            (field, index) =>
              html`<tr>
                <td>${index === 0 ? html`<code>${vendorId}</code>` : null}</td>
                <td>${index === 0 ? `${status}${reason === null ? "" : `: ${reason}`}` : null}</td>
                <td><code>${field}</code></td>
                <td>${before[field] ?? html`<span class="soft">empty</span>`}</td>
                <td>${after[field] ?? html`<span class="soft">empty</span>`}</td>
              </tr>`,
          ),
        )}
      </tbody>
    </table>
  `;
}

function pairs(counts: Record<string, number>): Html {
  return html`<table>
    <tbody>
      ${Object.entries(counts).map(
        ([name, value]) =>
          html`<tr>
            <td>${name}</td>
            <td class="number">${value.toLocaleString("en")}</td>
          </tr>`,
      )}
    </tbody>
  </table>`;
}
