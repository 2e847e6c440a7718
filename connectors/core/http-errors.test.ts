import { describe, expect, it } from "vitest";
import { httpErrors, isNetworkFailure } from "./http-errors.ts";
import type { VendorAnswer } from "./http-errors.ts";

const table = {
  title: "Acme",
  answerOf: (error: unknown) =>
    typeof error === "object" && error !== null && "status" in error ? (error as VendorAnswer) : undefined,
  statuses: { 477: { kind: "rate_limited", waitMs: 3_600_000 } },
  codes: {
    INVALID_CURSOR: { kind: "cursor_expired" },
    QUOTA: { kind: "rate_limited", wholeAccount: true, say: "The day is used up.", waitMs: () => 5_000 },
    BUSY: { kind: "transient", status: 429 },
  },
} satisfies Parameters<typeof httpErrors>[0];
const classify = httpErrors<VendorAnswer>(table);
const kindOf = (answer: VendorAnswer) => classify(answer)?.kind;

describe("a vendor's refusal", () => {
  it.each([
    [429, "rate_limited"],
    [401, "auth"],
    [403, "permission"],
    [400, "invalid_record"],
    [404, "invalid_record"],
    [422, "invalid_record"],
    [408, "transient"],
    [425, "transient"],
    [500, "transient"],
    [502, "transient"],
    [524, "transient"],
    [477, "rate_limited"],
    [302, "contract"],
    [200, "contract"],
  ])("with %i is %s by its status alone", (status, kind) => {
    expect(kindOf({ status })).toBe(kind);
    expect(kindOf({ status, code: "constructor" })).toBe(kind);
    expect(kindOf({ status, code: "<html>Sorry, jo@acme.example</html>" })).toBe(kind);
  });

  it.each([400, 404, 405, 409, 422])("with %i of a proxy before it is no verdict on a record", (status) => {
    expect(kindOf({ status, foreign: true })).toBe("transient");
  });

  it.each([
    [401, "auth"],
    [403, "permission"],
    [414, "invalid_record"],
    [429, "rate_limited"],
    [477, "rate_limited"],
    [502, "transient"],
    [302, "contract"],
  ])("with %i is %s whoever answers", (status, kind) => {
    expect(kindOf({ status, foreign: true })).toBe(kind);
  });

  it("is refined by its code, but not where the status has said it all", () => {
    expect(kindOf({ status: 400, code: "INVALID_CURSOR" })).toBe("cursor_expired");
    expect(kindOf({ status: 403, code: "QUOTA" })).toBe("rate_limited");
    expect(kindOf({ status: 200, code: "QUOTA" })).toBe("rate_limited");
    for (const [status, kind] of [
      [429, "rate_limited"],
      [401, "auth"],
      [503, "transient"],
    ] as const)
      expect([status, kindOf({ status, code: "INVALID_CURSOR" })]).toEqual([status, kind]);
    expect(kindOf({ status: 429, code: "BUSY" })).toBe("transient");
    expect(kindOf({ status: 400, code: "BUSY" })).toBe("invalid_record");
  });

  it("may be the author's mistake rather than one record's", () => {
    expect(httpErrors<VendorAnswer>({ ...table, refused: "contract" })({ status: 400 })?.kind).toBe("contract");
  });

  it("carries the wait, from the header before the table, and whom it concerns", () => {
    expect(classify({ status: 429, headers: { "retry-after": "7" } })?.details).toEqual({
      status: 429,
      retryAfterMs: 7_000,
    });
    expect(classify({ status: 429, headers: { "x-ratelimit-reset": "9" } })?.details.retryAfterMs).toBe(9_000);
    expect(classify({ status: 477 })?.details.retryAfterMs).toBe(3_600_000);
    expect(classify({ status: 503, headers: { "retry-after": "3" } })?.details.retryAfterMs).toBe(3_000);
    expect(classify({ status: 400, headers: { "retry-after": "3" } })?.details.retryAfterMs).toBeUndefined();
    const daily = classify({ status: 403, code: "QUOTA", requestId: "r-1" });
    expect(daily?.message).toBe("The day is used up.");
    expect(daily?.details).toEqual({
      status: 403,
      vendorCode: "QUOTA",
      vendorRequestId: "r-1",
      retryAfterMs: 5_000,
      wholeAccount: true,
    });
  });

  it("shows nothing the vendor wrote in place of a code", () => {
    const shown = classify({ status: 400, code: "jo@acme.example has no key sk_live_abcdefgh" });
    expect(JSON.stringify([shown?.message, shown?.details])).not.toMatch(/jo@|sk_live/);
    expect(shown?.details.vendorCode).toBeUndefined();
  });

  it("is none where the vendor did not answer", () => {
    expect(classify(new TypeError("x"))).toBeUndefined();
  });
});

describe("a failure of the network", () => {
  const coded = (code: string) => Object.assign(new Error("request failed"), { code });
  it.each([
    "ECONNREFUSED",
    "ECONNRESET",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ETIMEDOUT",
    "EPIPE",
    "UND_ERR_SOCKET",
    "HPE_INVALID_CONSTANT",
    "CERT_HAS_EXPIRED",
    "ERR_STREAM_PREMATURE_CLOSE",
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  ])("%s is one, also as a cause", (code) => {
    expect(isNetworkFailure(coded(code))).toBe(true);
    expect(isNetworkFailure(new TypeError("fetch failed", { cause: coded(code) }))).toBe(true);
    expect(isNetworkFailure(new Error("sdk", { cause: new Error("inner", { cause: coded(code) }) }))).toBe(true);
    expect(isNetworkFailure(new AggregateError([new Error("x"), coded(code)]))).toBe(true);
  });

  it("is told from a library's own failures", () => {
    expect(isNetworkFailure(new TypeError("Do not know how to serialize a BigInt"))).toBe(false);
    expect(isNetworkFailure(new TypeError("Cannot read properties of undefined (reading 'id')"))).toBe(false);
    expect(isNetworkFailure(coded("ERR_INVALID_ARG_TYPE"))).toBe(false);
    expect(isNetworkFailure("ECONNRESET")).toBe(false);
    const circular = new Error("x");
    circular.cause = circular;
    expect(isNetworkFailure(circular)).toBe(false);
  });
});
