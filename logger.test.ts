import { inspect } from "node:util";
import { ApiException } from "@hubspot/api-client/lib/codegen/crm/contacts/apis/exception.js";
import { Stripe } from "stripe";
import { DatabaseError } from "pg";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { ConnectorError } from "#connectors/core/errors.ts";
import { createLogger } from "./logger.ts";
import type { Logger } from "./logger.ts";

/** What one call to the logger prints. */
function logged(call: (log: Logger) => void): { text: string; fields: Record<string, unknown> } {
  let text = "";
  call(createLogger({ name: "test", level: "trace", destination: { write: (line) => void (text += line) } }));
  const fields = text === "" ? {} : z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  return { text, fields };
}

const ADA = {
  firstName: "Ada",
  last_name: "Ashgrove",
  email: "ada@brightleaf.co.uk",
  Phones: ["+44 7400 100100"],
  "Full-Name": "Ada Ashgrove",
};
const TRACES = ["Ada", "Ashgrove", "brightleaf", "7400", "sk_live_abcdefgh12345678", "pat-eu1-0a1b2c3d", "hunter2"];
const expectNoTrace = (text: string) => expect(TRACES.filter((trace) => text.includes(trace))).toEqual([]);

describe("the log", () => {
  it("keeps ids, counts and words that say what happened", () => {
    const { fields } = logged((log) => log.child({ runId: "r1" }).info({ planId: "p1", counts: { read: 3 } }, "done"));
    expect(fields).toMatchObject({ name: "test", runId: "r1", planId: "p1", counts: { read: 3 }, msg: "done" });
  });

  it("takes personal data out of objects, however deep and however the fields are spelled", () => {
    const { text, fields } = logged((log) =>
      log.warn({ recordId: "c1", ...ADA, batch: [{ record: { inner: { deeper: ADA, name: "Ada" } } }] }, "odd record"),
    );
    expectNoTrace(text);
    expect(fields["recordId"]).toBe("c1");
    expect(fields["email"]).toBe("[redacted]");
  });

  it("takes personal data out of what a child logger was given", () => {
    expectNoTrace(logged((log) => log.child({ customer: ADA, name: "Ada" }).info("hello")).text);
  });

  it("takes addresses, phone numbers and secrets out of sentences", () => {
    const said = [
      "ada@brightleaf.co.uk called from +44 7400 100100",
      "Authorization: Bearer hunter2hunter2",
      "key sk_live_abcdefgh12345678 and token pat-eu1-0a1b2c3d-4e5f",
      "postgresql://owner:hunter2@db.internal:5432/app refused",
    ];
    for (const sentence of said) {
      expectNoTrace(logged((log) => log.error(sentence)).text);
      expectNoTrace(logged((log) => log.error({ reason: sentence }, "failed: %s", sentence)).text);
      expectNoTrace(logged((log) => log.error(new Error(sentence))).text);
    }
    expect(logged((log) => log.error(said[3])).text).toContain("db.internal:5432/app refused");
  });

  it("takes secrets out by name", () => {
    const secrets = {
      apiKey: "x1y2z3",
      access_token: "x1y2z3",
      nested: { Authorization: "x1y2z3", password: "x1y2z3" },
    };
    expect(logged((log) => log.info(secrets, "opened")).text).not.toContain("x1y2z3");
  });

  it("says of HubSpot's errors what happened, without the body and the headers in their message", () => {
    const error = new ApiException(
      409,
      "Contact already exists",
      { message: "Contact Ada Ashgrove exists", context: { email: ["ada@brightleaf.co.uk"] } },
      { authorization: "Bearer pat-eu1-0a1b2c3d" },
    );
    expect(inspect(error)).toContain("Ashgrove");
    const { text, fields } = logged((log) => log.error({ err: error }, "write failed"));
    expectNoTrace(text);
    expect(fields["err"]).toMatchObject({ code: 409, message: "HTTP-Code: 409" });
    expectNoTrace(logged((log) => log.error(error)).text);
  });

  it("says of Stripe's errors what happened, without the raw reply", () => {
    const error = new Stripe.errors.StripeInvalidRequestError({
      type: "invalid_request_error",
      message: "Invalid email address: ada@brightleaf.co.uk",
      code: "email_invalid",
      headers: { authorization: "Bearer sk_live_abcdefgh12345678" },
      requestId: "req_123",
    });
    const { text, fields } = logged((log) => log.error({ err: error }, "write failed"));
    expectNoTrace(text);
    expect(fields["err"]).toMatchObject({ code: "email_invalid", requestId: "req_123" });
  });

  it("says of Postgres' errors what happened, without the row's values", () => {
    const error = new DatabaseError('invalid input syntax for type bigint: "Ada Ashgrove"', 10, "error");
    Object.assign(error, { code: "22P02", detail: "Key (email)=(ada@brightleaf.co.uk) exists", table: "trait" });
    const { text, fields } = logged((log) => log.error({ err: error }, "failed"));
    expectNoTrace(text);
    expect(fields["err"]).toMatchObject({ code: "22P02", table: "trait" });
  });

  it("follows causes, keeps where it happened, and survives what refers to itself", () => {
    const cause = Object.assign(new Error("no route to ada@brightleaf.co.uk"), { body: ADA });
    const error = new ConnectorError("transient", "HubSpot does not answer.", { status: 503, cause });
    const circle: Record<string, unknown> = { err: error };
    circle["circle"] = circle;
    const { text, fields } = logged((log) => log.error(circle, "failed"));
    expectNoTrace(text);
    expect(fields["err"]).toMatchObject({
      type: "ConnectorError",
      message: "HubSpot does not answer.",
      kind: "transient",
      details: { status: 503 },
      cause: { message: "no route to [redacted]" },
    });
    expect(text).toContain("logger.test.ts");
  });

  it("says nothing of a zod error's input", () => {
    const error = z.object({ email: z.email() }).safeParse(ADA.firstName).error;
    expectNoTrace(logged((log) => log.error({ err: error }, "odd")).text);
  });
});
