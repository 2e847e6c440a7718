/** What stands before a Temporal that is not on this machine: TLS, the client's certificate asked for, headers seen. */
import { readFileSync } from "node:fs";
import { once } from "node:events";
import { connect, constants, createSecureServer, type ClientHttp2Stream, type ServerHttp2Stream } from "node:http2";
import type { Certified } from "./certificates.ts";

export interface TlsProxy {
  address: string;
  /** Values of `authorization` by the program that sent them: gRPC of Node is the client, another the worker. */
  seen: Map<string, Set<string | undefined>>;
  close(): Promise<void>;
}

/** @param to host:port of the server that speaks in the clear */
export async function startTlsProxy(to: string, ca: Certified, server: Certified): Promise<TlsProxy> {
  const behind = connect(`http://${to}`);
  const seen: TlsProxy["seen"] = new Map();
  const proxy = createSecureServer({
    ...{ key: readFileSync(server.key), cert: readFileSync(server.cert), ca: readFileSync(ca.cert) },
    ...{ requestCert: true, rejectUnauthorized: true },
  });
  proxy.on("stream", (stream, headers) => {
    const who = String(headers["user-agent"]).replace(/\/.*/, "");
    seen.set(who, (seen.get(who) ?? new Set()).add(headers.authorization));
    const { connection: _connection, ...rest } = headers;
    passOn(stream, behind.request({ ...rest, ":scheme": "http" }));
  });
  // A client that was turned away is what some tests are about.
  proxy.on("sessionError", () => undefined);
  const sessions = new Set<{ destroy(): void }>();
  proxy.on("session", (session) => void sessions.add(session));
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  return {
    address: `127.0.0.1:${typeof address === "object" ? address?.port : 0}`,
    seen,
    async close() {
      for (const session of sessions) session.destroy();
      behind.destroy();
      proxy.close();
      await once(proxy, "close");
    },
  };
}

function passOn(stream: ServerHttp2Stream, ahead: ClientHttp2Stream): void {
  stream.pipe(ahead);
  ahead.once("response", (headers) => {
    if (stream.destroyed) return;
    stream.respond(headers, { waitForTrailers: true });
    ahead.pipe(stream);
  });
  // gRPC says in the trailers how it went.
  let trailers = {};
  ahead.once("trailers", (given) => (trailers = given));
  stream.once("wantTrailers", () => stream.sendTrailers(trailers));
  const cut = () => {
    stream.close(constants.NGHTTP2_CANCEL);
    ahead.close(constants.NGHTTP2_CANCEL);
  };
  stream.once("aborted", cut).on("error", cut);
  ahead.once("aborted", cut).on("error", cut);
}
