/**
 * What the SDK is kept from doing with replies: it parses the body before it looks at the status, so an HTML page with 401
 * or 429 became a parse error (https://github.com/HubSpot/hubspot-api-nodejs/issues/240, read 2026-11), it takes a body for
 * what its content type says, and it unpacks none (14.0.1). Hooked in as its middleware, which sees every reply first.
 */
import { z } from "zod";
import { HttpRefusal, jsonOf, unpacked } from "../core/http.ts";

const replied = z.object({
  httpStatusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.object({ binary: z.custom<() => Promise<Buffer>>((value) => typeof value === "function") }),
});

/** @param hear is given the headers of every reply, refusals included */
export const refuseUnlessJson = (hear: (headers: Headers) => void) => ({
  pre: (context: unknown) => context,
  async post(context: unknown) {
    const { httpStatusCode: status, headers, body } = replied.parse(context);
    hear(new Headers(headers));
    const text = await unpacked(await body.binary(), headers["content-encoding"] ?? "");
    if (status < 200 || status >= 300) throw new HttpRefusal(status, new Headers(headers), jsonOf(text));
    // What JSON is, its text tells: a maintenance page with 200 fails to parse, whatever either calls itself.
    return Object.assign(Object(context), {
      headers: { ...headers, "content-type": "application/json" },
      body: { text: async () => text, binary: async () => Buffer.from(text) },
    });
  },
});
