/** Connects CSV files: a copy is kept, because a file that is read in pieces must not move meanwhile. */
import { copyFile, mkdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { CsvFile } from "#connectors/csv/settings.ts";
import type { WorkspaceId } from "#profile/ids.ts";
import type { Connection, ConnectionStore } from "#profile/store/connections.ts";

const storedFiles = z.looseObject({ files: z.array(z.looseObject({ contentHash: z.string() })) });

/** Copies the file to where workers find it. @returns the file as the connection will name it */
export async function keepCopy(dataDir: string, file: CsvFile): Promise<CsvFile> {
  const folder = join(dataDir, "imports");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const kept = join(folder, `${file.contentHash}${file.file.endsWith(".gz") ? ".csv.gz" : ".csv"}`);
  await copyFile(file.file, kept);
  return { ...file, file: kept };
}

/** Adds files to the connection of that name, making it when missing. A file of the same content is there already. */
export async function connectFiles(
  connections: ConnectionStore,
  workspaceId: WorkspaceId,
  input: { name: string; files: CsvFile[]; sharedIds?: boolean; actor: string },
): Promise<Connection> {
  const existing = (await connections.listConnections(workspaceId)).find(
    ({ connector, name }) => connector === "csv" && name === input.name,
  );
  const known = existing === undefined ? [] : storedFiles.parse(existing.settings).files;
  const added = input.files.filter((file) => !known.some(({ contentHash }) => contentHash === file.contentHash));
  const settings = {
    ...existing?.settings,
    files: [...known, ...added],
    ...(input.sharedIds ? { sharedIds: true } : {}),
  };
  return connections.upsertConnection(workspaceId, { connector: "csv", name: input.name, settings }, input.actor);
}
