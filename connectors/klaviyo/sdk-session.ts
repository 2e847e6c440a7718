/** How the SDK's requests travel: once, to our host alone, and with the reply as Klaviyo wrote it. */
import type { Agent as HttpAgent } from "node:http";
import { ApiKeySession, RetryWithExponentialBackoff } from "klaviyo-api";
import { ConnectorError } from "#connectors/core/errors.ts";
import { isNetworkFailure } from "#connectors/core/http-errors.ts";
import { HttpRefusal, jsonOf } from "#connectors/core/http.ts";
import type { HeaderSource } from "#connectors/core/retry-after.ts";

type Request = Parameters<ApiKeySession["requestWithRetry"]>[0];
type Response = Awaited<ReturnType<ApiKeySession["requestWithRetry"]>>;

export interface Reply {
  body: unknown;
  headers: Headers;
}

export interface CallOptions {
  /** The header's value. */
  authorization: string;
  agent: HttpAgent;
  signal: AbortSignal;
  /** Takes the place of the body that the SDK would send: its serialiser fails on a list of properties to unset (23.0.0). */
  json?: string;
}

/**
 * The session of one call. The SDK's deserialiser is given nothing: it makes an empty list of a suppression or a page in a
 * form it does not know, and `Invalid Date` of a strange date (observed with 23.0.0). Rows are checked one by one by us.
 */
export class CallSession extends ApiKeySession {
  reply: Reply | undefined;
  /** It asked for a page by cursor. */
  byCursor = false;
  readonly #options: CallOptions;

  constructor(options: CallOptions) {
    // Counts attempts, not repetitions: the framework does those.
    super("", new RetryWithExponentialBackoff({ numRetries: 1 }));
    this.#options = options;
  }

  /** @throws HttpRefusal for any status but 2xx, redirects too */
  override async requestWithRetry(request: Request): Promise<Response> {
    const { agent, authorization, signal, json } = this.#options;
    this.byCursor = "page[cursor]" in ((request.params ?? {}) as object);
    const response = await this.#sent({
      ...request,
      ...(json === undefined ? {} : { data: json }),
      headers: {
        ...(request.headers as Record<string, string>),
        ...(json === undefined ? {} : { "Content-Type": JSON_API }),
        // A key and a token travel differently.
        Authorization: authorization,
      },
      ...{ signal, httpAgent: agent, httpsAgent: agent, proxy: false, maxRedirects: 0 },
      ...{ validateStatus: () => true, responseType: "text", transformResponse: (text: unknown) => text },
    });
    const text = String(response.data ?? "");
    const headers = headersOf(response.headers as HeaderSource);
    if (response.status < 200 || response.status > 299) throw new HttpRefusal(response.status, headers, jsonOf(text));
    this.reply = { body: JSON.parse(text) as unknown, headers };
    return { ...response, data: undefined };
  }

  async #sent(request: Request): Promise<Response> {
    try {
      return await super.requestWithRetry(request);
    } catch (error) {
      // What the transport throws carries the request, key included.
      if (this.#options.signal.aborted) throw new DOMException("aborted", "AbortError");
      if (error instanceof ConnectorError) throw error;
      if (isNetworkFailure(error) || isCutOff(error))
        throw new ConnectorError("transient", "The connection to Klaviyo failed.");
      // oxlint-disable-next-line preserve-caught-error -- it carries the request, key included
      throw new Error("Klaviyo's library could not send the request.");
    }
  }
}

/** A reply that broke off has a code of axios' own. */
function isCutOff(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BAD_RESPONSE";
}

const JSON_API = "application/vnd.api+json";

function headersOf(headers: HeaderSource): Headers {
  const found = new Headers();
  for (const [name, value] of Object.entries(headers as Record<string, unknown>))
    if (typeof value === "string") found.set(name, value);
  return found;
}
