import { signInsOf } from "#connectors/core/auth.ts";
import { missing } from "#connectors/core/oauth/sign-in.ts";
import { connectorOf } from "#connectors/registry.ts";
import type { Connection, ConnectionStatus } from "#profile/store/connections.ts";
import type { SignInState } from "#profile/store/credentials.ts";
import type { SignInWay } from "../connect-routes.ts";
import { html } from "../html.ts";
import type { Html } from "../html.ts";
import { badge, empty, instant, section, table } from "./layout.ts";

export interface ConnectionsPage {
  connections: Connection[];
  signIns: SignInState[];
  ways: SignInWay[];
}

/** What is connected and how, and where people could sign in. Connecting is the command line's. */
export function connectionsPage({ connections, signIns, ways }: ConnectionsPage): Html {
  const byConnection = new Map(signIns.map((state) => [state.connectionId, state]));
  const rows = connections.map((connection) => row(connection, byConnection.get(connection.connectionId)));
  return html`<h1>Connections</h1>
    ${
      rows.length === 0
        ? empty("No tool is connected yet: npx tributary connect --help")
        : table("Connections", ["Tool", "Name", "Account", "State", "How", "Tokens refreshed"], rows)
    }
    ${section(
      "Signing in",
      html`<ul>
        ${ways.map(wayItem)}
      </ul>`,
    )}`;
}

function row(connection: Connection, state: SignInState | undefined): Html {
  const { connector, name, externalAccount, mode, status, statusReason } = connection;
  const account = externalAccount === null ? "" : `${externalAccount}${mode === null ? "" : ` (${mode})`}`;
  return html`<tr>
    <td>${connectorOf(connector).title}</td>
    <td>${name}</td>
    <td>${account}</td>
    <td>${stateOf(status)}${statusReason === null ? null : html` ${statusReason}`}${todo(connection)}</td>
    <td>${state === undefined ? "credentials" : html`signed in${withheld(connector, state)}`}</td>
    <td>${state === undefined ? null : instant(state.refreshedAt)}</td>
  </tr>`;
}

const MOODS: Record<ConnectionStatus, Parameters<typeof badge>[0]> = {
  ready: "good",
  paused: "plain",
  disconnected: "plain",
  needs_reconnect: "bad",
  needs_permission: "attention",
};

const stateOf = (status: ConnectionStatus): Html => badge(MOODS[status], status.replaceAll("_", " "));

function todo({ connector, status }: Connection): Html | null {
  return status === "needs_reconnect" ? html` <code>npx tributary reconnect ${connector}</code>` : null;
}

/** Optional scopes that were not granted: what the connection does without. */
function withheld(connector: string, { way: id, scopes }: SignInState): Html | null {
  const way = signInsOf(connectorOf(connector).auth).find((each) => each.id === id);
  const lacking = way === undefined ? [] : missing(way.scopes.optional, scopes);
  if (lacking.length === 0) return null;
  return html`; not granted: ${lacking.map(({ name, purpose }) => `${name} (to ${purpose})`).join(", ")}`;
}

function wayItem({ connector, app, isSetUp, variables }: SignInWay): Html {
  const tool = connectorOf(connector).title;
  return isSetUp
    ? html`<li>${tool}, by ${app}: <code>npx tributary connect ${connector}</code></li>`
    : html`<li>
        ${tool}, by ${app}: once an operator has set ${variables.map((name) => html`<code>${name}</code> `)} for workers
        and consoles
      </li>`;
}
