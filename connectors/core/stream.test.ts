import { describe, expect, it } from "vitest";
import { z } from "zod";
import type { RecordPage } from "./contract.ts";
import { gonePerson } from "./gone.ts";
import { canonicalRecord } from "./records.ts";
import { defineStream } from "./stream.ts";
import type { RawPage, StreamSpec } from "./stream.ts";

const row = z.object({ id: z.string(), email: z.string(), live: z.boolean().optional() });
type Row = z.infer<typeof row>;
type Spec = StreamSpec<null, Row, string>;
type Pages = Partial<RawPage<string>>[];

function streamOf(pages: Pages, more: Partial<Spec> = {}) {
  const spec: Spec = {
    title: "Things",
    kind: "person",
    deletes: "full-scan",
    cursor: z.string(),
    row,
    async *read() {
      for (const [n, page] of pages.entries()) yield { raw: [], next: `p${n}`, atEnd: n === pages.length - 1, ...page };
    },
    toRecords: ({ id, email }) => [{ ...gonePerson({ id, at: null }), deleted: false, emails: [email] }],
    ...more,
  };
  return defineStream(spec);
}

async function read(pages: Pages, more: Partial<Spec> = {}, cursor: unknown = null): Promise<RecordPage[]> {
  const read: RecordPage[] = [];
  for await (const page of streamOf(pages, more).read(null, cursor)) read.push(page);
  return read;
}

const good = (id: string) => ({ id, email: `${id}@acme.example` });

describe("a row", () => {
  it.each([
    ["null", null],
    ["a word", "jo@acme.example"],
    ["of another form", { id: "b", email: 7 }],
    ["empty", {}],
    ["a list", [1]],
    ["with an id that is none", { id: {}, email: "x" }],
    ["with an endless id", { id: "x".repeat(5_000), email: 3 }],
  ])("that is %s costs itself and nobody else", async (_, raw) => {
    const [page] = await read([{ raw: [good("a"), raw, good("c")] }]);
    expect(page?.records.map(({ id }) => id)).toEqual(["a", "c"]);
    expect(page?.rejects).toHaveLength(1);
    expect(page?.rawCount).toBe(3);
  });

  it("that is rejected says which and where, and no value", async () => {
    const [page] = await read([{ raw: [{ id: "b", email: { of: "jo@acme.example" } }] }]);
    expect(page?.rejects).toMatchObject([{ ref: "b", id: "b", reason: "Things, b: unknown form at email." }]);
  });

  it("that cannot be mapped is rejected with the reason", async () => {
    const toRecords = ({ id }: Row) => {
      if (id === "b") throw new Error("unknown status.");
      return [gonePerson({ id, at: null })];
    };
    const [page] = await read([{ raw: [good("a"), good("b"), good("c")] }], { toRecords });
    expect(page?.rejects).toMatchObject([{ id: "b", reason: "Things, b: unknown status." }]);
    expect(page?.records).toHaveLength(2);
  });

  it("that says only that its record is gone is a tombstone", async () => {
    const tombstone = (raw: unknown) => {
      const stub = z.object({ id: z.string(), deleted: z.literal(true) }).safeParse(raw);
      return stub.success ? { id: stub.data.id, at: null } : null;
    };
    const raw = [good("a"), { id: "b", deleted: true }];
    const [page] = await read([{ raw }], { tombstone });
    expect(page?.records).toMatchObject([
      { id: "a", deleted: false },
      { id: "b", deleted: true, emails: [] },
    ]);
    for (const record of page?.records ?? []) canonicalRecord.parse(record);
    const [orders] = await read([{ raw }], { tombstone, kind: "order" });
    expect(orders?.rejects).toMatchObject([{ id: "b" }]);
  });

  it("of the other mode is refused, and the reason says so", async () => {
    const mode = {
      expected: () => "live" as const,
      of: (raw: unknown) => (row.parse(raw).live === false ? ("test" as const) : null),
    };
    const [page] = await read([{ raw: [good("a"), { ...good("b"), live: false }] }], { mode });
    expect(page?.records.map(({ id }) => id)).toEqual(["a"]);
    expect(page?.rejects).toMatchObject([{ id: "b", reason: expect.stringContaining("a test record") }]);
    expect(
      await read([{ raw: [{ ...good("b"), live: false }] }], { mode: { ...mode, expected: () => null } }),
    ).toMatchObject([{ rejects: [] }]);
  });
});

describe("a walk", () => {
  it("that listed everything says so, rejected rows included", async () => {
    const pages = [{ raw: [good("a")] }, { raw: [{ id: "b" }], fullScan: true }];
    const [first, last] = await read(pages);
    expect([first?.fullScan, last?.fullScan, last?.rejects[0]?.id]).toEqual([false, true, "b"]);
  });

  it("with a row that has no name never claims to have seen everything", async () => {
    const [first, last] = await read([{ raw: [{ email: "x" }] }, { raw: [good("a")], fullScan: true }]);
    expect([first?.gap, last?.gap, last?.fullScan]).toEqual([true, undefined, false]);
  });

  it.each(["tombstones", "none"] as const)("of a stream with %s may not claim it", async (deletes) => {
    await expect(read([{ fullScan: true }], { deletes })).rejects.toMatchObject({ kind: "contract" });
  });

  it("may not claim it before its end", async () => {
    await expect(read([{ fullScan: true }, {}])).rejects.toMatchObject({ kind: "contract" });
  });

  it.each([
    ["stands still", [{ next: "a" }, { next: "a" }, {}], null],
    ["goes round", [{ next: "a" }, { next: "b" }, { next: "a" }, {}], null],
    ["never left where it began", [{ next: "start" }, {}], "start"],
  ])("that %s is an error", async (_, pages, cursor) => {
    await expect(read(pages, {}, cursor)).rejects.toMatchObject({
      kind: "contract",
      message: expect.stringContaining("Things"),
    });
  });

  it("that just stops is an error, not an end", async () => {
    await expect(read([{ atEnd: false }])).rejects.toMatchObject({ kind: "contract" });
  });

  it("starts over when it does not understand its saved position", async () => {
    await expect(read([{}], {}, { old: 1 })).rejects.toMatchObject({ kind: "cursor_expired" });
  });

  it("asks what the rows of the next page lack while it still waits for those of one, and keeps their order", async () => {
    const second = Promise.withResolvers<undefined>();
    const enrich: Spec["enrich"] = async (_, rows) => {
      if (rows[0]?.id === "b") second.resolve(undefined);
      return { extra: await second.promise };
    };
    const pages = await read([{ raw: [good("a")] }, { raw: [good("b")] }, { raw: [good("c")] }], { enrich });
    expect(pages.flatMap(({ records }) => records.map(({ id }) => id))).toEqual(["a", "b", "c"]);
  });

  it("brings what the rows lack, and remarks that leave no gap", async () => {
    const stream = defineStream<null, Row, string, Map<string, string>>({
      title: "Things",
      kind: "person",
      deletes: "full-scan",
      cursor: z.string(),
      row,
      async *read() {
        yield { raw: [good("a"), { id: "b" }], next: "x", atEnd: true, fullScan: true };
      },
      enrich: async (_, rows) => ({
        extra: new Map(rows.map(({ id }) => [id, `city of ${id}`])),
        rejects: [{ ref: "scope", reason: "A permission is missing.", raw: null }],
      }),
      toRecords: ({ id }, cities) => [{ ...gonePerson({ id, at: null }), city: cities.get(id) ?? null }],
    });
    const pages: RecordPage[] = [];
    for await (const page of stream.read(null, null)) pages.push(page);
    expect(pages).toMatchObject([
      { records: [{ city: "city of a" }], rejects: [{ id: "b" }, { ref: "scope" }], fullScan: true },
    ]);
  });
});
