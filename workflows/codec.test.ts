import { randomBytes } from "node:crypto";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encryptionCodec } from "./codec.ts";

const [old, current] = [randomBytes(32), randomBytes(32)];
const before = { current: "old", keys: new Map([["old", old]]) };
const after = {
  current: "new",
  keys: new Map([
    ["old", old],
    ["new", current],
  ]),
};
const text = new TextEncoder();
const payload = (data: Uint8Array) => ({ metadata: { encoding: text.encode("json/plain") }, data });

describe("the encryption of payloads", () => {
  it("gives back what it was given, whatever that is", async () => {
    const codec = encryptionCodec(before);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), async (datas) => {
        const decoded = await codec.decode(await codec.encode(datas.map(payload)));
        expect(decoded.map(({ data }) => Buffer.from(data ?? []))).toEqual(datas.map((data) => Buffer.from(data)));
        expect(
          decoded.every(({ metadata }) => Buffer.from(metadata?.["encoding"] ?? []).toString() === "json/plain"),
        ).toBe(true);
      }),
    );
  });

  it("shows neither the content nor that two contents are equal", async () => {
    const codec = encryptionCodec(before);
    const [first, second] = await codec.encode([
      payload(text.encode("quillonette")),
      payload(text.encode("quillonette")),
    ]);
    expect(Buffer.from(first?.data ?? []).toString("latin1")).not.toContain("quillonette");
    expect(first?.data).not.toEqual(second?.data);
  });

  it("still reads what an older key encrypted", async () => {
    const encoded = await encryptionCodec(before).encode([payload(text.encode("1"))]);
    const [decoded] = await encryptionCodec(after).decode(encoded);
    expect(decoded?.data).toEqual(Buffer.from("1"));
  });

  it("refuses what was tampered with, and names a key that is missing", async () => {
    const [encoded] = await encryptionCodec(after).encode([payload(text.encode("1"))]);
    if (encoded?.data === undefined || encoded.data === null) throw new Error("There must be data.");
    const flipped = Buffer.from(encoded.data);
    flipped[20] = (flipped[20] ?? 0) ^ 1;
    await expect(encryptionCodec(after).decode([{ ...encoded, data: flipped }])).rejects.toThrow();
    await expect(encryptionCodec(before).decode([encoded])).rejects.toThrow(/"new"/);
  });

  it("refuses what was never encrypted, as a start by hand in Temporal's UI", async () => {
    const plain = payload(text.encode("{}"));
    await expect(encryptionCodec(before).decode([plain])).rejects.toThrow("not encrypted");
    await expect(encryptionCodec(before).decode([{ data: text.encode("{}") }])).rejects.toThrow("not encrypted");
  });

  it("accepts no shortened seal", async () => {
    const [encoded] = await encryptionCodec(before).encode([payload(text.encode("1"))]);
    if (encoded?.data === undefined || encoded.data === null) throw new Error("There must be data.");
    for (const length of [0, 11, 12, 16, 20, 27])
      await expect(
        encryptionCodec(before).decode([{ ...encoded, data: encoded.data.subarray(0, length) }]),
      ).rejects.toThrow();
  });
});
