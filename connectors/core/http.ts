/** Requests that stay with the host they were meant for: a reply never sends them to another one. */
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";

/** A reply that is not a 2xx. What the vendor wrote is in `body`, parsed where it is JSON; never in the message. */
export class HttpRefusal extends Error {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;

  constructor(status: number, headers: Headers, body: unknown) {
    super(`HTTP ${status}`);
    this.status = status;
    this.headers = headers;
    this.body = body;
  }
}

export interface JsonRequest {
  method: string;
  /** Beneath the base address. */
  path: string;
  query?: Record<string, string>;
  headers?: Record<string, string>;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal;
}

/** What a vendor answered, and the headers beside it: its clock (`servedAtOf`), what is left of a quota. */
export interface JsonReply {
  body: unknown;
  headers: Headers;
}

/**
 * One call in JSON, for vendors without an SDK and for what an SDK does not offer. A redirect is a refusal like any other.
 *
 * @throws HttpRefusal for any status but 2xx
 */
export async function requestReply(baseUrl: string, request: JsonRequest): Promise<JsonReply> {
  const url = new URL(baseUrl.replace(/\/$/, "") + request.path);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const response = await fetch(url, {
    method: request.method,
    redirect: "manual",
    headers: {
      accept: "application/json",
      ...(request.body === undefined ? {} : { "content-type": "application/json" }),
      ...request.headers,
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    ...(request.signal === undefined ? {} : { signal: request.signal }),
  });
  const { ok, status, headers } = response;
  const text = await response.text();
  if (!ok) throw new HttpRefusal(status, headers, jsonOf(text));
  // 204 No Content; any other answer without JSON is a broken one.
  return { body: status === 204 ? null : (JSON.parse(text) as unknown), headers };
}

/** The body alone of `requestReply`. */
export async function requestJson(baseUrl: string, request: JsonRequest): Promise<unknown> {
  return (await requestReply(baseUrl, request)).body;
}

const UNPACK: Record<string, (packed: Buffer) => Promise<Buffer>> = {
  gzip: promisify(gunzip),
  "x-gzip": promisify(gunzip),
  deflate: promisify(inflate),
  br: promisify(brotliDecompress),
};

/**
 * The text of a body as `Content-Encoding` says, for SDKs that leave it packed; a proxy may pack what nobody asked it to.
 *
 * @throws SyntaxError for a body that cannot be unpacked
 */
export async function unpacked(body: Buffer, encoding: string): Promise<string> {
  let bytes = body;
  for (const name of encoding.toLowerCase().split(",").toReversed()) {
    const unpack = UNPACK[name.trim()];
    if (unpack === undefined) continue;
    try {
      bytes = await unpack(bytes);
    } catch {
      throw new SyntaxError("not packed as it says");
    }
  }
  return bytes.toString("utf8");
}

/** A refusal's body; null where it is a proxy's HTML page: the status alone says what there is to know. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
