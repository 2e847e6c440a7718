/**
 * The vendors of the demo: a twin of each of its tools in one process on loopback, filled with the demo shop, and its till's
 * CSV exports in a folder. Prints one JSON line when everything answers; ends on SIGTERM or SIGINT.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { changeSome, type ChangeCounts } from "./changes.ts";
import { CONNECTING, sinksOf, startTools, TOOL_NAMES, type ToolName } from "./tools.ts";
import { openShop } from "./write.ts";
import type { Twins } from "../running-stack.ts";
import { findFreePort } from "../ports.ts";

const HELP = `Usage: node stack/demo-shop/twins.ts --data-dir DIR [options]

Starts twins of the demo shop's tools on 127.0.0.1 and fills them with it. People sign in at them as at the vendors.

  --data-dir DIR      where journals, ports, CSV exports and the truth are kept, in DIR/twins
  --customers N       how many customers the shop has, 1 to 1000000 (default 2000)
  --seed S            whole number; another seed is another shop (default 1)
  --tools LIST        which of ${TOOL_NAMES.join(",")} (default: all)
  --rps N             requests per second each tool allows (default: the tools' own limits)
  --help              this text

When ready it prints one line of JSON:
  {"ready":true,"tools":{"hubspot":{"url","page","given","settings"},"stripe":{...}, ...},"control":URL,
   "csvFolder":PATH,"files":[{"path","kind"}],"truthFolder":PATH}
The control address answers GET /requests (vendor calls so far, by kind), GET /audience/CODE and POST /change?count=N&seed=S.
`;

const whole = z.coerce.number().int();
const argumentsSchema = z.object({
  "data-dir": z.string({ error: "must name a folder" }).min(1),
  customers: whole.min(1).max(1_000_000).default(2_000),
  seed: whole
    .min(0)
    .max(2 ** 31)
    .default(1),
  rps: whole.min(1).optional(),
  tools: z
    .string()
    .transform((list) => list.split(","))
    .pipe(z.array(z.enum(TOOL_NAMES, { error: `must be some of ${TOOL_NAMES.join(",")}` })).min(1))
    .default([...TOOL_NAMES]),
});

/** Ports of the last start, taken again when free: connections remember addresses. */
const portsSchema = z.record(z.string(), z.number().int());

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string" },
      customers: { type: "string" },
      seed: { type: "string" },
      rps: { type: "string" },
      tools: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const options = argumentsSchema.safeParse(values);
  if (!options.success) {
    const [issue] = options.error.issues;
    throw new Error(`--${issue?.path.join(".") ?? "option"}: ${issue?.message ?? "wrong"}. See --help.`);
  }
  await run(options.data);
}

async function run(options: z.infer<typeof argumentsSchema>): Promise<void> {
  const folder = resolve(options["data-dir"], "twins");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const portOf = await choosePorts(join(folder, "ports.json"), [...options.tools, "control"]);
  const limited = options.rps === undefined ? {} : { requestsPerSecond: options.rps };
  const tools = await startTools(options.tools, { folder, portOf, ...limited });
  const wanted = { seed: options.seed, customers: options.customers, now: Date.now() };
  const { facts, csvFolder, files, truthFolder } = await openShop(folder, wanted, sinksOf(tools));
  const running = options.tools.flatMap((tool) => {
    const twin = tools[tool];
    return twin === undefined ? [] : [{ tool, twin }];
  });
  const control = await startControl(portOf("control"), {
    requests: () => Object.fromEntries(running.map(({ tool, twin }) => [tool, Object.fromEntries(twin.requests)])),
    change: (what) => changeSome(tools, facts, what),
    audience: (code) => tools["google-ads"]?.membersOf(code) ?? [],
  });
  const where: Twins = {
    tools: Object.fromEntries(running.map(({ tool, twin }) => [tool, connectionTo(tool, twin.url)])),
    control: `http://127.0.0.1:${portOf("control")}`,
    ...{ csvFolder, files, truthFolder },
  };
  process.stdout.write(`${JSON.stringify({ ready: true, ...where })}\n`);

  const stop = async () => {
    control.close();
    control.closeAllConnections();
    await Promise.all(running.map(({ twin }) => twin.close()));
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
}

function connectionTo(tool: ToolName, url: string): Twins["tools"][string] {
  const { page, given, settings } = CONNECTING[tool];
  return { url, page: url + page, given, settings };
}

async function choosePorts(file: string, names: readonly string[]): Promise<(name: string) => number> {
  const before = existsSync(file) ? portsSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data : undefined;
  const ports = { ...before };
  for (const name of names) ports[name] = await findFreePort(before?.[name]);
  writeFileSync(`${file}.new`, JSON.stringify(ports), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return (name) => ports[name] ?? 0;
}

interface Control {
  requests(): Record<string, Record<string, number>>;
  change(what: { count: number; seed: number }): ChangeCounts;
  /** Who is in an audience, as hashes: no advertising tool would say. */
  audience(code: string): string[];
}

const changeRequest = z.object({ count: whole.min(1), seed: whole.min(0) });

/** What no vendor would offer: counting calls, and making things happen on the vendors' side. */
async function startControl(port: number, control: Control): Promise<Server> {
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://127.0.0.1");
    const send = (status: number, body: unknown) => {
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    };
    // A page of another site can make its own name lead here; the browser then sends that name.
    if (!/^(?:127\.0\.0\.1|localhost)(?::\d+)?$/.test(request.headers.host ?? ""))
      return send(403, { error: "The control answers to loopback names only." });
    if (request.method === "GET" && url.pathname === "/requests") return send(200, control.requests());
    if (request.method === "GET" && url.pathname.startsWith("/audience/"))
      return send(200, control.audience(url.pathname.slice("/audience/".length)));
    if (request.method !== "POST" || url.pathname !== "/change")
      return send(404, { error: "GET /requests, GET /audience/CODE or POST /change" });
    const what = changeRequest.safeParse(Object.fromEntries(url.searchParams));
    if (!what.success) return send(400, { error: "count and seed must be whole numbers" });
    return send(200, control.change(what.data));
  });
  await new Promise<void>((ready, failed) => {
    server.once("error", failed);
    server.listen(port, "127.0.0.1", ready);
  });
  return server;
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
  // A twin that started before the failure would keep the process alive.
  process.exit();
});
