/** Prisma's schema and the migrations are written apart; here they are held together. */
import { readFile } from "node:fs/promises";
import { Client } from "pg";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createTestDatabase, type TestDatabase } from "#tests/support/database.ts";

let test: TestDatabase;
let owner: Client;
let schema: string;
beforeAll(async () => {
  test = await createTestDatabase();
  owner = new Client({ connectionString: test.ownerUrl });
  await owner.connect();
  schema = await readFile(new URL("../../prisma/schema.prisma", import.meta.url), "utf8");
});
afterAll(async () => {
  await owner.end();
  await test.drop();
});

const SCALARS: Record<string, string> = {
  String: "text",
  Int: "int4",
  BigInt: "int8",
  Float: "float8",
  Boolean: "bool",
  Json: "jsonb",
  Bytes: "bytea",
  DateTime: "timestamp",
};

/** `table.column type null? default?` and `table key (columns)`, as `schema.prisma` says; `prisma generate` checks its grammar. */
function modelled(): string[] {
  return [...schema.matchAll(/^model \w+ \{\n(.*?)^\}/gms)].flatMap(([, body = ""]) => {
    const table = /@@map\("(\w+)"\)/.exec(body)?.[1] ?? "unmapped";
    const columnOf = (line: string) => /@map\("(\w+)"\)/.exec(line)?.[1] ?? /^\s*(\w+)/.exec(line)?.[1] ?? "";
    const lines = body.split("\n").filter((line) => /^\s*\w+\s+\w+/.test(line) && !line.includes("@relation"));
    const fields = lines.filter((line) => SCALARS[/^\s*\w+\s+(\w+)/.exec(line)?.[1] ?? ""] !== undefined);
    const columns = fields.map((line) => {
      const [, type = "", list, optional] = /^\s*\w+\s+(\w+)(\[\])?(\?)?/.exec(line) ?? [];
      const native = /@db\.(\w+)(?:\((\d+)\))?/.exec(line);
      const scalar = native === null ? SCALARS[type] : native[1]?.toLowerCase().replace("char", `bpchar(${native[2]})`);
      const nullable = optional === "?" || (list !== undefined && listMayBeNull(table, columnOf(line)));
      return `${table}.${columnOf(line)} ${list === undefined ? "" : "_"}${scalar}${nullable ? " null" : ""}${line.includes("@default") ? " default" : ""}`;
    });
    const compound = /@@id\(\[(.*?)\]\)/.exec(body)?.[1]?.split(", ");
    const key = compound?.map((name) => columnOf(fields.find((line) => line.trim().startsWith(`${name} `)) ?? name));
    return [...columns, `${table} key (${key?.join() ?? columnOf(fields.find((line) => line.includes("@id")) ?? "")})`];
  });
}

/** Prisma has no word for a list that may be null. */
function listMayBeNull(table: string, column: string): boolean {
  return ["source_record.person_record_ids", "delivery.grant_entry_ids"].includes(`${table}.${column}`);
}

async function migrated(): Promise<string[]> {
  // Prisma knows nothing of partitions: they are as the table they belong to.
  const whole =
    "NOT (SELECT relispartition FROM pg_class WHERE oid = format('%I.%I', table_schema, table_name)::regclass)";
  const { rows } = await owner.query<{ line: string }>(
    `SELECT table_name || '.' || column_name || ' ' || udt_name || coalesce('(' || character_maximum_length || ')', '')
       || CASE is_nullable WHEN 'YES' THEN ' null' ELSE '' END
       || CASE WHEN column_default IS NOT NULL OR is_identity = 'YES' THEN ' default' ELSE '' END AS line
     FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
     WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> '_prisma_migrations' AND ${whole}
     UNION ALL
     SELECT table_name || ' key (' || string_agg(column_name, ',' ORDER BY ordinal_position) || ')'
     FROM information_schema.table_constraints
       JOIN information_schema.key_column_usage USING (table_schema, table_name, constraint_name)
     WHERE table_schema = 'public' AND constraint_type = 'PRIMARY KEY' AND table_name <> '_prisma_migrations' AND ${whole}
     GROUP BY table_name`,
  );
  return rows.map((row) => row.line);
}

it("models every table, column, type, nullability, default and key that the migrations make", async () => {
  const wanted = await migrated();
  expect(wanted.length).toBeGreaterThan(100);
  expect(modelled().toSorted()).toEqual(wanted.toSorted());
});
