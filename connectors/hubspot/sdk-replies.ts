/**
 * What the SDK is kept from doing with replies: it parses the body before it looks at the status, so an HTML page with 401
 * or 429 became a parse error (https://github.com/HubSpot/hubspot-api-nodejs/issues/240, read 2026-11). Hooked in as its
 * middleware, which sees every reply first.
 */
import { z } from "zod";
import { HttpRefusal, jsonOf } from "../core/http.ts";

const replied = z.object({
  httpStatusCode: z.number(),
  headers: z.record(z.string(), z.string()),
  body: z.object({ text: z.custom<() => Promise<string>>((value) => typeof value === "function") }),
});

export const refuseUnlessJson = {
  pre: (context: unknown) => context,
  async post(context: unknown) {
    const { httpStatusCode: status, headers, body } = replied.parse(context);
    if (status >= 200 && status < 300) {
      // A maintenance page with 200.
      if (/html/i.test(headers["content-type"] ?? "")) throw new SyntaxError("not JSON");
      return context;
    }
    throw new HttpRefusal(status, new Headers(headers), jsonOf(await body.text()));
  },
};
