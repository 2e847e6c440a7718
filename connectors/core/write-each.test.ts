import { describe, expect, it } from "vitest";
import { grant } from "./contract-suite/grant.ts";
import type { RecordWrite, WriteResult } from "./contract.ts";
import { ConnectorError } from "./errors.ts";
import type { ConnectorErrorKind } from "./errors.ts";
import { writeEach } from "./write-each.ts";

const writes = Array.from({ length: 8 }, (_, n): RecordWrite => ({
  ...{ id: `r${n}`, values: {}, idempotencyKey: `k${n}`, grant },
}));

/** @param failing what the vendor answers to some of them */
async function written(failing: Record<string, ConnectorErrorKind>, atOnce = 1) {
  const sent: string[] = [];
  const results = await writeEach(writes, atOnce, async ({ id }): Promise<Omit<WriteResult, "id">> => {
    sent.push(id);
    const kind = failing[id];
    if (kind === undefined) return { outcome: "written" };
    throw new ConnectorError(kind, `It was ${kind}.`);
  });
  expect(results.map(({ id }) => id)).toEqual(writes.map(({ id }) => id));
  return { sent: sent.length, outcomes: results.map(({ outcome }) => outcome) };
}

describe("writing one record a call", () => {
  it("makes a refusal of one record that record's own", async () => {
    const { sent, outcomes } = await written({ r2: "invalid_record", r4: "transient" }, 3);
    expect([sent, outcomes[2], outcomes[4]]).toEqual([8, "rejected", "retry"]);
    expect(outcomes.filter((outcome) => outcome === "written")).toHaveLength(6);
  });

  it.each(["rate_limited", "auth", "permission"] as const)(
    "sends no more once it is %s, and keeps what it has",
    async (kind) => {
      const { sent, outcomes } = await written({ r2: kind });
      expect(sent).toBe(3);
      expect(outcomes).toEqual(["written", "written", ...Array.from({ length: 6 }, () => "retry")]);
    },
  );

  it("takes three failures for an outage", async () => {
    const { sent } = await written({ r1: "transient", r3: "transient", r5: "transient" });
    expect(sent).toBe(6);
  });

  it("fails as a whole where nothing was written for a reason that is nobody's own", async () => {
    await expect(written({ r0: "auth" })).rejects.toMatchObject({ kind: "auth" });
  });
});
