/** For the tests of this folder: files on disk, and everything a connection reads from them. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { OpenConnection, RecordPage } from "../core/contract.ts";
import { canonicalRecord } from "../core/records.ts";
import { csvFileOf, guessFile, type GuessOptions } from "./guess.ts";
import { csv } from "./index.ts";
import { applyOverrides } from "./overrides.ts";
import { csvCursor, type CsvFile, type FileKind, type Tally } from "./settings.ts";

export const LONDON: GuessOptions = { currency: "GBP", country: "GB", timeZone: "Europe/London" };

export async function withFolder<Result>(use: (folder: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), "tributary-csv-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes, guesses and overrides: the file as a connection would hold it. */
export async function fileOf(
  path: string,
  content: string | Buffer,
  options: Partial<GuessOptions> & { overrides?: string[] } = {},
): Promise<CsvFile> {
  await writeFile(path, content);
  const { overrides = [], ...guessing } = options;
  return csvFileOf(path, applyOverrides(await guessFile(path, { ...LONDON, ...guessing }), overrides));
}

/** Every page from the cursor to the end; each record is checked against its schema. */
export async function readAll(
  files: CsvFile[],
  stream: FileKind,
  cursor: unknown = null,
  settings: { sharedIds?: boolean } = {},
): Promise<RecordPage[]> {
  const pages: RecordPage[] = [];
  for await (const page of open({ files, ...settings }).read(stream, cursor)) {
    for (const record of page.records) canonicalRecord.parse(record);
    pages.push(page);
  }
  return pages;
}

/** The same, one page per pass, each pass from the stored position, as a worker with little time reads. */
export async function readByPage(files: CsvFile[], stream: FileKind): Promise<RecordPage[]> {
  const pages: RecordPage[] = [];
  for (let cursor: unknown = null; ;) {
    const page = await firstPage(files, stream, cursor);
    pages.push(page);
    if (page.atEnd) return pages;
    cursor = JSON.parse(JSON.stringify(page.next));
  }
}

async function firstPage(files: CsvFile[], stream: FileKind, cursor: unknown): Promise<RecordPage> {
  for await (const page of open({ files }).read(stream, cursor)) return page;
  throw new Error("A stream yields at least one page.");
}

function open(settings: unknown): OpenConnection {
  const environment = { settings, credentials: {}, baseUrl: "", now: () => 0 };
  return csv.open({ ...environment, call: (_bucket, _operation, send) => send(new AbortController().signal) });
}

/** What became of the file's rows, as the position after the last page has it. */
export function tallyAfter(pages: readonly RecordPage[], { contentHash }: CsvFile): Tally {
  const tally = csvCursor.parse(pages.at(-1)?.next).tallies[contentHash];
  if (tally === undefined) throw new Error("A file that was read has a tally.");
  return tally;
}

export function recordsOf(pages: RecordPage[]): RecordPage["records"] {
  return pages.flatMap((page) => page.records);
}

export function rejectsOf(pages: RecordPage[]): RecordPage["rejects"] {
  return pages.flatMap((page) => page.rejects);
}
