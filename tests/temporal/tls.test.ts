/** A Temporal behind TLS that asks for a client's certificate and an API key, as a cluster or Temporal Cloud does. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadConfig, type Config } from "#config.ts";
import { runCli } from "#tests/console/run-cli.ts";
import { startTestLoop, type TestLoop } from "#tests/support/loop.ts";
import { smallShop } from "#tests/support/people.ts";
import { startWorkerProcess, type WorkerProcess } from "#tests/support/worker-process.ts";
import { openEngine } from "#workflows/client.ts";
import { connectClient, connectWorker } from "#workflows/connect.ts";
import { makeCertificates } from "./certificates.ts";
import { startTlsProxy, type TlsProxy } from "./tls-proxy.ts";

const API_KEY = "key-of-this-test";
let folder: string;
let loop: TestLoop;
let proxy: TlsProxy;
let environment: Record<string, string>;
let worker: WorkerProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tributary-tls-"));
  const { ca, server, client } = makeCertificates(folder);
  loop = await startTestLoop({ workers: false });
  loop.hubspot.load(smallShop({ people: 5, now: Date.now() }).hubspot);
  proxy = await startTlsProxy(loop.temporal.address, ca, server);
  environment = {
    ...loop.workerEnvironment,
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_API_KEY: API_KEY,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: ca.cert,
    TEMPORAL_TLS_SERVER_NAME: "temporal.example",
    TEMPORAL_TLS_CLIENT_CERT_PATH: client.cert,
    TEMPORAL_TLS_CLIENT_KEY_PATH: client.key,
  };
  worker = await startWorkerProcess(environment);
});
afterAll(async () => {
  await worker.stop();
  await proxy.close();
  await loop.stop();
  rmSync(folder, { recursive: true });
});

const without = (...names: string[]): Record<string, string> =>
  Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
const temporalOf = (variables: Record<string, string>): Config["temporal"] => loadConfig(variables).temporal;

/** What both kinds of connection say of it. */
function refusalsOf(variables: Record<string, string>): Promise<string[]> {
  const temporal = temporalOf(variables);
  const attempts = [connectClient(temporal, 3_000), connectWorker(temporal)];
  return Promise.all(
    attempts.map((attempt) =>
      attempt.then(
        async (connection) => {
          await connection.close();
          return "";
        },
        (error: unknown) => String(error),
      ),
    ),
  );
}

describe("a Temporal behind TLS", () => {
  it("is reached by worker and client, each with the key in its header and with its certificate", async () => {
    const { installationId } = await loop.deps.installation.get();
    const engine = await openEngine(temporalOf(environment), loop.masterKeys, installationId);
    const { failedStreams } = await engine.refresh(loop.workspaceId);
    await engine.close();
    expect(failedStreams).toBe(0);
    expect(proxy.seen.size).toBe(2);
    expect([...proxy.seen.keys()]).toContain("grpc-node-js");
    for (const values of proxy.seen.values()) expect([...values]).toEqual([`Bearer ${API_KEY}`]);
  });

  it("is used by commands, and doctor says so", async () => {
    const doctor = await runCli(environment, ["doctor"]);
    expect(doctor.out).toContain(`Temporal at ${proxy.address}, over TLS`);
    expect(doctor.out).toMatch(/^ok +worker/m);
    expect(await runCli(environment, ["sync"])).toMatchObject({ code: 0 });
  });

  it.each([
    ["TEMPORAL_TLS_CLIENT_CERT_PATH", () => without("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH")],
    ["TEMPORAL_TLS_SERVER_CA_CERT_PATH", () => without("TEMPORAL_TLS_SERVER_CA_CERT_PATH")],
    ["TEMPORAL_TLS_SERVER_NAME", () => without("TEMPORAL_TLS_SERVER_NAME")],
    ["TEMPORAL_ADDRESS", () => ({ ...environment, TEMPORAL_ADDRESS: "127.0.0.1:1" })],
    ["TEMPORAL_TLS", () => ({ ...environment, TEMPORAL_ADDRESS: loop.temporal.address })],
  ])("that cannot be reached is told by naming %s", async (name, variables) => {
    for (const refusal of await refusalsOf(variables())) {
      expect(refusal).toContain(name);
      expect(refusal).not.toContain(API_KEY);
    }
  });

  it("that is spoken to in the clear answers nothing, and the worker ends with one sentence", async () => {
    const clear = without(...Object.keys(environment).filter((name) => /TLS|API_KEY/.test(name)));
    for (const refusal of await refusalsOf(clear)) expect(refusal).toContain("TEMPORAL_TLS");
    await expect(startWorkerProcess(clear)).rejects.toThrow(/it said: Temporal at \S+: [^\n]+\n$/);
  });
});
