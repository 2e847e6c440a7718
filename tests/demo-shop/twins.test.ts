import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { twinsLine } from "#stack/running-stack.ts";
import { DEMO_HUBSPOT_TOKEN, DEMO_STRIPE_KEY } from "#stack/demo-shop/accounts.ts";

const script = fileURLToPath(new URL("../../stack/demo-shop/twins.ts", import.meta.url));

describe("the twins' process", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "twins-"));
  let running: ChildProcess | undefined;

  async function start() {
    const child = spawn(process.execPath, [script, "--data-dir", dataDir, "--customers", "60", "--seed", "4"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    running = child;
    for await (const line of createInterface({ input: child.stdout })) return twinsLine.parse(JSON.parse(line));
    throw new Error("The twins said nothing.");
  }

  async function stop() {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null) return null;
    child.kill("SIGTERM");
    const [code] = await once(child, "exit");
    return code as number | null;
  }

  const bearer = (token: string) => ({ headers: { authorization: `Bearer ${token}` } });

  afterEach(async () => {
    await stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it("comes back on the same addresses with what was changed, without writing the files again, and ends when asked", async () => {
    const first = await start();
    const [people] = first.files;
    const written = statSync(people?.path ?? "").mtimeMs;
    expect(readFileSync(join(first.truthFolder, "records.jsonl"), "utf8")).toContain('"person":"p0000001"');
    expect(
      (await fetch(`${first.tools["hubspot"]?.url}/crm/v3/objects/contacts`, bearer(DEMO_HUBSPOT_TOKEN))).status,
    ).toBe(200);
    expect((await fetch(`${first.tools["hubspot"]?.url}/crm/v3/objects/contacts`, bearer("another"))).status).toBe(401);
    expect((await fetch(`${first.tools["stripe"]?.url}/v1/customers`, bearer(DEMO_STRIPE_KEY))).status).toBe(200);
    const changed = await fetch(`${first.control}/change?count=5&seed=1`, { method: "POST" });
    expect(await changed.json()).toMatchObject({ customers: 5 });
    for (const host of ["shop.example", "127.0.0.1.evil.example", "localhost.evil.example"])
      for (const url of [
        `${first.control}/requests`,
        `${first.tools["hubspot"]?.url}/contacts`,
        `${first.tools["stripe"]?.url}/v1/customers`,
      ])
        expect([host, url, await statusAs(host, url)]).toEqual([host, url, 403]);
    const calls = await (await fetch(`${first.control}/requests`)).json();
    expect(calls).toMatchObject({ stripe: { "GET /v1/customers": 1 } });
    const before = await charges(first.tools["stripe"]?.url);
    expect(await stop()).toBe(0);

    const second = await start();
    expect(second).toEqual(first);
    expect(statSync(people?.path ?? "").mtimeMs).toBe(written);
    expect(await charges(second.tools["stripe"]?.url)).toEqual(before);
  });

  /** What a browser sends when another site's name leads here. */
  function statusAs(host: string, url: string): Promise<number | undefined> {
    return new Promise((resolve, reject) => {
      request(url, { headers: { host } }, (reply) => resolve(reply.resume().statusCode))
        .on("error", reject)
        .end();
    });
  }

  async function charges(url: string | undefined): Promise<unknown> {
    return (await fetch(`${url}/v1/charges?limit=100`, bearer(DEMO_STRIPE_KEY))).json();
  }
});
