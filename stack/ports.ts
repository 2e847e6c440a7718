/** Free ports of the loopback interface. */
import { createServer } from "node:net";

/**
 * A port on 127.0.0.1 that nobody listens on: `preferred` when it is free, else any.
 *
 * Another program can take it before it is used; who starts a server on it tries again with another.
 */
export async function findFreePort(preferred = 0): Promise<number> {
  return (await tryPort(preferred)) ?? (await tryPort(0)) ?? fail();
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
