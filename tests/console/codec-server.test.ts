/** Temporal's remote codec over HTTP, as Temporal's page and command line use it. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { request, type IncomingMessage } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { Client, Connection } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readMasterKeys } from "#config.ts";
import { silent } from "#stack/log.ts";
import { findTemporal } from "#stack/temporal/program.ts";
import { sharedTemporal } from "#tests/support/temporal.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { REPLAY_KEY } from "#tests/replay/key.ts";
import { folderOf } from "#tests/replay/releases.ts";
import { dataConverter } from "#workflows/data-converter.ts";

const PROGRAM = fileURLToPath(new URL("../../console/cli/main.ts", import.meta.url));
const TOKEN = randomBytes(24).toString("hex");
const PAGE = "http://127.0.0.1:8233";

interface Payload {
  metadata: Record<string, string>;
  data: string;
}
interface Served {
  url: string;
  child: ChildProcess;
}
let folder: string;
let open: Served;
let guarded: Served;
const environment = (more: Record<string, string> = {}) => ({
  DATABASE_URL: "postgresql://nobody:x@127.0.0.1:1/none",
  TEMPORAL_ADDRESS: "127.0.0.1:1",
  TRIBUTARY_KEY: REPLAY_KEY,
  TRIBUTARY_DATA_DIR: folder,
  ...more,
});

async function serve(args: string[], more: Record<string, string> = {}): Promise<Served> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM, "codec-server", ...args], {
    env: environment(more),
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [line] = await once(createInterface({ input: child.stdout }), "line");
  const [url] = /http:\S+(?=,)/.exec(String(line)) ?? [];
  if (url === undefined) throw new Error(`It said: ${String(line)}`);
  return { url, child };
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-codec-"));
  [open, guarded] = await Promise.all([
    serve(["--port=0", `--origin=${PAGE}/`]),
    serve(["--port=0", `--origin=${PAGE}`, "--encode"], { TRIBUTARY_CODEC_TOKEN: TOKEN }),
  ]);
});
afterAll(async () => {
  for (const { child } of [open, guarded]) {
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    if (code !== 0) throw new Error(`The server ended with ${String(code)}.`);
  }
  rmSync(folder, { recursive: true });
});

const post = (url: string, payloads: unknown, headers: Record<string, string> = {}) =>
  fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", "x-namespace": "default", ...headers },
    body: JSON.stringify({ payloads }),
  });
const textOf = (base64: string | undefined) => Buffer.from(base64 ?? "", "base64").toString("utf8");

/** Every payload of a recorded history, wherever it stands, as Temporal's page collects them. */
function payloadsIn(value: unknown): Payload[] {
  if (typeof value !== "object" || value === null) return [];
  if ("metadata" in value && "data" in value) return [value as Payload];
  return Object.values(value).flatMap(payloadsIn);
}
const recorded = () =>
  readdirSync(folderOf("0.1.0")).flatMap((file) =>
    payloadsIn(JSON.parse(readFileSync(`${folderOf("0.1.0")}${file}`, "utf8"))),
  );

describe("the codec server", () => {
  it("decodes every payload of recorded histories, the words of failures too", async () => {
    const given = recorded();
    expect(given.length).toBeGreaterThan(100);
    const reply = await post(`${open.url}/decode`, given);
    expect(reply.status).toBe(200);
    const { payloads } = (await reply.json()) as { payloads: Payload[] };
    expect(payloads).toHaveLength(given.length);
    expect(new Set(payloads.map(({ metadata }) => textOf(metadata["encoding"])))).not.toContain("binary/encrypted");
    const texts = payloads.map(({ data }) => textOf(data));
    expect(texts.some((text) => text.includes("workspaceId"))).toBe(true);
    const failures = texts.filter((text) => text.includes("stack_trace"));
    expect(failures.length).toBeGreaterThan(0);
    expect(failures.join()).toMatch(/"message":"[^"]+/);
  });

  it("gives back what was never encrypted as it was, in its place", async () => {
    const plain = { metadata: { encoding: Buffer.from("json/plain").toString("base64") }, data: "MQ==" };
    const [secret] = recorded();
    const reply = await post(`${open.url}/decode`, [plain, secret, plain]);
    const { payloads } = (await reply.json()) as { payloads: Payload[] };
    expect([payloads[0], payloads[2]]).toEqual([plain, plain]);
    expect(payloads[1]).not.toEqual(secret);
  });

  it("refuses what was tampered with or is of another key, and repeats nothing of it", async () => {
    const [secret] = recorded();
    if (secret === undefined) throw new Error("There must be a payload.");
    const bytes = Buffer.from(secret.data, "base64");
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    const other = { ...secret.metadata, "encryption-key-id": Buffer.from("another").toString("base64") };
    for (const wrong of [
      { ...secret, data: bytes.toString("base64") },
      { ...secret, metadata: other },
      { ...secret, data: "not base64!" },
    ]) {
      const reply = await post(`${open.url}/decode`, [wrong]);
      expect(reply.status).toBe(400);
      expect(await reply.text()).not.toContain(secret.data.slice(0, 20));
    }
  });

  it("encrypts only where it was told to, and what it encrypts a worker can read", async () => {
    const plain = { metadata: { encoding: Buffer.from("json/plain").toString("base64") }, data: "e30=" };
    expect((await post(`${open.url}/encode`, [plain])).status).toBe(404);
    const authorization = { authorization: `Bearer ${TOKEN}` };
    const encoded = (await (await post(`${guarded.url}/encode`, [plain], authorization)).json()) as {
      payloads: Payload[];
    };
    expect(textOf(encoded.payloads[0]?.metadata["encoding"])).toBe("binary/encrypted");
    const decoded = await post(`${guarded.url}/decode`, encoded.payloads, authorization);
    expect(await decoded.json()).toEqual({ payloads: [plain] });
  });
});

describe("who may ask the codec server", () => {
  it("is whoever has the token, where there is one", async () => {
    const secrets = recorded().slice(0, 1);
    for (const authorization of ["", "Bearer", `Bearer ${TOKEN}x`, TOKEN]) {
      const reply = await post(`${guarded.url}/decode`, secrets, { authorization });
      expect([authorization, reply.status]).toEqual([authorization, 401]);
    }
    expect((await post(`${guarded.url}/decode`, secrets, { authorization: `Bearer ${TOKEN}` })).status).toBe(200);
  });

  it("is no page of another site, also not by a name that leads here", async () => {
    const secrets = recorded().slice(0, 1);
    const allowed = await post(`${open.url}/decode`, secrets, { origin: PAGE });
    expect(allowed.headers.get("access-control-allow-origin")).toBe(PAGE);
    for (const origin of ["https://elsewhere.example", "null"]) {
      const reply = await post(`${open.url}/decode`, secrets, { origin });
      expect(reply.status).toBe(403);
      expect(reply.headers.get("access-control-allow-origin")).toBeNull();
    }
    expect(await statusUnderName(`${open.url}/decode`, "elsewhere.example")).toBe(421);
  });

  it("is told by a preflight, which needs no token", async () => {
    const reply = await fetch(`${guarded.url}/decode`, {
      method: "OPTIONS",
      headers: { origin: PAGE, "access-control-request-method": "POST" },
    });
    expect(reply.status).toBe(204);
    expect(reply.headers.get("access-control-allow-headers")).toContain("x-namespace");
    expect(reply.headers.get("access-control-allow-origin")).toBe(PAGE);
  });

  it("is nobody of another namespace", async () => {
    const reply = await post(`${open.url}/decode`, recorded().slice(0, 1), { "x-namespace": "another" });
    expect(reply.status).toBe(403);
  });

  it("is nobody at all beyond loopback without a token, or with one that can be guessed", async () => {
    const bare = await runCli(environment(), ["codec-server", "--host=0.0.0.0", "--port=0"]);
    expect(bare).toMatchObject({ code: 2, out: "" });
    expect(bare.err).toContain("TRIBUTARY_CODEC_TOKEN");
    const short = await runCli(environment({ TRIBUTARY_CODEC_TOKEN: "hunter2" }), ["codec-server", "--port=0"]);
    expect(short).toMatchObject({ code: 1, out: "" });
    expect(short.err).not.toContain("hunter2");
  });
});

describe("Temporal's own command line", () => {
  it("shows through it what a workflow was started with, and without it does not", async () => {
    const program = await findTemporal({ environment: process.env, log: silent });
    const temporal = await sharedTemporal();
    const connection = await Connection.connect({ address: temporal.address });
    const keys = readMasterKeys({ TRIBUTARY_KEY: REPLAY_KEY }, "");
    const client = new Client({ connection, dataConverter: dataConverter(keys) });
    await client.workflow.start("any", {
      workflowId: "codec-server-test",
      taskQueue: "nobody",
      args: [{ said: "quillonette" }],
    });
    await connection.close();
    const show = async (...more: string[]) => {
      const args = [
        "workflow",
        "show",
        "--workflow-id=codec-server-test",
        "--output=json",
        `--address=${temporal.address}`,
        ...more,
      ];
      return (await promisify(execFile)(program, args)).stdout;
    };
    const input = Buffer.from('{"said":"quillonette"}').toString("base64");
    expect(await show()).not.toContain(input);
    expect(await show(`--codec-endpoint=${guarded.url}`, `--codec-auth=Bearer ${TOKEN}`)).toContain(input);
  });
});

/** `fetch` does not let anybody choose the name. */
async function statusUnderName(url: string, host: string): Promise<number | undefined> {
  const asked = request(url, { method: "POST", headers: { host } });
  asked.end("{}");
  const [reply] = (await once(asked, "response")) as [IncomingMessage];
  reply.resume();
  return reply.statusCode;
}
