import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createVendorCall, unlimited } from "./call.ts";
import type { RateLimiter } from "./call.ts";
import { ConnectorError } from "./errors.ts";

const limit = { burst: 1, perSecond: 1, source: "", readOn: "" };
const connector = { title: "Acme", limits: { general: limit, search: limit }, classify: () => undefined };

const thrownBy = async (error: unknown, more: Partial<Parameters<typeof createVendorCall>[0]> = {}) => {
  const call = createVendorCall({ connector, limiter: unlimited, now: () => 1_000, ...more });
  const failing = async () => {
    throw error;
  };
  return call("general", "things.list", failing).catch((failure: unknown) => failure);
};

describe("a call to a vendor", () => {
  it("that never got through is worth another try", async () => {
    const refused = Object.assign(new Error("connect"), { code: "ECONNREFUSED" });
    expect(await thrownBy(refused)).toMatchObject({
      kind: "transient",
      message: expect.stringContaining("be reached"),
    });
  });

  it("that failed inside the library is not told as one that did not get through", async () => {
    const failure = await thrownBy(new TypeError("Do not know how to serialize a BigInt of jo@acme.example"));
    expect(failure).toMatchObject({ kind: "contract", message: expect.stringContaining("(TypeError)") });
    expect(String(failure)).not.toMatch(/reached|jo@/);
  });

  it("answered with something other than JSON, or in another form, is told as that", async () => {
    expect(await thrownBy(new SyntaxError("Unexpected token <"))).toMatchObject({ kind: "transient" });
    const error = z.object({ id: z.string() }).safeParse({ id: 1 }).error;
    expect(await thrownBy(error)).toMatchObject({ kind: "contract", message: expect.stringContaining("at id") });
  });

  it("cancelled by us blames nobody", async () => {
    const controller = new AbortController();
    controller.abort(new Error("cancelled"));
    expect(await thrownBy(new Error("x"), { signal: controller.signal })).toMatchObject({
      kind: "transient",
      message: expect.stringContaining("cancelled on our side"),
    });
  });

  it.each([
    [false, [["general", 6_000]]],
    [
      true,
      [
        ["general", 6_000],
        ["search", 6_000],
      ],
    ],
  ])("told to wait (for the whole account: %s) blocks what has to wait", async (wholeAccount, expected) => {
    const blocked: unknown[] = [];
    const limiter: RateLimiter = {
      acquire: async () => undefined,
      block: async (bucket, untilMs) => void blocked.push([bucket, untilMs]),
    };
    const classify = () => new ConnectorError("rate_limited", "Wait.", { retryAfterMs: 5_000, wholeAccount });
    await thrownBy(new Error("x"), { limiter, connector: { ...connector, classify } });
    expect(blocked).toEqual(expected);
  });
});
