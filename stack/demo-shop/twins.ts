/**
 * The vendors of the demo: HubSpot and Stripe twins in one process on loopback, filled with the demo shop, and its till's
 * CSV exports in a folder. Prints one JSON line when everything answers; ends on SIGTERM or SIGINT.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { startHubspotTwin } from "#connectors/hubspot/twin/index.ts";
import { startStripeTwin } from "#connectors/stripe/twin/index.ts";
import { changeSome, type ChangeCounts } from "./changes.ts";
import { DEMO_HUBSPOT_SETTINGS, DEMO_HUBSPOT_TOKEN, DEMO_STRIPE_KEY } from "./accounts.ts";
import { openShop } from "./write.ts";
import type { Twins } from "../running-stack.ts";
import { findFreePort } from "../ports.ts";

const HELP = `Usage: node stack/demo-shop/twins.ts --data-dir DIR [options]

Starts the HubSpot and Stripe twins on 127.0.0.1 and fills them with the demo shop.
Accepted tokens: HubSpot ${DEMO_HUBSPOT_TOKEN}, Stripe ${DEMO_STRIPE_KEY}.

  --data-dir DIR      where journals, ports, CSV exports and the truth are kept, in DIR/twins
  --customers N       how many customers the shop has, 1 to 1000000 (default 2000)
  --seed S            whole number; another seed is another shop (default 1)
  --rps N             requests per second each tool allows (default: the tools' own limits)
  --help              this text

When ready it prints one line of JSON:
  {"ready":true,"tools":{"hubspot":{"url","page","credentials","settings"},"stripe":{...}},"control":URL,
   "csvFolder":PATH,"files":[{"path","kind"}],"truthFolder":PATH}
The control address answers GET /requests (vendor calls so far, by kind) and POST /change?count=N&seed=S.
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
});

/** Ports of the last start, taken again when free: connections remember addresses. */
const portsSchema = z.object({ hubspot: z.number().int(), stripe: z.number().int(), control: z.number().int() });
type Ports = z.infer<typeof portsSchema>;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      "data-dir": { type: "string" },
      customers: { type: "string" },
      seed: { type: "string" },
      rps: { type: "string" },
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
  const ports = await choosePorts(join(folder, "ports.json"));
  const limited = options.rps === undefined ? {} : { requestsPerSecond: options.rps };
  const hubspot = await startHubspotTwin({
    port: ports.hubspot,
    journal: join(folder, "hubspot.jsonl"),
    accessToken: DEMO_HUBSPOT_TOKEN,
    ...limited,
  });
  const stripe = await startStripeTwin({
    port: ports.stripe,
    journal: join(folder, "stripe.jsonl"),
    apiKey: DEMO_STRIPE_KEY,
    ...limited,
  });
  const wanted = { seed: options.seed, customers: options.customers, now: Date.now() };
  const shop = await openShop(folder, wanted, {
    hubspot: (seed) => hubspot.load(seed),
    stripe: (seed) => stripe.load(seed),
  });
  const control = await startControl(ports.control, {
    requests: () => ({ hubspot: Object.fromEntries(hubspot.requests), stripe: Object.fromEntries(stripe.requests) }),
    change: (what) => changeSome({ hubspot, stripe }, shop.facts, what),
  });
  const { csvFolder, files, truthFolder } = shop;
  const where: Twins = {
    tools: {
      hubspot: {
        url: hubspot.url,
        page: `${hubspot.url}/contacts`,
        credentials: { accessToken: DEMO_HUBSPOT_TOKEN },
        settings: DEMO_HUBSPOT_SETTINGS,
      },
      stripe: {
        url: stripe.url,
        page: `${stripe.url}/dashboard/customers`,
        credentials: { apiKey: DEMO_STRIPE_KEY },
        settings: {},
      },
    },
    control: `http://127.0.0.1:${ports.control}`,
    ...{ csvFolder, files, truthFolder },
  };
  process.stdout.write(`${JSON.stringify({ ready: true, ...where })}\n`);

  const stop = async () => {
    control.close();
    control.closeAllConnections();
    await Promise.all([hubspot.close(), stripe.close()]);
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
}

async function choosePorts(file: string): Promise<Ports> {
  const before = existsSync(file) ? portsSchema.safeParse(JSON.parse(readFileSync(file, "utf8"))).data : undefined;
  const ports: Ports = { hubspot: 0, stripe: 0, control: 0 };
  for (const name of ["hubspot", "stripe", "control"] as const) ports[name] = await findFreePort(before?.[name]);
  writeFileSync(`${file}.new`, JSON.stringify(ports), { mode: 0o600 });
  renameSync(`${file}.new`, file);
  return ports;
}

interface Control {
  requests(): Record<"hubspot" | "stripe", Record<string, number>>;
  change(what: { count: number; seed: number }): ChangeCounts;
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
    if (request.method !== "POST" || url.pathname !== "/change")
      return send(404, { error: "GET /requests or POST /change" });
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
