import { createServer, type Server } from "node:http";
import { once } from "node:events";
import Fastify from "fastify";
import { afterEach, beforeEach, expect, it } from "vitest";
import { listen } from "./listen.ts";

let other: Server;
let port: number;
beforeEach(async () => {
  // Somebody else's, and it answers every question as ours would.
  other = createServer((_request, reply) => void reply.end('{"ok":true}'));
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  const address = other.address();
  port = typeof address === "object" && address !== null ? address.port : 0;
});
afterEach(() => void other.close());

it("takes the next port where the wanted one belongs to another program", async () => {
  const app = Fastify();
  const taken = await listen(app, { host: "127.0.0.1", port, tries: 20 });
  expect(taken).toBeGreaterThan(port);
  await app.close();
});

it("refuses a port that a person chose and another program has, in a sentence", async () => {
  await expect(listen(Fastify(), { host: "127.0.0.1", port, tries: 1 })).rejects.toThrow(
    `Port ${port} is taken by another program: choose another with PORT.`,
  );
});

it("takes any free port for 0", async () => {
  const app = Fastify();
  expect(await listen(app, { host: "127.0.0.1", port: 0, tries: 1 })).toBeGreaterThan(0);
  await app.close();
});
