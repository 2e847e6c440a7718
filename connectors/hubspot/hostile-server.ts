/** For tests: a small HubSpot over plain HTTP that answers as told, in manners seen in public bug reports. */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: {
    inputs?: unknown[];
    filterGroups?: { filters: Filter[] }[];
    sorts?: string[];
    after?: string;
    limit?: number;
  };
}

interface Filter {
  propertyName: string;
  operator: string;
  value?: string;
  values?: string[];
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** A string goes out as it is, as HTML, and bytes as they are. */
  body: unknown;
}

export interface Row {
  id: unknown;
  properties: Record<string, string | null>;
  createdAt: string;
  updatedAt: string;
  archived?: boolean;
  archivedAt?: string;
}

export interface Manners {
  contacts: unknown[];
  archived: unknown[];
  companies: unknown[];
  /** Most rows on any page, whatever was asked for. */
  pageCap: number;
  /** What a search says of how many there are; null: the truth. */
  total: number | null;
  /** The search index's own idea of when a record changed: a changed row keeps its old place. */
  indexedAt: Map<string, number>;
  /** Answers in place of the usual one. */
  instead: (asked: Asked) => Answer | undefined;
  /** Puts rows in an order of the server's own. */
  order: ((rows: Row[]) => Row[]) | null;
  /** By address; an address not listed is not answered for. Null: nobody has any, and that is the answer. */
  statuses: Map<string, unknown[]> | null;
  /** Entries of the opt-out's history, by contact. */
  history: Map<string, unknown[]>;
}

const servers: Server[] = [];

export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export async function hostileHubspot(manners: Partial<Manners> = {}) {
  const vendor: Manners = {
    contacts: [],
    archived: [],
    companies: [],
    pageCap: 200,
    total: null,
    indexedAt: new Map(),
    instead: () => undefined,
    order: null,
    statuses: null,
    history: new Map(),
    ...manners,
  };
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void respond(request, response);
  });
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    const body = await read(request);
    const url = new URL(request.url ?? "/", "http://vendor");
    const one: Asked = { method: request.method ?? "", path: url.pathname, query: url.searchParams, body };
    asked.push(one);
    const answer = vendor.instead(one) ?? usual(vendor, one);
    const html = typeof answer.body === "string";
    const type = html ? "text/html" : "application/json";
    response.writeHead(answer.status ?? 200, { "content-type": type, ...answer.headers });
    response.end(html || Buffer.isBuffer(answer.body) ? answer.body : JSON.stringify(answer.body));
  };
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, vendor, asked };
}

async function read(request: IncomingMessage): Promise<Asked["body"]> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text === "" ? {} : (JSON.parse(text) as Asked["body"]);
}

function usual(vendor: Manners, asked: Asked): Answer {
  const { path, body } = asked;
  if (path === "/account-info/v3/details")
    return { body: { portalId: 1, accountType: "STANDARD", timeZone: "US/Eastern", companyCurrency: "USD" } };
  if (path.endsWith("/search")) return { body: search(vendor, asked) };
  if (path === "/communication-preferences/v4/statuses/batch/read") {
    const results = (body.inputs ?? []).flatMap((email) => {
      const statuses = vendor.statuses === null ? [] : vendor.statuses.get(String(email));
      return statuses === undefined ? [] : [{ subscriberIdString: email, statuses }];
    });
    return { status: 207, body: { status: "COMPLETE", results } };
  }
  if (path.endsWith("/batch/read") && path.startsWith("/crm/v3")) {
    const results = (body.inputs ?? []).map((input) => {
      const { id } = input as { id: string };
      const history = vendor.history.get(id);
      return { ...row(Number(id)), ...(history && { propertiesWithHistory: { hs_email_optout: history } }) };
    });
    return { body: { status: "COMPLETE", results } };
  }
  if (path.startsWith("/crm/v4/associations")) {
    const errors = (body.inputs ?? []).map((input) => ({
      status: "error",
      category: "OBJECT_NOT_FOUND",
      subCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
      message: "No contact is associated.",
      context: { fromObjectId: [(input as { id: string }).id] },
    }));
    return { status: 207, body: { status: "COMPLETE", results: [], numErrors: errors.length, errors } };
  }
  if (asked.query.get("archived") === "true") return { body: page(vendor.archived, asked, vendor.pageCap) };
  return { body: page(path.endsWith("companies") ? vendor.companies : vendor.contacts, asked, vendor.pageCap) };
}

function page(rows: unknown[], { query }: Asked, cap: number) {
  const start = Number(query.get("after") ?? "0");
  const end = start + Math.min(cap, Number(query.get("limit") ?? "10"));
  return {
    results: rows.slice(start, end),
    ...(end < rows.length ? { paging: { next: { after: String(end) } } } : {}),
  };
}

function search(vendor: Manners, { path, body }: Asked) {
  const rows = (path.includes("companies") ? vendor.companies : vendor.contacts) as Row[];
  const filters = (body.filterGroups ?? []).flatMap((group) => group.filters);
  const value = (one: Row, name: string) => {
    if (name === "hs_object_id") return Number(one.id);
    if (name.endsWith("lastmodifieddate")) return vendor.indexedAt.get(String(one.id)) ?? Date.parse(one.updatedAt);
    return Number.NaN;
  };
  const holds = (one: Row, { propertyName, operator, value: text, values }: Filter) => {
    const found = value(one, propertyName);
    switch (operator) {
      case "GT":
        return found > Number(text);
      case "GTE":
        return found >= Number(text);
      case "LT":
        return found < Number(text);
      case "LTE":
        return found <= Number(text);
      case "IN":
        return (one.properties[propertyName] ?? "").split(";").some((id) => values?.includes(id));
      default:
        return true;
    }
  };
  const [sort = "hs_object_id"] = body.sorts ?? [];
  const matching = rows.filter((one) => filters.every((filter) => holds(one, filter)));
  const sorted =
    vendor.order === null ? matching.toSorted((a, b) => value(a, sort) - value(b, sort)) : vendor.order(matching);
  const start = Number(body.after ?? "0");
  const end = start + Math.min(vendor.pageCap, body.limit ?? 10);
  return {
    total: vendor.total ?? sorted.length,
    results: sorted.slice(start, end),
    ...(end < sorted.length ? { paging: { next: { after: String(end) } } } : {}),
  };
}

/** A contact, changed at its own second of May 2026 or at `at`. */
export function row(n: number, properties: Record<string, string | null> = {}, at?: number): Row {
  const time = new Date(at ?? Date.parse("2026-05-01T00:00:00Z") + n * 1000).toISOString();
  return {
    id: String(n),
    properties: { email: `p${n}@marlow.example`, lastmodifieddate: time, hs_lastmodifieddate: time, ...properties },
    createdAt: "2026-01-01T00:00:00.000Z",
    updatedAt: time,
    archived: false,
  };
}

export function rows(count: number): Row[] {
  return Array.from({ length: count }, (_, n) => row(n + 1));
}
