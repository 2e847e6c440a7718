/** How the SDK's requests travel: by Node's own client, which costs half of what `fetch` does, one call per customer written. */
import { request as requestHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { request as requestHttps } from "node:https";
import { Stripe } from "stripe";
import { agentFor } from "#connectors/core/agent.ts";
import { HttpRefusal, jsonOf, unpacked } from "#connectors/core/http.ts";

/**
 * The SDK takes any JSON without `error` for a success, whatever the status, and forgets the status of a refusal in HTML
 * (23.1.0, RequestSender.js): here every status but 2xx is a refusal, redirects too.
 */
export class StripeHttpClient extends Stripe.HttpClient {
  readonly #agent;
  readonly #send;

  constructor(baseUrl: string) {
    super();
    this.#agent = agentFor(baseUrl);
    this.#send = baseUrl.startsWith("https:") ? requestHttps : requestHttp;
  }

  override getClientName(): string {
    return "node";
  }

  /** @throws HttpRefusal for any status but 2xx; what the socket threw, or the SDK's own time-out */
  override async makeRequest(
    ...[host, port, path, method, headers, body, , timeoutMs]: Parameters<Stripe.HttpClient["makeRequest"]>
  ): Promise<Stripe.HttpClientResponse> {
    const { reply, bytes } = await new Promise<{ reply: IncomingMessage; bytes: Buffer }>((resolve, reject) => {
      const sent = this.#send({ host, port, path, method, headers: withLength(headers, body), agent: this.#agent });
      const timer = setTimeout(() => sent.destroy(Stripe.HttpClient.makeTimeoutError()), timeoutMs);
      // Wrapped, for of a closed connection the SDK makes another try by itself, past our quota.
      const fail = (cause: Error) => {
        clearTimeout(timer);
        reject(new Error("The connection failed.", { cause }));
      };
      sent.on("error", fail);
      sent.on("response", (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", fail);
        answer.on("end", () => {
          clearTimeout(timer);
          if (answer.complete) resolve({ reply: answer, bytes: Buffer.concat(parts) });
          else fail(new Error("The reply broke off."));
        });
      });
      sent.end(body);
    });
    const status = reply.statusCode ?? 0;
    const text = await unpacked(bytes, reply.headers["content-encoding"] ?? "");
    const told = headersOf(reply);
    if (status < 200 || status > 299) throw new HttpRefusal(status, new Headers(told), jsonOf(text));
    return new Answer(status, told, text);
  }
}

class Answer extends Stripe.HttpClientResponse {
  readonly #text: string;

  constructor(status: number, headers: Record<string, string>, text: string) {
    super(status, headers);
    this.#text = text;
  }

  override async toJSON(): Promise<unknown> {
    return JSON.parse(this.#text);
  }

  /** What the SDK hands out as `lastResponse`; it adds the status. */
  override getRawResponse(): unknown {
    return { headers: this.getHeaders() };
  }
}

type SdkHeaders = Parameters<Stripe.HttpClient["makeRequest"]>[4];

function withLength(headers: SdkHeaders, body: string): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) if (value !== undefined) given[name] = String(value);
  return body === "" ? given : { ...given, "Content-Length": String(Buffer.byteLength(body)) };
}

function headersOf({ headers }: IncomingMessage): Record<string, string> {
  const told: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) told[name] = Array.isArray(value) ? value.join(", ") : value;
  return told;
}
