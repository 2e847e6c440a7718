import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { once } from "node:events";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client, Connection } from "@temporalio/client";
import type { Priority } from "@temporalio/common";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { endLeftovers } from "#stack/leftovers.ts";
import { findProcess, sendSignal, waitForEnd } from "#stack/process-identity.ts";
import { findTemporal } from "#stack/temporal/program.ts";
import { startTemporal } from "#stack/temporal/server.ts";

let program: string;
let folder: string;
const ends: (() => Promise<unknown> | void)[] = [];
beforeAll(async () => {
  program = await findTemporal({ environment: process.env, log: (line) => console.info(line) });
}, 900_000);
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "tributary-temporal-test-"))));
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
  rmSync(folder, { recursive: true, force: true });
});

async function withClient<T>(address: string, work: (client: Client) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address });
  try {
    return await work(new Client({ connection }));
  } finally {
    await connection.close();
  }
}
const begin = (address: string) =>
  withClient(address, (client) => client.workflow.start("anything", { workflowId: "kept", taskQueue: "nobody" }));
const statusOf = (address: string) =>
  withClient(address, async (client) => (await client.workflow.getHandle("kept").describe()).status.name);

describe("the Temporal server", () => {
  it("keeps its history over a restart and a kill -9, on the same addresses", async () => {
    const temporal = await startTemporal({ program, dataDir: folder });
    ends.push(() => temporal.stop());
    await begin(temporal.address);
    await temporal.restart();
    expect(await statusOf(temporal.address)).toBe("RUNNING");

    const server = findProcess(temporal.pid);
    if (server === null) throw new Error("The server does not run.");
    sendSignal(server.pid, "SIGKILL");
    await waitForEnd(server, 5_000);
    await temporal.restart();
    expect(await statusOf(temporal.address)).toBe("RUNNING");
    expect(temporal.pid).not.toBe(server.pid);
    expect((await fetch(temporal.uiUrl ?? "")).status).toBe(200);
  });

  it("is found and ended by the next start when its own was killed", async () => {
    const temporal = await startTemporal({ program, dataDir: folder });
    ends.push(() => temporal.stop());
    const server = findProcess(temporal.pid);
    await endLeftovers(folder, () => undefined);
    expect(findProcess(temporal.pid)?.startedAt).not.toBe(server?.startedAt);
  });

  it("hands out what waits by priority, and within one in turns between workspaces", async () => {
    const temporal = await startTemporal({ program, ephemeral: true });
    ends.push(() => temporal.stop());
    const order = await withClient(temporal.address, async (client) => {
      const start = (workflowId: string, priority: Priority) =>
        client.workflow.start("anything", { workflowId, taskQueue: "turns", priority });
      for (let step = 0; step < 20; step++) await start(`large ${step}`, { fairnessKey: "large" });
      await start("small", { fairnessKey: "small" });
      await start("first read", { fairnessKey: "other", priorityKey: 4 });
      await start("asked for", { fairnessKey: "large", priorityKey: 1 });
      const { connection } = client;
      const next = () =>
        connection.workflowService.pollWorkflowTaskQueue({ namespace: "default", taskQueue: { name: "turns" } });
      const seen: string[] = [];
      while (seen.length < 23) {
        const { workflowExecution } = await connection.withDeadline(Date.now() + 60_000, next);
        if (workflowExecution?.workflowId) seen.push(workflowExecution.workflowId);
      }
      return seen;
    });
    // Those at the head of the line when another comes may be on their way already.
    expect(order.indexOf("small")).toBeLessThan(10);
    expect(order.indexOf("asked for")).toBeLessThan(20);
    expect(order.at(-1)).toBe("first read");
  });

  it("says what the program said when it does not start", async () => {
    const broken = join(folder, "temporal");
    writeFileSync(broken, "#!/bin/sh\necho the reason >&2\nexit 3\n", { mode: 0o755 });
    await expect(startTemporal({ program: broken, ephemeral: true })).rejects.toThrow(/the reason/);
  });
});

/** A stand-in of the download address: an archive with the given program in it. */
async function archiveServer(
  content: string | null,
): Promise<{ downloadUrl: string; checksums: Record<string, string>; asked: string[] }> {
  const asked: string[] = [];
  let archive = Buffer.alloc(0);
  if (content !== null) {
    const source = mkdtempSync(join(folder, "archive-"));
    writeFileSync(join(source, "temporal"), content, { mode: 0o755 });
    archive = spawnSync("tar", ["-cz", "-C", source, "temporal"]).stdout;
  }
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    if (content === null) return void response.writeHead(404).end();
    response.end(archive);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  ends.push(() => void server.close());
  const address = server.address();
  const platform = `${process.platform}_${process.arch === "x64" ? "amd64" : process.arch}`;
  return {
    downloadUrl: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/v1`,
    checksums: { [platform]: createHash("sha256").update(archive).digest("hex") },
    asked,
  };
}

describe("finding the Temporal program", () => {
  const nothing = () => ({ PATH: "/nowhere", TRIBUTARY_CACHE_DIR: join(folder, "cache"), HOME: folder });

  it("refuses a TEMPORAL_CLI_PATH that is something else, rather than taking another in silence", async () => {
    const environment = { ...nothing(), TEMPORAL_CLI_PATH: process.execPath };
    await expect(findTemporal({ environment, log: () => undefined })).rejects.toThrow(/TEMPORAL_CLI_PATH/);
  });

  it("downloads for this platform, starts the program once, and has it at once the next time", async () => {
    const { asked, ...from } = await archiveServer(`#!/bin/sh\nexec ${program} "$@"\n`);
    const search = {
      environment: { ...nothing(), PATH: "/usr/bin:/bin" },
      log: () => undefined,
      ...from,
      go: "/nowhere/go",
    };
    const found = await findTemporal(search);
    expect(found).toContain(join(folder, "cache"));
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/^\/v1\/temporal_cli_1\.5\.1_\w+_(amd64|arm64)\.tar\.gz$/);
    expect(await findTemporal(search)).toBe(found);
    expect(asked).toHaveLength(1);
  });

  it("runs nothing whose checksum is another or unknown", async () => {
    const ran = join(folder, "ran");
    const { downloadUrl, asked } = await archiveServer(`#!/bin/sh\ntouch ${ran}\nexec ${program} "$@"\n`);
    const search = { environment: { ...nothing(), PATH: "/usr/bin:/bin" }, downloadUrl, go: "/nowhere/go" };
    const lines: string[] = [];
    // The real release's, which this is not; and none at all.
    for (const more of [{}, { checksums: {} }])
      await expect(findTemporal({ ...search, ...more, log: (line) => lines.push(line) })).rejects.toThrow(
        /TEMPORAL_CLI_PATH/,
      );
    expect(lines.join("\n")).toContain("is not release 1.5.1: its checksum is");
    expect(lines.join("\n")).toContain("no checksum is known for");
    expect(asked).toHaveLength(1);
    expect(existsSync(ran)).toBe(false);
  });

  it("keeps nothing that does not start, and ends with one message that says what to do", async () => {
    const { asked: _asked, ...from } = await archiveServer(
      "#!/bin/sh\necho 'temporal version 9'\n[ \"$1\" = --version ] || exit 1\n",
    );
    const lines: string[] = [];
    const search = {
      environment: nothing(),
      log: (line: string) => lines.push(line),
      ...from,
      go: "/nowhere/go",
    };
    await expect(findTemporal(search)).rejects.toThrow(
      /Install the Temporal CLI .* or Go .*TEMPORAL_CLI_PATH.*TEMPORAL_ADDRESS/,
    );
    expect(lines.join("\n")).toContain("Go is not installed");
    expect(readdirSync(join(folder, "cache"))).toEqual([]);
  });

  it("goes on without the download when there is no network", async () => {
    const go = join(folder, "go");
    writeFileSync(
      go,
      `#!/bin/sh\n[ "$1" = version ] && echo go version go1.26.0 test && exit\nprintf '#!/bin/sh\\nexec ${program} "$@"\\n' > "$GOBIN/temporal"\nchmod +x "$GOBIN/temporal"\n`,
      {
        mode: 0o755,
      },
    );
    mkdirSync(join(folder, "cache"));
    const { downloadUrl } = await archiveServer(null);
    const environment = { ...nothing(), PATH: "/usr/bin:/bin" };
    const found = await findTemporal({ environment, log: () => undefined, downloadUrl, go });
    expect(readdirSync(join(folder, "cache"))).toHaveLength(1);
    expect(found).toContain(join(folder, "cache"));
  });
});
