import { createServer } from "node:net";
import { once } from "node:events";
import { expect, it } from "vitest";
import { findFreePort } from "./ports.ts";

it("takes none that the system gives to connections by itself", async () => {
  for (let times = 0; times < 20; times++) expect(await findFreePort()).toBeLessThan(32_768);
});

it("takes the preferred port when it is free and another when it is not", async () => {
  const preferred = await findFreePort();
  expect(await findFreePort(preferred)).toBe(preferred);
  const server = createServer().listen(preferred, "127.0.0.1");
  await once(server, "listening");
  expect(await findFreePort(preferred)).not.toBe(preferred);
  server.close();
});
