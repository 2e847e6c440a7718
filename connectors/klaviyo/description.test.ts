/**
 * What we send and what the twin answers, against Klaviyo's official API description (github.com/klaviyo/openapi, MIT,
 * openapi/stable.json of revision 2026-07-15). The file is large and not kept here: name the folder it lies in as
 * `klaviyo/stable.json` in TRIBUTARY_API_DESCRIPTIONS.
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { Ajv } from "ajv";
import { expect, it } from "vitest";
import { z } from "zod";
import { openForContract, readToEnd } from "#connectors/core/contract-suite/index.ts";
import { issueGrant } from "#connectors/core/grant.ts";
import { inventedProfiles } from "./fixtures.ts";
import { klaviyo } from "./index.ts";
import { startKlaviyoTwin } from "./twin/index.ts";

const file = join(process.env["TRIBUTARY_API_DESCRIPTIONS"] ?? "", "klaviyo/stable.json");
const path = process.env["TRIBUTARY_API_DESCRIPTIONS"] !== undefined && existsSync(file) ? file : null;

const content = z.record(z.string(), z.object({ schema: z.unknown() })).optional();
const parameter = z.object({ name: z.string(), in: z.string(), required: z.boolean().optional(), schema: z.unknown() });
const operation = z.object({
  parameters: z.array(parameter).default([]),
  requestBody: z.object({ content }).optional(),
  responses: z.record(z.string(), z.unknown()),
});
const described = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.unknown())),
  components: z.object({ responses: z.record(z.string(), z.object({ content })) }),
});

/** Observed: null, and not text as described. */
const END = /^\/links\/(prev|next) must be string/;

interface Exchange {
  method: string;
  url: URL;
  headers: IncomingMessage["headers"];
  sent: string;
  status: number;
  answered: string;
}

/** Everything that goes through is written down. */
async function recorded(target: string) {
  const exchanges: Exchange[] = [];
  const pass = async (request: IncomingMessage, response: ServerResponse) => {
    let sent = "";
    for await (const chunk of request) sent += String(chunk);
    const url = new URL(request.url ?? "/", target);
    const { method = "GET", headers } = request;
    const { host: _, connection: __, "content-length": ___, "accept-encoding": ____, ...passed } = headers;
    const reply = await fetch(url, {
      method,
      headers: passed as Record<string, string>,
      ...(sent === "" ? {} : { body: sent }),
    });
    const answered = await reply.text();
    exchanges.push({ method, url, headers, sent, status: reply.status, answered });
    response.writeHead(reply.status, {
      "content-type": "application/vnd.api+json",
      date: reply.headers.get("date") ?? "",
    });
    response.end(answered);
  };
  const server = createServer((request, response) => void pass(request, response));
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, exchanges, close };
}

it("is as Klaviyo describes it: every parameter, body and reply", async (context) => {
  if (path === null) {
    context.skip("Klaviyo's API description is not here: set TRIBUTARY_API_DESCRIPTIONS to compare with it.");
    return;
  }
  const exchanges = await everyCall();
  const raw = withNulls(JSON.parse(readFileSync(path, "utf8"))) as object;
  const { paths, components } = described.parse(raw);
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  ajv.addSchema(raw, "description");
  /** Schemas of a description refer to its own root. */
  const problems = (schema: unknown, value: unknown): string[] => {
    const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"description#/')) as object;
    const validate = ajv.compile(rooted);
    if (validate(value)) return [];
    return (validate.errors ?? []).slice(0, 3).map(({ instancePath, message }) => `${instancePath} ${message}`);
  };
  const first = (found: z.infer<typeof content>) => Object.values(found ?? {})[0]?.schema;
  const found: string[] = [];
  const seen = new Set<string>();
  for (const { method, url, headers, sent, status, answered } of exchanges) {
    const template = Object.keys(paths).find(
      (known) =>
        new RegExp(`^${known.replaceAll(/\{\w+\}/g, "[^/]+")}$`).test(url.pathname) &&
        method.toLowerCase() in (paths[known] ?? {}),
    );
    const what = `${method} ${template ?? url.pathname} ${status}`;
    seen.add(what);
    if (template === undefined) {
      found.push(`${what}: no such operation`);
      continue;
    }
    const { parameters, requestBody, responses } = operation.parse(paths[template]?.[method.toLowerCase()]);
    for (const [name, text] of url.searchParams) {
      const known = parameters.find((one) => one.in === "query" && one.name === name);
      const schema = z.object({ type: z.string() }).loose().safeParse(known?.schema).data;
      const value = schema?.type === "array" ? text.split(",") : schema?.type === "integer" ? Number(text) : text;
      if (known === undefined) found.push(`${what}: no parameter ${name}`);
      else found.push(...problems(known.schema, value).map((problem) => `${what}: ${name} ${problem}`));
    }
    for (const { name } of parameters.filter((one) => one.in === "header" && one.required === true))
      if (headers[name.toLowerCase()] === undefined) found.push(`${what}: no header ${name}`);
    if (sent !== "")
      found.push(
        ...problems(first(requestBody?.content), JSON.parse(sent)).map((problem) => `${what}: body ${problem}`),
      );
    const answer = responses[String(status)] ?? components.responses[status < 500 ? "ClientError" : "ServerError"];
    const reply = z.object({ content }).parse(answer).content;
    const isSparse = [...url.searchParams.keys()].some((name) => name.startsWith("fields["));
    found.push(
      ...problems(first(reply), JSON.parse(answered))
        // Whoever asks for some fields gets no others; and where no page follows, Klaviyo sends null.
        .filter((problem) => !(isSparse && problem.includes("required property")) && !END.test(problem))
        .map((problem) => `${what}: reply ${problem}`),
    );
  }
  expect([...new Set(found)].join("\n")).toBe("");
  expect([...seen].toSorted()).toEqual([
    "GET /api/accounts 200",
    "GET /api/events 200",
    "GET /api/lists 200",
    "GET /api/lists/{id}/profiles 200",
    "GET /api/metrics 200",
    "GET /api/profile-bulk-import-jobs/{id}/import-errors 200",
    "GET /api/profile-bulk-import-jobs/{job_id} 200",
    "GET /api/profiles 200",
    "GET /api/profiles/{id} 200",
    "GET /api/profiles/{id} 404",
    "POST /api/profile-bulk-import-jobs 202",
    "POST /api/profile-bulk-import-jobs 403",
  ]);
});

/** OpenAPI 3.0 says `nullable` beside anything; JSON Schema knows null as a type. */
function withNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNulls);
  if (typeof value !== "object" || value === null) return value;
  const { nullable, ...rest } = Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, withNulls(part)]),
  );
  // A field may have this name, too.
  if (nullable !== true) return nullable === undefined ? rest : { ...rest, nullable };
  return { anyOf: [rest, { type: "null" }] };
}

/** Everything the connector ever asks, in full reads and in later ones. */
async function everyCall(): Promise<Exchange[]> {
  let clock = Date.parse("2026-06-01T00:00:00Z");
  const now = () => clock;
  const twin = await startKlaviyoTwin({ now, requestsPerSecond: 100_000 });
  const proxy = await recorded(twin.url);
  try {
    twin.load(inventedProfiles(240));
    const connection = openForContract(klaviyo, {
      settings: { opens: "consented" },
      credentials: { apiKey: twin.apiKey },
      baseUrl: proxy.url,
      now,
    });
    await connection.check();
    const [one = "", two = "", three = ""] = twin.profileIds();
    for (const stream of ["profiles", "events", "lists"]) {
      const full = await readToEnd(connection, stream);
      clock += 3_600_000;
      for (const metric of ["Opened Email", "Subscribed to Email Marketing"]) twin.track({ metric, profile: one });
      twin.edit(two, { last_name: "Changed" });
      await readToEnd(connection, stream, full.next);
    }
    const grant = issueGrant({
      profileId: "p",
      uses: [],
      entryIds: [],
      rulesVersion: "test",
      decidedAt: "2026-01-01T00:00:00.000Z",
    });
    const write = (id: string, value: string | null) => ({
      id,
      values: { tributary_stage: value, tributary_risk: "0.5" },
      idempotencyKey: id,
      grant,
    });
    twin.remove(two);
    twin.faults.entryError.add(three);
    const context = { types: { tributary_risk: "number" as const }, begun: async () => undefined };
    await connection.write([write(one, "x"), write(two, null), write(three, null)], context);
    // One row of the answer is left out, so that it is asked for alone.
    twin.faults.badRow = 1;
    await connection.readLive([{ id: one }], ["tributary_stage"]);
    twin.faults.denied.add("profiles:write");
    await connection.write([write(one, "y")]).catch(() => undefined);
  } finally {
    proxy.close();
    await twin.close();
  }
  // A row in a form that Klaviyo never described is the twin's fault on purpose.
  return proxy.exchanges.filter(({ answered }) => !answered.includes('"attributes":7'));
}
