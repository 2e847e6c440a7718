/**
 * What a backup file is: gzip of lines. A line of JSON says what is in it, then each table is a line of JSON followed by its
 * rows in the words of COPY, and a last line of JSON says that it is complete. Rows hold no line breaks of their own (COPY
 * writes them as `\n`), so that `\.` alone on a line ends a table.
 */
import { z } from "zod";

export const END_OF_ROWS = String.raw`\.` + "\n";

export const backupHead = z.object({
  tributaryBackup: z.literal(1),
  madeAt: z.iso.datetime(),
  database: z.string(),
  /** What the database had had; a restore begins with these and no more. */
  migrations: z.array(z.object({ name: z.string(), checksum: z.string() })).min(1),
});
export type BackupHead = z.infer<typeof backupHead>;

export const tableHead = z.object({ table: z.string(), columns: z.array(z.string()) });

export const backupEnd = z.object({
  complete: z.literal(true),
  /** By table. */
  rows: z.record(z.string(), z.number().int()),
  sequences: z.array(z.object({ name: z.string(), value: z.string(), called: z.boolean() })),
});
export type BackupEnd = z.infer<typeof backupEnd>;
