/** CSV files as a source: people, orders and touchpoints from exports of tools that have no connector. */
import { access, constants } from "node:fs/promises";
import { z } from "zod";
import { defineConnector, type Stream } from "../core/contract.ts";
import { ConnectorError } from "../core/errors.ts";
import type { RecordKind } from "../core/records.ts";
import { defineStream } from "../core/stream.ts";
import type { CsvRow } from "./page.ts";
import { readFiles } from "./read.ts";
import { csvCursor, csvSettings, type CsvCursor, type CsvSettings, type FileKind } from "./settings.ts";

interface CsvClient {
  settings: CsvSettings;
}

function fileStream(title: string, kind: FileKind, record: RecordKind): Stream<CsvClient> {
  return defineStream<CsvClient, CsvRow, CsvCursor>({
    title,
    kind: record,
    cursor: csvCursor,
    // An export may cover one month: what it does not list is not gone.
    deletes: "none",
    read: ({ settings }, cursor) => readFiles(settings, kind, cursor),
    // Reading has already told the good rows from the bad, since several rows may make one record.
    row: z.custom<CsvRow>(),
    toRecords: (row) => row.records,
  });
}

/** A connection is a series of files of one source; importing a newer export keeps the connection and its ids. */
export const csv = defineConnector<CsvSettings, Record<string, never>, CsvClient>({
  id: "csv",
  title: "CSV files",
  settings: csvSettings,
  credentials: z.strictObject({}),
  auth: { kind: "none", instead: "`tributary import FILE` reads a file" },
  baseUrl: null,
  limits: {},
  connect: ({ settings }) => ({ settings }),
  classify: () => undefined,
  async check({ settings }) {
    const [first] = settings.files;
    for (const { file, name } of settings.files) {
      const readable = await access(file, constants.R_OK).then(
        () => true,
        () => false,
      );
      if (!readable) throw new ConnectorError("contract", `The file ${name} is missing or may not be read.`);
    }
    return { account: first?.name ?? "", title: settings.files.map(({ name }) => name).join(", ") };
  },
  // A file is read once: with forty sources a run must not walk through those that have nothing new.
  isIdle(stream, { files }, cursor) {
    const position = csvCursor.safeParse(cursor);
    const done = position.success && position.data.hash === null ? position.data.done : [];
    return files.every(({ kind, contentHash }) => kind !== stream || done.includes(contentHash));
  },
  streams: {
    people: fileStream("People", "people", "person"),
    orders: fileStream("Orders", "orders", "order"),
    touchpoints: fileStream("Touchpoints", "touchpoints", "touchpoint"),
  },
});
