/** The tables of the schema, in an order in which their rows can come back. */
import type { Client } from "pg";

export interface Table {
  name: string;
  /** Those that are stored, in their order. */
  columns: string[];
}

/**
 * Of every table that is backed up; what others refer to comes before them. Not the ledger of migrations, which migrating
 * writes, nor the numbers of transactions, which mean nothing on another server.
 */
export async function listTables(owner: Client): Promise<Table[]> {
  const { rows } = await owner.query<Table & { needs: string[] }>(
    `SELECT relname AS name,
       ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = t.oid AND attnum > 0 AND NOT attisdropped AND attgenerated = ''
         ORDER BY attnum) AS columns,
       ARRAY(SELECT other.relname::text FROM pg_constraint JOIN pg_class other ON other.oid = confrelid
         WHERE contype = 'f' AND conrelid = t.oid AND confrelid <> t.oid) AS needs
     FROM pg_class t
     WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') AND NOT relispartition
       AND relname NOT IN ('_prisma_migrations', 'consent_news')
     ORDER BY relname`,
  );
  const ordered = new Map<string, Table>();
  const add = (table: Table & { needs: string[] }) => {
    if (ordered.has(table.name)) return;
    for (const other of rows) if (table.needs.includes(other.name)) add(other);
    ordered.set(table.name, { name: table.name, columns: table.columns });
  };
  for (const table of rows) add(table);
  return [...ordered.values()];
}

/** `table (column, ...)`, quoted, as COPY takes it. */
export function copyTarget(client: Client, { name, columns }: Table): string {
  return `${client.escapeIdentifier(name)} (${columns.map((column) => client.escapeIdentifier(column)).join(", ")})`;
}
