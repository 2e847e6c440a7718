/** For tests: a small Klaviyo over plain HTTP, written from its documentation alone, that answers as told and in bad manners. */
import { createServer } from "node:http";
import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from "node:http";

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  text: string;
}

export interface Answer {
  status?: number;
  headers?: Record<string, string>;
  /** A string goes out as it is, as HTML. */
  body: unknown;
}

interface Resource {
  type: string;
  id: string;
  attributes: Record<string, unknown>;
  [more: string]: unknown;
}

export interface Manners {
  profiles: unknown[];
  events: unknown[];
  metrics: Record<string, string>;
  lists: unknown[];
  /** By list. */
  members: Record<string, unknown[]>;
  /** Most rows on any page, whatever was asked for. */
  pageCap: number;
  /** What a link to the next page looks like. */
  link: (path: string, cursor: string) => string;
  /** Attributes of the import job at the nth look, from 0. */
  job: (look: number, sent: unknown[]) => Record<string, unknown>;
  importErrors: (sent: unknown[]) => unknown[];
  /** Does what an import asks for; unless given, it is done. */
  carryOut: boolean;
  /** Answers in place of the usual one. */
  instead: (asked: Asked) => Answer | undefined;
}

const servers: Server[] = [];

export async function closeServers(): Promise<void> {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

export async function hostileKlaviyo(manners: Partial<Manners> = {}) {
  const vendor: Manners = {
    ...{ profiles: [], events: [], metrics: {}, lists: [], members: {}, pageCap: 1_000 },
    link: (path, cursor) => `https://a.klaviyo.com${path}?page%5Bcursor%5D=${encodeURIComponent(cursor)}`,
    job: (_, sent) => ({ status: "complete", total_count: sent.length, completed_count: sent.length, failed_count: 0 }),
    ...{ importErrors: () => [], carryOut: true, instead: () => undefined },
    ...manners,
  };
  const asked: Asked[] = [];
  const jobs = new Map<string, { sent: unknown[]; looks: number }>();
  const respond = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const chunk of request) text += String(chunk);
    const url = new URL(request.url ?? "/", "http://vendor");
    const one: Asked = {
      ...{ method: request.method ?? "", path: url.pathname, query: url.searchParams },
      ...{ headers: request.headers, text },
    };
    asked.push(one);
    const answer = vendor.instead(one) ?? usual(vendor, jobs, one);
    const html = typeof answer.body === "string";
    response.writeHead(answer.status ?? 200, {
      "content-type": html ? "text/html" : "application/vnd.api+json",
      ...answer.headers,
    });
    response.end(html ? answer.body : JSON.stringify(answer.body));
  };
  const server = createServer((request, response) => void respond(request, response));
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { url: `http://127.0.0.1:${port}`, vendor, asked };
}

export const refusal = (status: number, code: string, parameter?: string): Answer => ({
  status,
  body: {
    errors: [{ id: "e1", status, code, title: "No", detail: "pk_secret somebody@x.example", source: { parameter } }],
  },
});

type Jobs = Map<string, { sent: unknown[]; looks: number }>;

function usual(vendor: Manners, jobs: Jobs, asked: Asked): Answer {
  const { method, path, query } = asked;
  const parts = path.split("/").slice(2);
  const [resource = "", id = "", part = ""] = parts;
  if (method === "POST" && resource === "profile-bulk-import-jobs") return startImport(vendor, jobs, asked);
  if (method !== "GET") return refusal(405, "method_not_allowed");
  if (resource === "profile-bulk-import-jobs") {
    const job = jobs.get(id);
    if (job === undefined) return refusal(404, "not_found");
    if (part === "import-errors") return page(vendor, path, query, vendor.importErrors(job.sent));
    const attributes = { created_at: "2026-05-01T00:00:00+00:00", ...vendor.job(job.looks, job.sent) };
    job.looks += 1;
    return { body: { data: { type: "profile-bulk-import-job", id, attributes } } };
  }
  if (resource === "accounts")
    return {
      body: { data: [{ type: "account", id: "AbC123", attributes: { test_account: false } }], links: { self: "" } },
    };
  if (resource === "profiles" && id !== "") {
    const found = vendor.profiles.find((one) => (one as Resource).id === id);
    return found === undefined ? refusal(404, "not_found") : { body: { data: found } };
  }
  if (resource === "profiles") return page(vendor, path, query, chosen(vendor.profiles, query));
  if (resource === "metrics") return page(vendor, path, query, Object.entries(vendor.metrics).map(metric));
  if (resource === "events") {
    const { body } = page(vendor, path, query, chosen(vendor.events, query));
    return { body: { ...(body as object), included: Object.entries(vendor.metrics).map(metric) } };
  }
  if (resource === "lists" && part === "profiles") return page(vendor, path, query, vendor.members[id] ?? []);
  if (resource === "lists") return page(vendor, path, query, vendor.lists);
  return refusal(404, "not_found");
}

const metric = ([id, name]: [string, string]) => ({ type: "metric", id, attributes: { name } });

function page({ pageCap, link }: Manners, path: string, query: URLSearchParams, rows: readonly unknown[]): Answer {
  const from = Number(query.get("page[cursor]") ?? "0");
  const end = from + Math.min(pageCap, Number(query.get("page[size]") ?? "20"));
  return {
    body: {
      data: rows.slice(from, end),
      links: { self: "", next: end < rows.length ? link(path, String(end)) : null },
    },
  };
}

/** Of filters it knows those we use: ids, and times by "greater" and "less". */
function chosen(rows: readonly unknown[], query: URLSearchParams): unknown[] {
  const filter = query.get("filter") ?? "";
  const ids = /any\(id,(\[.*?\])\)/.exec(filter)?.[1];
  const wanted = ids === undefined ? null : new Set(JSON.parse(ids) as string[]);
  const bounds = [...filter.matchAll(/(greater-than|greater-or-equal|less-than)\((\w+),([^()]*)\)/g)];
  const metricId = /equals\(metric_id,"(\w+)"\)/.exec(filter)?.[1];
  const suppressed = filter.includes("suppression.timestamp");
  return rows.filter((row) => {
    if (typeof row !== "object" || row === null || !("attributes" in row)) return filter === "";
    const { id, attributes, relationships } = row as Resource & {
      relationships?: { metric?: { data?: { id: string } } };
    };
    if (wanted !== null && !wanted.has(id)) return false;
    if (metricId !== undefined && relationships?.metric?.data?.id !== metricId) return false;
    if (suppressed) return false;
    return bounds.every(([, operator = "", field = "", bound = ""]) => {
      const at = Date.parse(String(attributes[field]));
      if (operator === "less-than") return at < Date.parse(bound);
      return operator === "greater-than" ? at > Date.parse(bound) : at >= Date.parse(bound);
    });
  });
}

interface Sent {
  id: string;
  attributes: { properties: Record<string, unknown> };
  meta?: { patch_properties?: { unset?: string[] } };
}

function startImport(vendor: Manners, jobs: Jobs, { text }: Asked): Answer {
  const { data } = JSON.parse(text) as { data: { attributes: { profiles: { data: Sent[] } } } };
  const sent = data.attributes.profiles.data;
  const id = `job${jobs.size + 1}`;
  jobs.set(id, { sent, looks: 0 });
  if (vendor.carryOut)
    for (const one of sent) {
      const row = vendor.profiles.find((known) => (known as Resource).id === one.id) as Resource | undefined;
      if (row === undefined) continue;
      const properties = { ...(row.attributes["properties"] as object), ...one.attributes.properties } as Record<
        string,
        unknown
      >;
      for (const name of one.meta?.patch_properties?.unset ?? []) delete properties[name];
      row.attributes["properties"] = properties;
    }
  const attributes = { created_at: "2026-05-01T00:00:00+00:00", ...vendor.job(-1, sent) };
  return {
    status: 202,
    body: { data: { type: "profile-bulk-import-job", id, attributes: { ...attributes, status: "queued" } } },
  };
}

export const MARKETING = {
  ...{ can_receive_email_marketing: true, consent: "SUBSCRIBED", consent_timestamp: "2026-01-11T08:00:00+00:00" },
  ...{
    method: "PREFERENCE_PAGE",
    double_optin: true,
    suppression: [] as unknown[],
    list_suppressions: [] as unknown[],
  },
};

/** A profile, changed at its own second of May 2026 or at `at`. */
export function row(n: number, attributes: Record<string, unknown> = {}, at?: number): Resource {
  const updated = new Date(at ?? Date.parse("2026-05-01T00:00:00Z") + n * 1000).toISOString();
  const email = `p${n}@marlow.example`;
  return {
    ...{ type: "profile", id: `P${n}` },
    attributes: {
      email,
      created: "2026-01-01T00:00:00+00:00",
      updated,
      properties: {},
      subscriptions: { email: { marketing: MARKETING } },
      ...attributes,
    },
  };
}

export const rows = (count: number): Resource[] => Array.from({ length: count }, (_, n) => row(n + 1));

export function event(n: number, metricId: string | null, attributes: Record<string, unknown> = {}): Resource {
  const datetime = new Date(Date.parse("2026-05-01T00:00:00Z") + n * 1000).toISOString();
  return {
    ...{ type: "event", id: `E${n}`, attributes: { datetime, event_properties: {}, ...attributes } },
    relationships: {
      profile: { data: { type: "profile", id: `P${n}` } },
      ...(metricId === null ? {} : { metric: { data: { type: "metric", id: metricId } } }),
    },
  };
}
