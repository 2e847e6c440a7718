/** A stretch of network before a twin, which can go dead: connections are taken and nothing is answered. */
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

export interface Relay {
  url: string;
  /** From now on nothing gets through. */
  hang(): void;
  /** Everything gets through again; what hung meanwhile is cut off. */
  mend(): void;
  close(): Promise<void>;
}

export async function startRelay(target: string): Promise<Relay> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  let hangs = false;
  const cutOff = () => {
    for (const socket of sockets) socket.destroy();
  };
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.on("data", (chunk) => {
        if (!hangs) other.write(chunk);
      });
      one.on("error", () => undefined);
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    hang() {
      hangs = true;
    },
    mend() {
      hangs = false;
      cutOff();
    },
    async close() {
      cutOff();
      await new Promise((resolve) => void server.close(resolve));
    },
  };
}
