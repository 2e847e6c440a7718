/** The console as a process of its own, asked by the names a proxy gives it. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { request } from "node:http";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { afterEach, beforeAll, afterAll, expect, it } from "vitest";
import { z } from "zod";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

const PROGRAM = fileURLToPath(new URL("../../console/server/main.ts", import.meta.url));
const readyLine = z.object({ ready: z.literal(true), port: z.number().int() });

let test: TestDatabase;
const started: ChildProcess[] = [];
beforeAll(async () => {
  test = await createTestDatabase();
});
afterEach(() => {
  for (const child of started.splice(0)) child.kill("SIGKILL");
});
afterAll(() => test.drop());

/** @returns the port it listens on */
async function startConsole(environment: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", PROGRAM], {
    env: {
      DATABASE_URL: test.appUrl,
      TEMPORAL_ADDRESS: "127.0.0.1:1",
      TRIBUTARY_KEY: randomBytes(32).toString("base64"),
      PORT: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  started.push(child);
  for await (const line of createInterface({ input: child.stdout })) return readyLine.parse(JSON.parse(line)).port;
  throw new Error("The console ended before it was ready.");
}

function statusFor(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: "127.0.0.1", port, path: "/", headers: { host }, agent: false }, (reply) => {
      reply.resume().on("end", () => resolve(reply.statusCode));
    });
    asked.on("error", reject).end();
  });
}

it("answers by its public name, and by no other", async () => {
  const port = await startConsole({ TRIBUTARY_PUBLIC_URL: "https://Tributary.FernAndKettle.example/" });
  const asked = ["tributary.fernandkettle.example", "tributary.fernandkettle.example:443", "localhost", "evil.example"];
  const statuses = [];
  for (const host of asked) statuses.push(await statusFor(port, host));
  expect(statuses).toEqual([200, 200, 200, 421]);
});

it("is not known by a public name that nobody set", async () => {
  expect(await statusFor(await startConsole({}), "tributary.fernandkettle.example")).toBe(421);
});
