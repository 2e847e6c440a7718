/** The one place where connections to Temporal are made: the client's and the worker's, from the same configuration. */
import { connect as connectPlain } from "node:net";
import { connect as connectTls, type ConnectionOptions } from "node:tls";
import { Connection } from "@temporalio/client";
import type { NativeConnection } from "@temporalio/worker";
import { ConfigError } from "#config.ts";
import type { TemporalConfig } from "#temporal-config.ts";

/** What both kinds of connection take. An API key travels as `authorization: Bearer ...`. */
function connectionOptions({ address, tls, apiKey }: TemporalConfig) {
  return {
    address,
    ...(apiKey === null ? {} : { apiKey }),
    ...(tls === null
      ? {}
      : {
          tls: {
            ...(tls.serverName === null ? {} : { serverNameOverride: tls.serverName }),
            ...(tls.serverCa === null ? {} : { serverRootCACertificate: tls.serverCa }),
            ...(tls.client === null ? {} : { clientCertPair: { crt: tls.client.certificate, key: tls.client.key } }),
          },
        }),
  };
}

/**
 * @param patienceMs how long the server may take to answer at all
 * @throws ConfigError saying why, and which variable to look at
 */
export function connectClient(temporal: TemporalConfig, patienceMs = 10_000): Promise<Connection> {
  return explained(temporal, Connection.connect({ ...connectionOptions(temporal), connectTimeout: patienceMs }));
}

/**
 * The native part is loaded when asked for: a command line has no use for it.
 *
 * @throws ConfigError as for the client
 */
export async function connectWorker(temporal: TemporalConfig): Promise<NativeConnection> {
  const { NativeConnection } = await import("@temporalio/worker");
  return explained(temporal, NativeConnection.connect(connectionOptions(temporal)));
}

async function explained<T>(temporal: TemporalConfig, connecting: Promise<T>): Promise<T> {
  try {
    return await connecting;
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    const refused =
      temporal.tls === null
        ? `it does not answer as Temporal in the clear (${said}): look at TEMPORAL_TLS`
        : `it refuses us (${said}): look at TEMPORAL_API_KEY and TEMPORAL_NAMESPACE`;
    const why = (await whyUnreachable(temporal)) ?? refused;
    throw new ConfigError(`Temporal at ${temporal.address}: ${why}.`, { cause: error });
  }
}

const LOOK_MS = 5_000;

/**
 * Why a connection could not be made, and which variable to look at. Temporal's client says no more than that time ran
 * out; this tries the same by hand. Null: the way is clear, so it is the server that refuses.
 */
async function whyUnreachable(temporal: TemporalConfig): Promise<string | null> {
  const { address, tls } = temporal;
  const at = address.lastIndexOf(":");
  const [host, port] = [address.slice(0, at).replace(/^\[|\]$/g, ""), Number(address.slice(at + 1))];
  const plain = await troubleOf((done) => connectPlain({ host, port }).once("connect", () => done(null)));
  if (plain !== null) return `nothing answers there (${plain}): look at TEMPORAL_ADDRESS`;
  if (tls === null) return null;
  const options: ConnectionOptions = {
    ...{ host, port, ALPNProtocols: ["h2"], servername: tls.serverName ?? host },
    ...(tls.serverCa === null ? {} : { ca: tls.serverCa }),
    ...(tls.client === null ? {} : { cert: tls.client.certificate, key: tls.client.key }),
  };
  // A server that wants a client's certificate says so only after the handshake, when it would have to answer.
  const secure = await troubleOf((done) => {
    const socket = connectTls(options);
    socket.once("secureConnect", () => socket.write("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"));
    return socket.once("data", () => done(null));
  });
  if (secure === null) return null;
  return `TLS fails there (${secure}): look at ${variablesFor(secure, temporal)}`;
}

function variablesFor(trouble: string, { tls }: TemporalConfig): string {
  if (/ALTNAME/.test(trouble)) return "TEMPORAL_TLS_SERVER_NAME";
  if (/CERT_|ISSUER|SELF_SIGNED|UNABLE_TO/.test(trouble) && !/ALERT|SSL/.test(trouble))
    return "TEMPORAL_TLS_SERVER_CA_CERT_PATH";
  if (tls?.client === null)
    return "TEMPORAL_TLS (does it speak TLS?), TEMPORAL_TLS_CLIENT_CERT_PATH (does it want one?)";
  return "TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH";
}

type Socket = ReturnType<typeof connectPlain>;

function troubleOf(begin: (done: (trouble: string | null) => void) => Socket): Promise<string | null> {
  return new Promise((resolve) => {
    const done = (trouble: string | null) => {
      socket.destroy();
      resolve(trouble);
    };
    const socket = begin((trouble) => done(trouble));
    socket.setTimeout(LOOK_MS, () => done("no answer"));
    socket.once("error", (error) => done("code" in error ? String(error.code) : error.message));
    socket.once("close", () => done("it hangs up"));
  });
}
