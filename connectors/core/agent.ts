/**
 * Sockets that stay with the host they were meant for. Apart from `http.ts`, which every command loads: with `node:http`
 * Node loads all of its own `fetch`, a tenth of the time in which a short command is done.
 */
import { Agent as HttpAgent } from "node:http";
import type { AgentOptions } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { ConnectorError } from "./errors.ts";

/** As Node's own agent has it. */
const KEEP_ALIVE: AgentOptions = { keepAlive: true, scheduling: "lifo", timeout: 5_000 };

/** For SDKs: an agent that connects to the host of `baseUrl` and to no other, wherever a redirect points. */
export function agentFor(baseUrl: string): HttpAgent {
  const { protocol, hostname: written, port } = new URL(baseUrl);
  // Sockets take an IPv6 address without its brackets.
  const hostname = written.replace(/^\[|\]$/g, "");
  const secure = protocol === "https:";
  const allowed = `${hostname}:${port || (secure ? 443 : 80)}`;
  const agent = secure ? new HttpsAgent(KEEP_ALIVE) : new HttpAgent(KEEP_ALIVE);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (options, callback) => {
    if (`${options.host ?? hostname}:${options.port ?? ""}` === allowed) return connect(options, callback);
    throw new ConnectorError("contract", "The vendor redirected us to another host; redirects are not followed.");
  };
  return agent;
}
