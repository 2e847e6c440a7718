import { ApplicationFailure } from "@temporalio/common";
import { describe, expect, it } from "vitest";
import { ConnectorError, type ConnectorErrorKind } from "#connectors/core/errors.ts";
import { withTemporalErrors } from "./errors.ts";

async function failureOf(thrown: Error): Promise<unknown> {
  return withTemporalErrors(() => Promise.reject(thrown)).catch((failure: unknown) => failure);
}

describe("a vendor's refusal on its way to Temporal", () => {
  it.each<[ConnectorErrorKind, boolean]>([
    ["rate_limited", true],
    ["transient", true],
    ["auth", false],
    ["permission", false],
    ["cursor_expired", false],
    ["invalid_record", false],
    ["contract", false],
  ])("of kind %s: worth another try is %s", async (kind, retried) => {
    const failure = await failureOf(new ConnectorError(kind, "Words for the person who must act."));
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({
      type: kind,
      nonRetryable: !retried,
      message: "Words for the person who must act.",
    });
  });

  it("is tried again when the vendor said so, not earlier", async () => {
    const failure = await failureOf(new ConnectorError("rate_limited", "Slow down.", { retryAfterMs: 90_000 }));
    expect(failure).toMatchObject({ nextRetryDelay: 90_000 });
  });

  it("takes nothing along of what the vendor's library threw", async () => {
    const cause = new Error("Bearer pat-secret");
    const failure = await failureOf(new ConnectorError("auth", "Connect again.", { cause }));
    expect(failure).toMatchObject({ cause: undefined });
  });

  it("is told to who keeps the connection's state, before Temporal hears of it", async () => {
    const told: string[] = [];
    const work = () => Promise.reject(new ConnectorError("auth", "Connect again."));
    await withTemporalErrors(work, async ({ kind }) => {
      told.push(kind);
    }).catch(() => told.push("temporal"));
    expect(told).toEqual(["auth", "temporal"]);
  });
});

describe("any other error", () => {
  it("passes unchanged: Temporal tries again", async () => {
    const error = new Error("The database is restarting.");
    expect(await failureOf(error)).toBe(error);
  });
});
