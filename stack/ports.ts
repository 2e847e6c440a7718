/** Free ports of the loopback interface. */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { StackError } from "./stack-error.ts";

/** A server found one of its ports in use. */
export class PortTaken extends StackError {
  constructor(server: string, ports: readonly number[]) {
    super(
      `${server} needs port ${ports.join(" and ")}, which another program has taken: end that one and start again.`,
    );
  }
}

/**
 * Below what any system hands out by itself (Linux from 32,768, others from 49,152), to connections that go out as well: a server
 * that is to come back on its port would find it taken.
 */
const OURS = { from: 20_000, to: 32_768 };
const TRIES = 20;

/**
 * A port on 127.0.0.1 that nobody listens on: `preferred` when it is free, else any.
 *
 * Another program can take it before it is used; who starts a server on it tries again with another.
 */
export async function findFreePort(preferred = 0): Promise<number> {
  if (preferred !== 0) {
    const port = await tryPort(preferred);
    if (port !== null) return port;
  }
  for (let tries = 0; tries < TRIES; tries++) {
    const port = await tryPort(randomInt(OURS.from, OURS.to));
    if (port !== null) return port;
  }
  return (await tryPort(0)) ?? fail();
}

function tryPort(port: number): Promise<number | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(null));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : null));
    });
  });
}

function fail(): never {
  throw new Error("No free port on 127.0.0.1.");
}
