import { describe, expect, it } from "vitest";
import { z } from "zod";
import { createVendorCall, unlimited } from "./call.ts";
import type { RateLimiter } from "./call.ts";
import { ConnectorError } from "./errors.ts";
import type { ConnectorErrorDetails } from "./errors.ts";

const limit = { calls: 1, windowMs: 1_000, source: "", readOn: "" };
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

  const keeping = () => {
    const said: unknown[] = [];
    const limiter: RateLimiter = {
      ...unlimited,
      block: async (bucket, untilMs) => void said.push(["block", bucket, untilMs]),
      refused: async (bucket, untilMs) => void said.push(["refused", bucket, untilMs]),
    };
    return { said, limiter };
  };
  it("is spent from its bucket and from the one over it, which a refusal of all calls together slows down", async () => {
    const { said, limiter } = keeping();
    const limits = { list: { ...limit, within: "all" }, all: limit };
    const acquire: RateLimiter["acquire"] = async (bucket) => void said.push(["acquire", bucket]);
    for (const wholePace of [true, false]) {
      const classify = () => new ConnectorError("rate_limited", "Wait.", { wholePace, retryAfterMs: 5 });
      const options = {
        connector: { title: "Acme", limits, classify },
        limiter: { ...limiter, acquire },
        now: () => 0,
      };
      const failing = () => Promise.reject(new Error("429"));
      await createVendorCall(options)("list", "things.list", failing).catch(() => undefined);
    }
    expect(said).toEqual([
      ...[
        ["acquire", "list"],
        ["acquire", "all"],
        ["refused", "all", 5],
      ],
      ...[
        ["acquire", "list"],
        ["acquire", "all"],
        ["refused", "list", 5],
      ],
    ]);
  });

  const tooFast = (details: ConnectorErrorDetails) => ({
    ...connector,
    classify: () => new ConnectorError("rate_limited", "Wait.", details),
  });

  it("told to wait slows down those who share its limit", async () => {
    const { said, limiter } = keeping();
    await thrownBy(new Error("x"), { limiter, connector: tooFast({ retryAfterMs: 5_000 }) });
    expect(said).toEqual([["refused", "general", 6_000]]);
  });

  it("told to wait for the whole account blocks every limit and blames no pace", async () => {
    const { said, limiter } = keeping();
    await thrownBy(new Error("x"), { limiter, connector: tooFast({ retryAfterMs: 5_000, wholeAccount: true }) });
    expect(said).toEqual([
      ["block", "general", 6_000],
      ["block", "search", 6_000],
    ]);
  });

  it("refused for a moment is made again by itself, asked anew whether it may leave", async () => {
    const { said, limiter } = keeping();
    let asked = 0;
    let sent = 0;
    const call = createVendorCall({
      ...{ connector: tooFast({ retryAfterMs: 5_000 }), limiter, now: () => 1_000, patienceMs: 30_000 },
      beforeSending: async () => void (asked += 1),
    });
    const answer = await call("general", "things.list", async () => {
      sent += 1;
      if (sent < 3) throw new Error("429");
      return "things";
    });
    expect([answer, asked, said.length]).toEqual(["things", 3, 2]);
  });

  it("refused without a word on how long waits longer each time, and is given up in the end", async () => {
    const { said, limiter } = keeping();
    const failure = await thrownBy(new Error("429"), { limiter, connector: tooFast({}), patienceMs: 30_000 });
    expect(failure).toMatchObject({ kind: "rate_limited" });
    const waits = said.map((one) => Number((one as unknown[])[2]) - 1_000);
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000, 30_000]);
  });

  it("refused for longer than it is worth waiting here is not made again", async () => {
    const { said, limiter } = keeping();
    await thrownBy(new Error("x"), { limiter, connector: tooFast({ retryAfterMs: 60_000 }), patienceMs: 30_000 });
    expect(said).toHaveLength(1);
  });
});
