/** How much of an account's limits is used, as an operator sets it. */
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createConnectionStore } from "#profile/store/connections.ts";
import { connectionId, test, useConnection } from "#tests/support/connection.ts";
import { runCli } from "./run-cli.ts";

useConnection("stripe");
let folder: string;
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "tributary-share-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const tributary = (...args: string[]) =>
  runCli(
    {
      ...{ DATABASE_URL: test.appUrl, TRIBUTARY_DATA_DIR: folder, TEMPORAL_ADDRESS: "127.0.0.1:9" },
      TRIBUTARY_KEY: randomBytes(32).toString("base64"),
    },
    args,
  );
const kept = async () => (await createConnectionStore(test.database).get(test.workspaceId, connectionId)).quotaShare;

it("is nine tenths until it is set, and again when it is set to the usual", async () => {
  expect((await tributary("connections")).out).toContain("90 % (usual)");
  const set = await tributary("connections", "set", "stripe", "--quota-share", "55%");
  expect(set.err).toBe("");
  expect(set.out).toContain("uses 55 % of what its account is allowed");
  expect(await kept()).toBe(0.55);
  expect((await tributary("connections", "list")).out).toMatch(/ 55 % /);
  await tributary("connections", "set", "stripe", "--quota-share", "usual");
  expect(await kept()).toBeNull();
});

it("is refused where it leaves nothing to call with, or is no percentage", async () => {
  for (const share of ["0", "0.4", "101", "-5", "half", "1e2", ""]) {
    const refused = await tributary("connections", "set", "stripe", `--quota-share=${share}`);
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("a percentage from 1 to 100");
  }
  expect(await kept()).toBeNull();
  expect((await tributary("connections", "set", "nothing", "--quota-share", "50")).code).toBe(3);
});
