/** Connects CSV files: a copy is kept, because a file that is read in pieces must not move meanwhile. */
import { randomUUID } from "node:crypto";
import { copyFile, mkdir, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { z } from "zod";
import { csvCursor, csvFile } from "#connectors/csv/settings.ts";
import type { CsvFile, FileKind, Tally } from "#connectors/csv/settings.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Connection, ConnectionStore } from "#profile/store/connections.ts";

const storedFiles = z.looseObject({ files: z.array(csvFile) });

/** Copies the file to where workers find it. @returns the file as the connection will name it */
export async function keepCopy(dataDir: string, file: CsvFile): Promise<CsvFile> {
  const folder = join(dataDir, "imports");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = join(folder, `${file.contentHash}${file.file.endsWith(".gz") ? ".csv.gz" : ".csv"}`);
  // Whole or not at all: a worker must never read half a copy.
  const part = `${kept}.${randomUUID()}.part`;
  await copyFile(file.file, part);
  await rename(part, kept);
  return { ...file, file: kept };
}

export interface Copies {
  files: number;
  bytes: number;
  /** Those that are not where the connection says. */
  missing: number;
}

/** The copies that a workspace's connections read, as this machine sees them; null: it has no folder of any of them. */
export async function copiesOf(connections: ConnectionStore, workspaceId: WorkspaceId): Promise<Copies | null> {
  const all = await connections.listConnections(workspaceId);
  const files = all
    .filter(({ connector, status }) => connector === "csv" && status !== "disconnected")
    .flatMap(({ settings }) => storedFiles.safeParse(settings).data?.files ?? []);
  const sizes = await Promise.all(
    files.map(({ file }) =>
      stat(file).then(
        ({ size }) => size,
        () => null,
      ),
    ),
  );
  const folders = await Promise.all(
    files.map(({ file }) =>
      stat(dirname(file)).then(
        () => true,
        () => false,
      ),
    ),
  );
  if (files.length > 0 && !folders.includes(true)) return null;
  return {
    files: files.length,
    bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0),
    missing: sizes.filter((size) => size === null).length,
  };
}

/** The files of the connection of that name, oldest first; none when there is no such connection. */
export async function connectedFiles(
  connections: ConnectionStore,
  workspaceId: WorkspaceId,
  name: string,
): Promise<CsvFile[]> {
  const existing = await findConnection(connections, workspaceId, name);
  return existing === undefined ? [] : storedFiles.parse(existing.settings).files;
}

/**
 * Adds files to the connection of that name, making it when missing. A file of the same content is there already: it is
 * read as the settings now say (`isReadAlike` tells whether they changed).
 */
export async function connectFiles(
  connections: ConnectionStore,
  workspaceId: WorkspaceId,
  input: { name: string; files: CsvFile[]; sharedIds?: boolean; actor: string },
): Promise<Connection> {
  return connections.changeSettings(
    workspaceId,
    { connector: "csv", name: input.name },
    (settings) => {
      const given = new Map(input.files.map((file) => [file.contentHash, file]));
      const kept = (settings === null ? [] : storedFiles.parse(settings).files).map((file) => {
        const same = given.get(file.contentHash);
        given.delete(file.contentHash);
        return same === undefined || isReadAlike(file, same) ? file : same;
      });
      return {
        ...settings,
        files: [...kept, ...given.values()],
        ...(input.sharedIds ? { sharedIds: true } : {}),
      };
    },
    input.actor,
  );
}

/** Columns and formats are the same; name, place and age of the file may differ. */
export function isReadAlike(one: CsvFile, other: CsvFile): boolean {
  const reading = ({ name: _name, file: _file, exportedAt: _exportedAt, ...rest }: CsvFile) => rest;
  return isDeepStrictEqual(reading(one), reading(other));
}

/** @param cursor of the stream for files of that kind. @returns null when the file was not read to its end */
export function tallyOf(cursor: unknown, { contentHash }: CsvFile): Tally | null {
  const parsed = csvCursor.safeParse(cursor);
  return parsed.success && parsed.data.done.includes(contentHash) ? (parsed.data.tallies[contentHash] ?? null) : null;
}

/** @param cursor of the stream for files of that kind */
export function wasReadToItsEnd(cursor: unknown, { contentHash }: CsvFile): boolean {
  const parsed = csvCursor.safeParse(cursor);
  return parsed.success && parsed.data.done.includes(contentHash);
}

/** The newest file of that kind, by which a newer export of the same source is read. */
export const lastOfKind = (files: CsvFile[], kind: FileKind): CsvFile | undefined =>
  files.findLast((file) => file.kind === kind);

async function findConnection(
  connections: ConnectionStore,
  workspaceId: WorkspaceId,
  name: string,
): Promise<Connection | undefined> {
  const all = await connections.listConnections(workspaceId);
  return all.find((connection) => connection.connector === "csv" && connection.name === name);
}
