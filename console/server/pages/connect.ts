import type { Connector } from "#connectors/core/contract.ts";
import type { Scope, SignIn } from "#connectors/core/oauth/sign-in.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { Connection } from "#profile/store/connections.ts";
import type { SignInEnding } from "../../sign-in.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { section } from "./layout.ts";

/** Before the person leaves for the vendor: what will be asked, and why. */
export function beginPage(what: { connector: Connector; way: SignIn; workspace: string; url: string }): Html {
  const { connector, way, workspace, url } = what;
  const { required, optional } = way.scopes;
  return html`<h1>Connect ${connector.title}</h1>
    <p class="lead">${connector.title} will ask which account to connect to ${workspace}, and whether Tributary may:</p>
    ${section("Needed", list(required, "what the app's own settings at the tool say"))}
    ${optional.length === 0 ? null : section("Optional: without it less works", list(optional, ""))}
    <p><a href="${url}" rel="noreferrer">Continue to ${connector.title}</a></p>
    <p class="soft">Nothing is written to it before you approve a plan. Close this page to connect nothing.</p>`;
}

type Connected = Extract<SignInEnding, { outcome: "connected" }>;

export function endPage(what: { connector: string; connection: Connection; ending: Connected }): Html {
  const { connection, ending } = what;
  const tool = connectorOf(what.connector).title;
  const verb = ending.renewed ? "is signed in again" : "is connected";
  const mode = { live: "It is a live account: its customers are real.", test: "It counts as a test account." };
  return html`<h1>Connected</h1>
    <p class="lead">${ending.title} ${verb} as "${connection.name}".</p>
    <p>
      ${connection.mode === null ? `${tool} does not say whether it is a live or a test account.` : mode[connection.mode]}
    </p>
    ${
      ending.withheld.length === 0
        ? null
        : section(
            "Not granted",
            html`<p>It works without; what this leaves out:</p>
              ${list(ending.withheld, "")}`,
          )
    }
    ${
      ending.lacking.length === 0
        ? null
        : section(
            "Cannot be read",
            html`<ul>
              ${ending.lacking.map(({ stream, reason }) => html`<li>${stream}: ${reason}</li>`)}
            </ul>`,
          )
    }
    <p>You can close this page. Next: <code>npx tributary sync</code></p>`;
}

export function refusedPage(why: string): Html {
  return html`<h1>Not connected</h1>
    <p class="lead">${why}</p>`;
}

function list(scopes: readonly Scope[], otherwise: string): Html {
  if (scopes.length === 0) return html`<p>${otherwise}</p>`;
  return html`<ul>
    ${scopes.map(({ name, purpose }) => html`<li>${purpose} <span class="soft">(${name})</span></li>`)}
  </ul>`;
}
