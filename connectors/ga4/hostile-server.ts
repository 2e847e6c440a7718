/**
 * A server that answers as Google's reference allows, or as nobody should: written from the reference alone, and knowing nothing
 * of the twin. Each path gets a list of answers; the last one is given for ever after.
 */
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export interface Answer {
  status?: number;
  body: unknown;
  headers?: Record<string, string>;
}

export interface HostileServer {
  url: string;
  /** What was asked: method, path and body. */
  asked: { path: string; body: unknown; headers: IncomingMessage["headers"] }[];
  close(): void;
}

/** @param answers by the end of a path: `:runReport` */
export async function startHostileServer(
  answers: Record<string, Answer[] | ((body: unknown, n: number) => Answer)>,
): Promise<HostileServer> {
  const asked: HostileServer["asked"] = [];
  const counts = new Map<string, number>();
  const server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const text = Buffer.concat(parts).toString();
      const path = `${request.method} ${request.url?.split("?")[0]}`;
      const body: unknown = text.startsWith("{") ? JSON.parse(text) : text;
      asked.push({ path, body, headers: request.headers });
      const [name, given] = Object.entries(answers).find(([end]) => path.endsWith(end)) ?? ["", []];
      const n = counts.get(name) ?? 0;
      counts.set(name, n + 1);
      const {
        status = 200,
        body: said,
        headers = {},
      } = (typeof given === "function" ? given(body, n) : (given[n] ?? given.at(-1))) ?? { status: 404, body: {} };
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(typeof said === "string" ? said : JSON.stringify(said));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}
